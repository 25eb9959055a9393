"""A disk that is full and paths that can't be written to: one clear line, and what was there stays of use."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from oracle import Rules, comparable, expected
from pyf.aggregator.sample.ecosystem import Ecosystem
from pyf.aggregator.sample.services import LocalPyPI
from shell import Ended, Shell
from slow.contents import opened
from slow.tiny import CLASSIFIER, tiny_ecosystem, tiny_user
from worlds import Clock, Json, served

KIBIBYTE = 1024
DIARY = "Dear diary, today it rained.\n" * 100


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    mount(place, "size=1m")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def mount(place: Path, options: str) -> None:
    """Mount a file system in memory, or change the one that is there; skips the test where that is not allowed."""
    if sys.platform != "linux":
        pytest.skip("needs Linux's tmpfs")
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)]
    mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.strip()}")


def fill(place: Path) -> Path:
    """Take what is left of a disk, to the last byte, and return the file that takes it."""
    filler = place / "filler"
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
    """A registry of what does not fit on the disk."""
    ecosystem = tiny_ecosystem(Clock())
    for number in range(60):
        info = {"classifiers": [CLASSIFIER], "description": f"{number} " + "word " * 8 * KIBIBYTE}
        ecosystem.publish(f"tiny.long{number:02}", "1.0", info=info)
    with LocalPyPI(ecosystem) as pypi:
        yield pypi


@pytest.fixture
def path(small_disk: Path) -> Path:
    return small_disk / "index.sqlite3"


@pytest.fixture
def shell(path: Path, pypi: LocalPyPI, tmp_path: Path) -> Shell:
    """A user whose index is on the small disk."""
    return tiny_user(tmp_path / "home", pypi, sqlite_path=path, pypi_batch_size=5)


def said(ended: Ended, code: int = 4) -> str:
    """Return the one line that a command had to say beside the index that it works on."""
    (line,) = (line for line in ended.err.splitlines() if not line.startswith("Index: "))
    assert (ended.code, line) == (code, f"Error: {ended.error}")
    return ended.error


def held(path: Path) -> dict[str, Json]:
    with opened(path) as (index, _):
        return {each["id"]: comparable(each) for each in (d.as_mapping() for d in index.export("tiny"))}


def due(ecosystem: Ecosystem) -> dict[str, Json]:
    return expected(served(ecosystem), Rules([CLASSIFIER]))


def test_a_disk_that_fills_up_ends_a_run_and_the_next_one_completes_it(
    shell: Shell, pypi: LocalPyPI, path: Path, small_disk: Path
) -> None:
    ended = shell.run("-f")

    assert said(ended) == f"{path} can't be written: the disk is full"
    some = next(iter(held(path).values()))
    assert shell.call("--show", some["name"]).code == 0
    mount(small_disk, "remount,size=64m")
    assert shell.call("-f").code == 0
    assert held(path) == due(pypi.ecosystem)


@pytest.mark.slow
def test_a_disk_that_is_full_from_the_start_is_one_line(
    shell: Shell, pypi: LocalPyPI, path: Path, small_disk: Path
) -> None:
    fill(small_disk)

    ended = shell.run("-f")

    assert said(ended) == f"{path} can't be written: the disk is full"
    assert pypi.requests.total == 0
    mount(small_disk, "remount,size=64m")
    assert shell.call("-f").code == 0
    assert held(path) == due(pypi.ecosystem)


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [("-f",), ("-i",), ("--refresh-from-pypi",), ("-f", "--recreate-collection")])
def test_a_disk_that_is_full_later_costs_nothing_that_was_there(
    arguments: tuple[str, ...], shell: Shell, pypi: LocalPyPI, path: Path, small_disk: Path
) -> None:
    """Full to the last byte: not even a look-up works then, because SQLite needs a file of its own for that."""
    mount(small_disk, "remount,size=64m")
    assert shell.call("-f").code == 0
    before = held(path)
    pypi.ecosystem.publish("tiny.one", "2.0")
    filler = fill(small_disk)

    endings = [shell.run(*arguments), shell.run("--show", "tiny.one")]

    assert all(said(ended).startswith(f"{path} can't be ") and "full" in said(ended) for ended in endings)
    filler.unlink()
    assert held(path) == before
    assert shell.call(*arguments).code == 0
    assert held(path) == due(pypi.ecosystem)


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [("-f",), ("-i",), ("--show", "tiny.one")])
def test_a_file_system_that_is_read_only_is_one_line(
    arguments: tuple[str, ...], shell: Shell, path: Path, small_disk: Path
) -> None:
    mount(small_disk, "remount,size=64m")
    assert shell.call("-f").code == 0
    mount(small_disk, "remount,ro")

    ended = shell.run(*arguments)

    assert said(ended).startswith(f"{path} can't be opened: ")


@pytest.mark.parametrize(
    ("place", "code"),
    [("a-folder", 4), ("diary.txt", 2), ("diary.txt/index.sqlite3", 4), ("/proc/no/index.sqlite3", 4)],
)
@pytest.mark.parametrize("arguments", [("-f",), ("--show", "tiny.one")])
def test_a_path_that_can_be_no_index_is_one_line_and_stays_as_it_is(
    arguments: tuple[str, ...], place: str, code: int, pypi: LocalPyPI, tmp_path: Path
) -> None:
    (tmp_path / "a-folder").mkdir()
    (tmp_path / "diary.txt").write_text(DIARY)
    shell = tiny_user(tmp_path / "home", pypi, sqlite_path=tmp_path / place)

    ended = shell.call(*arguments)

    assert said(ended, code).startswith(f"{tmp_path / place} ")
    assert (tmp_path / "diary.txt").read_text() == DIARY
    assert list((tmp_path / "a-folder").iterdir()) == []
    assert pypi.requests.total == 0
