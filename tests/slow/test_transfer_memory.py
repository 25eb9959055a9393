"""Export and import of 100,000 documents need no more memory than of 10,000."""

import filecmp
import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.processes import on_linux
from support.typesense_fake import ADMIN_KEY, LocalTypesense

# Additional memory allowed for the large run, in MB.
MORE = 25

pytestmark = [pytest.mark.slow, on_linux]


def measure_memory(folder: Path, *arguments: str, **settings: str) -> int:
    """Run `measure_updater` and return the last number it prints, 0 for none."""
    tests = Path(__file__).parents[1]
    result = subprocess.run(
        [sys.executable, "-m", "support.slow.measure_updater", *arguments],
        cwd=folder,
        env={**os.environ, "SQLITE_PATH": str(folder / "index.sqlite3"), "PYTHONPATH": str(tests), **settings},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return int(result.stdout.split()[-1]) if result.stdout else 0


def measure_sqlite_transfer(folder: Path, documents: int) -> dict[str, int]:
    """Export, import, rebuild and copy a collection; return the peak memory of each step, in MB."""
    folder.mkdir()
    measure_memory(folder, "--fill", str(documents))
    peaks = {
        "export": measure_memory(folder, "--export", "first.jsonl.gz", "-t", "many"),
        "import": measure_memory(folder, "--import", "first.jsonl.gz", "-t", "other"),
        "recreate": measure_memory(folder, "--recreate-collection", "-t", "other"),
        "migrate": measure_memory(folder, "--migrate", "-s", "other", "-t", "third"),
    }
    measure_memory(folder, "--export", "second.jsonl.gz", "-t", "third")
    assert filecmp.cmp(folder / "first.jsonl.gz", folder / "second.jsonl.gz", shallow=False)
    return peaks


def test_transfer_memory_is_constant(tmp_path: Path) -> None:
    few, many = measure_sqlite_transfer(tmp_path / "few", 10_000), measure_sqlite_transfer(tmp_path / "many", 100_000)

    print(few, many)
    assert all(many[step] < few[step] + MORE for step in few), (few, many)


def measure_typesense_transfer(folder: Path, documents: int) -> dict[str, int]:
    """Import a file to a server and export it; return the peak memory of each step, in MB."""
    folder.mkdir()
    measure_memory(folder, "--fill", str(documents))
    measure_memory(folder, "--export", "first.jsonl.gz", "-t", "many")
    with LocalTypesense() as server:
        values = {"INDEX_BACKEND": "typesense", "TYPESENSE_NODES": server.url, "TYPESENSE_API_KEY": ADMIN_KEY}
        peaks = {
            "import": measure_memory(folder, "--import", "first.jsonl.gz", "-t", "many", **values),
            "export": measure_memory(folder, "--export", "second.jsonl.gz", "-t", "many", **values),
        }
    measure_memory(folder, "--import", "second.jsonl.gz", "-t", "back")
    measure_memory(folder, "--export", "third.jsonl.gz", "-t", "back")
    for name in ("second", "third"):
        assert filecmp.cmp(folder / "first.jsonl.gz", folder / f"{name}.jsonl.gz", shallow=False)
    return peaks


def test_typesense_transfer_memory_is_constant(tmp_path: Path) -> None:
    few, many = (
        measure_typesense_transfer(tmp_path / "few", 10_000),
        measure_typesense_transfer(tmp_path / "many", 100_000),
    )

    print(few, many)
    assert all(many[step] < few[step] + MORE for step in few), (few, many)
