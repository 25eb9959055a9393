"""A disk that is full and files that can't be written: one clear line, and what was there stays of use."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from oracle import comparable, expected
from slow.commands import Ended, Installation
from slow.napari import opened
from slow.tiny import CLASSIFIER, installed, tiny_ecosystem
from worlds import Clock, Json, served

from pyf.aggregator.sample.ecosystem import Ecosystem
from pyf.aggregator.sample.services import LocalPyPI

import pytest

KIBIBYTE = 1024


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
def installation(small_disk: Path, pypi: LocalPyPI, tmp_path: Path) -> Installation:
    """An installation with its index on the small disk."""
    return installed(tmp_path / "home", pypi, sqlite_path=small_disk / "index.sqlite3", pypi_batch_size=5)


def the_line(ended: Ended, about: Path, code: int = 4) -> str:
    """Return the one line that a command has said on stderr; it names the file."""
    assert (ended.code, len(ended.errors)) == (code, 1), ended
    assert ended.errors[0].startswith(f"Error: {about} ") or f" {about}: " in ended.errors[0], ended
    return ended.errors[0]


def held(installation: Installation) -> dict[str, Json]:
    with opened(installation) as (index, _):
        return {each["id"]: comparable(each) for each in (d.as_mapping() for d in index.export("tiny"))}


def due(ecosystem: Ecosystem) -> dict[str, Json]:
    return expected(served(ecosystem), [CLASSIFIER])


def test_a_disk_that_fills_up_ends_a_run_and_the_next_one_completes_it(
    installation: Installation, pypi: LocalPyPI, small_disk: Path
) -> None:
    ended = installation.run("-f")

    assert the_line(ended, installation.sqlite_path).endswith("can't be written: the disk is full")
    some = next(iter(held(installation).values()))
    assert installation.run("--show", some["name"]).code == 0

    mount(small_disk, "remount,size=64m")
    assert installation.run("-f").code == 0
    assert held(installation) == due(pypi.ecosystem)


def test_a_disk_that_is_full_from_the_start_is_one_line_and_no_index(
    installation: Installation, pypi: LocalPyPI, small_disk: Path
) -> None:
    filler = fill(small_disk)

    ended = installation.run("-f")

    assert the_line(ended, installation.sqlite_path).endswith("can't be written: the disk is full")
    filler.unlink()
    mount(small_disk, "remount,size=64m")
    assert installation.run("-f").code == 0
    assert held(installation) == due(pypi.ecosystem)


@pytest.mark.parametrize("arguments", [("-i",), ("--refresh-from-pypi",), ("-f", "--recreate-collection")])
def test_a_disk_that_is_full_later_costs_nothing_that_was_there(
    arguments: tuple[str, ...], installation: Installation, pypi: LocalPyPI, small_disk: Path
) -> None:
    mount(small_disk, "remount,size=64m")
    assert installation.run("-f").code == 0
    before = held(installation)
    pypi.ecosystem.publish("tiny.one", "2.0")
    filler = fill(small_disk)

    ended = installation.run(*arguments)

    the_line(ended, installation.sqlite_path)
    print(installation.run("--show", "tiny.one"))
    filler.unlink()
    assert held(installation) == before
    assert installation.run(*arguments).code == 0
    assert held(installation) == due(pypi.ecosystem)


def test_a_since_file_on_a_full_disk_is_one_line_and_the_index_is_whole(
    pypi: LocalPyPI, small_disk: Path, tmp_path: Path
) -> None:
    installation, since = installed(tmp_path / "home", pypi), small_disk / "since"
    filler = fill(small_disk)

    ended = installation.run("-f", "-s", str(since))

    assert "No space left" in the_line(ended, since)
    assert list(small_disk.iterdir()) == [filler]
    assert held(installation) == due(pypi.ecosystem)
    filler.unlink()
    assert installation.run("-i", "-s", str(since)).code == 0
    assert since.exists()


def test_an_index_on_a_file_system_that_is_read_only(installation: Installation, small_disk: Path) -> None:
    mount(small_disk, "remount,size=64m")
    assert installation.run("-f").code == 0
    mount(small_disk, "remount,ro")

    for arguments in (("-f",), ("--show", "tiny.one")):
        print(installation.run(*arguments))
    ls(small_disk)


@pytest.mark.parametrize(("path", "code"), [("a-folder", 4), ("text.txt", 2), ("text.txt/index.sqlite3", 4), ("/proc/x/index.sqlite3", 4)])
@pytest.mark.parametrize("arguments", [("-f",), ("--show", "tiny.one")])
def test_a_path_that_can_be_no_index(path: str, code: int, arguments, pypi: LocalPyPI, tmp_path: Path) -> None:
    (tmp_path / "a-folder").mkdir()
    (tmp_path / "text.txt").write_text("Dear diary\n" * 1000)
    installation = installed(tmp_path / "home", pypi, sqlite_path=tmp_path / path)

    ended = installation.run(*arguments)

    print(the_line(ended, tmp_path / path, code))
    assert (tmp_path / "text.txt").read_text() == "Dear diary\n" * 1000


@pytest.mark.parametrize(("path", "code"), [("a-folder", 2), ("not/there", 4), ("text.txt", 2), ("text.txt/since", 2)])
def test_a_path_that_can_be_no_since_file(path: str, code: int, pypi: LocalPyPI, tmp_path: Path) -> None:
    (tmp_path / "a-folder").mkdir()
    (tmp_path / "text.txt").write_text("Dear diary\n" * 1000)
    installation = installed(tmp_path / "home", pypi)

    ended = installation.run("-f", "-s", str(tmp_path / path))

    print(the_line(ended, tmp_path / path, code))
