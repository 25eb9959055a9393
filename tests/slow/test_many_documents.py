"""A collection of 100,000 documents goes through a file into another one, in as little memory as one of 10,000."""

import filecmp
import os
import subprocess
import sys
from pathlib import Path

import pytest

from processes import on_linux
from typesense_double import ADMIN_KEY, LocalTypesense

# What a run may take on top of what the small one takes, in MB.
MORE = 25

pytestmark = [pytest.mark.slow, on_linux]


def measured(folder: Path, *arguments: str, **settings: str) -> int:
    """Run `measured.py`, and return what it printed last, 0 for nothing."""
    tests = Path(__file__).parents[1]
    ended = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("measured.py")), *arguments],
        cwd=folder,
        env={**os.environ, "SQLITE_PATH": str(folder / "index.sqlite3"), "PYTHONPATH": str(tests), **settings},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return int(ended.stdout.split()[-1]) if ended.stdout else 0


def there_and_back(folder: Path, documents: int) -> dict[str, int]:
    """Move a collection through files; return the most memory that each step took, in MB."""
    folder.mkdir()
    measured(folder, "--fill", str(documents))
    peaks = {
        "export": measured(folder, "--export", "first.jsonl.gz", "-t", "many"),
        "import": measured(folder, "--import", "first.jsonl.gz", "-t", "other"),
        "recreate": measured(folder, "--recreate-collection", "-t", "other"),
        "migrate": measured(folder, "--migrate", "-s", "other", "-t", "third"),
    }
    measured(folder, "--export", "second.jsonl.gz", "-t", "third")
    assert filecmp.cmp(folder / "first.jsonl.gz", folder / "second.jsonl.gz", shallow=False)
    return peaks


def test_memory_does_not_grow_with_the_number_of_documents(tmp_path: Path) -> None:
    few, many = there_and_back(tmp_path / "few", 10_000), there_and_back(tmp_path / "many", 100_000)

    print(few, many)
    assert all(many[step] < few[step] + MORE for step in few), (few, many)


def to_a_server_and_back(folder: Path, documents: int) -> dict[str, int]:
    """Move a collection from a file to a server and back; return the most memory that each way took, in MB."""
    folder.mkdir()
    measured(folder, "--fill", str(documents))
    measured(folder, "--export", "first.jsonl.gz", "-t", "many")
    with LocalTypesense() as server:
        given = {"INDEX_BACKEND": "typesense", "TYPESENSE_NODES": server.url, "TYPESENSE_API_KEY": ADMIN_KEY}
        peaks = {
            "import": measured(folder, "--import", "first.jsonl.gz", "-t", "many", **given),
            "export": measured(folder, "--export", "second.jsonl.gz", "-t", "many", **given),
        }
    measured(folder, "--import", "second.jsonl.gz", "-t", "back")
    measured(folder, "--export", "third.jsonl.gz", "-t", "back")
    for name in ("second", "third"):
        assert filecmp.cmp(folder / "first.jsonl.gz", folder / f"{name}.jsonl.gz", shallow=False)
    return peaks


def test_nor_does_it_on_the_way_to_a_server_and_back(tmp_path: Path) -> None:
    few, many = to_a_server_and_back(tmp_path / "few", 10_000), to_a_server_and_back(tmp_path / "many", 100_000)

    print(few, many)
    assert all(many[step] < few[step] + MORE for step in few), (few, many)
