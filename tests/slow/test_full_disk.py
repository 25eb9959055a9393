"""Full disks and unwritable paths: one clear error line, and stored data stays usable."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pyf.aggregator.sandbox.fake_registry import FakeRegistry
from pyf.aggregator.sandbox.pypi import LocalPyPI
from support.cli_runner import CommandRunner, CompletedCommand
from support.expected_index import MembershipRules, build_expected, to_comparable
from support.registry_world import Clock, Json, iter_served
from support.slow.index_contents import open_index
from support.slow.tiny_registry import CLASSIFIER, build_tiny_registry, create_tiny_user

KIBIBYTE = 1024
DIARY = "Dear diary, today it rained.\n" * 100


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system that has room for some batches of documents, but not for all."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount(folder, "size=2m")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def mount(folder: Path, options: str) -> None:
    """Mount or remount a file system in memory; skip the test without permission."""
    if sys.platform != "linux":
        pytest.skip("needs Linux's tmpfs")
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"cannot mount a file system: {mounted.stderr.strip()}")


def fill_disk(folder: Path) -> Path:
    """Fill a disk to the last byte and return the file that fills it."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (64 * KIBIBYTE, KIBIBYTE, 1):
            try:
                while file.write(b"x" * size) == size:
                    pass
            except OSError:
                continue
    return filler


@pytest.fixture
def pypi() -> Iterator[LocalPyPI]:
    """A registry whose documents do not fit on the disk."""
    fake_registry = build_tiny_registry(Clock())
    for number in range(60):
        info = {"classifiers": [CLASSIFIER], "description": f"{number} " + "word " * 8 * KIBIBYTE}
        fake_registry.publish(f"tiny.long{number:02}", "1.0", info=info)
    with LocalPyPI(fake_registry) as pypi:
        yield pypi


@pytest.fixture
def path(small_disk: Path) -> Path:
    return small_disk / "index.sqlite3"


@pytest.fixture
def shell(path: Path, pypi: LocalPyPI, tmp_path: Path) -> CommandRunner:
    """A command line user whose index is on the small disk."""
    return create_tiny_user(tmp_path / "home", pypi, sqlite_path=path, pypi_batch_size=5)


def get_error(result: CompletedCommand, code: int = 4) -> str:
    """Return the error, the only line besides those that name the index and the end of the run."""
    expected = re.compile(r"Index: |(fetch|update|refresh|rebuild) tiny ended at ")
    lines = [line for line in result.err.splitlines() if not expected.match(line)]
    assert (result.code, lines) == (code, [f"Error: {result.error}"])
    return result.error


def read_stored(path: Path) -> dict[str, Json]:
    with open_index(path) as (index, _):
        return {document["id"]: to_comparable(document) for document in (d.to_dict() for d in index.export("tiny"))}


def build_expected_documents(fake_registry: FakeRegistry) -> dict[str, Json]:
    return build_expected(iter_served(fake_registry), MembershipRules([CLASSIFIER]))


def test_disk_fills_during_run_and_next_run_completes(
    shell: CommandRunner, pypi: LocalPyPI, path: Path, small_disk: Path
) -> None:
    result = shell.run("-f")

    assert get_error(result) == f"{path} can't be written: the disk is full"
    sample_document = next(iter(read_stored(path).values()))
    assert shell.invoke("--show", sample_document["name"]).code == 0
    mount(small_disk, "remount,size=64m")
    assert shell.invoke("-f").code == 0
    assert read_stored(path) == build_expected_documents(pypi.registry)


@pytest.mark.slow
def test_full_disk_at_start_is_one_line_error(
    shell: CommandRunner, pypi: LocalPyPI, path: Path, small_disk: Path
) -> None:
    fill_disk(small_disk)

    result = shell.run("-f")

    assert get_error(result) == f"{path} can't be written: the disk is full"
    assert pypi.requests.total == 0
    mount(small_disk, "remount,size=64m")
    assert shell.invoke("-f").code == 0
    assert read_stored(path) == build_expected_documents(pypi.registry)


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [("-f",), ("-i",), ("--refresh-from-pypi",), ("-f", "--recreate-collection")])
def test_full_disk_keeps_stored_data(
    arguments: tuple[str, ...], shell: CommandRunner, pypi: LocalPyPI, path: Path, small_disk: Path
) -> None:
    """On a completely full disk even reads fail, because SQLite needs a file for them."""
    mount(small_disk, "remount,size=64m")
    assert shell.invoke("-f").code == 0
    before = read_stored(path)
    pypi.registry.publish("tiny.one", "2.0")
    filler = fill_disk(small_disk)

    endings = [shell.run(*arguments), shell.run("--show", "tiny.one")]

    assert all(get_error(result).startswith(f"{path} can't be ") and "full" in get_error(result) for result in endings)
    filler.unlink()
    assert read_stored(path) == before
    assert shell.invoke(*arguments).code == 0
    assert read_stored(path) == build_expected_documents(pypi.registry)


@pytest.mark.slow
def test_read_only_file_system_is_one_line_error_for_runs_and_can_be_read(
    shell: CommandRunner, path: Path, small_disk: Path
) -> None:
    mount(small_disk, "remount,size=64m")
    assert shell.invoke("-f").code == 0
    mount(small_disk, "remount,ro")

    fetch, update, show = shell.run("-f"), shell.run("-i"), shell.run("--show", "tiny.one")

    assert get_error(fetch).startswith(f"{path} can't be opened: ")
    assert get_error(update).startswith(f"can't write {path.with_name('.pyaggregator.since')}: ")
    assert (show.code, show.report["name"]) == (0, "tiny.one")


@pytest.mark.parametrize(
    ("arguments", "path_kind", "code", "message"),
    [
        (("-f",), "a-folder", 4, "{} "),
        (("-f",), "diary.txt", 2, "{} "),
        (("-f",), "diary.txt/index.sqlite3", 4, "{} "),
        (("-f",), "/proc/no/index.sqlite3", 4, "{} "),
        (("--show", "tiny.one"), "a-folder", 4, "{} "),
        (("--show", "tiny.one"), "diary.txt", 2, "{} "),
        (("--show", "tiny.one"), "diary.txt/index.sqlite3", 2, "there is no index at {}. "),
        (("--show", "tiny.one"), "/proc/no/index.sqlite3", 2, "there is no index at {}. "),
    ],
)
def test_invalid_index_path_is_unchanged(
    arguments: tuple[str, ...], path_kind: str, code: int, message: str, pypi: LocalPyPI, tmp_path: Path
) -> None:
    (tmp_path / "a-folder").mkdir()
    (tmp_path / "diary.txt").write_text(DIARY)
    shell = create_tiny_user(tmp_path / "home", pypi, sqlite_path=tmp_path / path_kind)

    result = shell.invoke(*arguments)

    assert get_error(result, code).startswith(message.format(tmp_path / path_kind))
    assert (tmp_path / "diary.txt").read_text() == DIARY
    assert list((tmp_path / "a-folder").iterdir()) == []
    assert pypi.requests.total == 0
