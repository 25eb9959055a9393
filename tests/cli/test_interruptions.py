"""What becomes of a run when its user, its terminal, its reader or its disk goes away in the middle of it."""

import os
import pty
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from subprocess import PIPE, run

import msgspec
import pytest

from pyf.aggregator.sample.faults import Fault
from pyf.aggregator.sample.services import LocalPyPI
from shell import Shell, rendering_processes, wait_until

FULL = Path("/dev/full")


@pytest.fixture
def filled(shell: Shell) -> Shell:
    """A user whose collection of Plone is up to date."""
    shell.call("-f", "-p", "plone")
    return shell


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of one megabyte."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], stderr=PIPE, text=True)
    if mounted.returncode:
        pytest.skip(f"a small disk can't be made here: {mounted.stderr.strip()}")
    yield folder
    run(["umount", folder], check=True)


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes where only Linux shows them")
def test_ctrl_c_ends_a_fetch_and_its_workers_and_the_next_run_goes_on(shell: Shell, pypi: LocalPyPI) -> None:
    pypi.faults.add(Fault("timeout", request="project", project="django-blog"))

    with shell.start("-f", "-p", "django", "--json") as fetch:
        wait_until(lambda: rendering_processes(fetch.pid) and pypi.faults.struck["timeout"])
        workers = rendering_processes(fetch.pid)
        fetch.send_signal(signal.SIGINT)
        out, err = fetch.communicate(timeout=30)

    assert (fetch.returncode, out) == (130, "")
    assert err.splitlines()[-1] == "Interrupted. What was written stays; run the command again to go on."
    assert "Traceback" not in err
    assert not [worker for worker in workers if Path(f"/proc/{worker}").exists()]

    pypi.faults.clear()
    assert shell.state("django").cursor is None
    assert shell.call("-f", "-p", "django").code == 0
    assert shell.names("django") == ["django-blog", "django-shop"]


def test_ctrl_c_in_an_incremental_run_keeps_the_cursor_so_that_nothing_is_missed(
    filled: Shell, pypi: LocalPyPI
) -> None:
    before = filled.state("plone").cursor
    pypi.ecosystem.publish("plone.api", "2.1")
    pypi.faults.add(Fault("timeout", request="project"))

    with filled.start("-i", "-p", "plone") as changes:
        wait_until(lambda: pypi.faults.struck["timeout"])
        changes.send_signal(signal.SIGINT)
        changes.communicate(timeout=30)

    assert (changes.returncode, filled.state("plone").cursor) == (130, before)
    pypi.faults.clear()
    assert filled.call("-i", "-p", "plone", "--json").report["indexed"] == 1


def test_a_reader_that_goes_away_ends_the_command_without_a_word(filled: Shell) -> None:
    with filled.start("--show", "plone.api", "--all-versions", "-p", "plone") as show:
        assert show.stdout is not None
        assert show.stderr is not None
        show.stdout.close()
        err = show.stderr.read()

    assert show.wait(timeout=30) == 141
    assert [line.partition(":")[0] for line in err.splitlines()] == ["Index"]


@pytest.mark.skipif(not FULL.exists(), reason="there is no device that is always full")
@pytest.mark.parametrize("arguments", ["--show plone.api", "-i", "-i --json"])
def test_a_stdout_that_takes_nothing_is_one_line(filled: Shell, arguments: str) -> None:
    ended = filled.run(*arguments.split(), "-p", "plone", redirected=f"> {FULL}")

    assert (ended.code, ended.error) == (4, "can't write to stdout: No space left on device")
    assert "Traceback" not in ended.err


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_do_not_keep_a_run_from_its_work(shell: Shell, closed: str) -> None:
    ended = shell.run("-f", "-p", "django", redirected=closed)

    assert ended.code == 0
    assert shell.names("django") == ["django-blog", "django-shop"]


def test_a_question_that_nobody_can_be_asked_is_not_taken_for_a_yes(shell: Shell, pypi: LocalPyPI) -> None:
    ended = shell.run("-f", "--no-plone-filter", "-t", "all", redirected="<&-")

    assert (ended.code, pypi.requests.total) == (2, 0)
    assert "--yes" in ended.error


@pytest.mark.parametrize(("answer", "code", "projects"), [("n\n", 2, 0), ("\n", 2, 0), ("\x04", 130, 0), ("y\n", 0, 9)])
def test_everything_is_read_only_after_a_yes(
    shell: Shell, pypi: LocalPyPI, answer: str, code: int, projects: int
) -> None:
    terminal, user = pty.openpty()

    with shell.start("-f", "--no-plone-filter", "-t", "all", stdin=user) as fetch:
        os.write(terminal, answer.encode())
        _, err = fetch.communicate(timeout=60)
    os.close(terminal)
    os.close(user)

    assert "Read every project on PyPI, one request each and more, into all? [y/N]" in err
    assert (fetch.returncode, pypi.requests.by_kind["project"]) == (code, projects)


def test_a_terminal_without_unicode_gets_the_same_json(filled: Shell) -> None:
    plain = filled.run("--show", "collective.two", "-p", "plone", pythonioencoding="ascii")
    full = filled.run("--show", "collective.two", "-p", "plone")

    assert plain.out.isascii()
    assert "Größe → 𝟙" in full.out
    assert plain.report == full.report


def test_a_terminal_without_unicode_gets_a_table_too(filled: Shell) -> None:
    ended = filled.run("-i", "-p", "plone", pythonioencoding="latin-1")

    assert ended.code == 0
    assert "| projects found" in ended.out


@pytest.mark.parametrize("path", ["missing/since", "file/since", "."])
@pytest.mark.parametrize("action", ["-f", "-i"])
def test_a_since_file_that_cannot_be_is_told_before_anything_is_asked(
    filled: Shell, pypi: LocalPyPI, action: str, path: str
) -> None:
    (filled.folder / "file").touch()
    pypi.requests.clear()

    ended = filled.call(action, "-p", "plone", "-s", path)

    assert (ended.code, pypi.requests.total) == (2, 0)
    assert path in ended.error


def test_a_full_disk_is_one_line_and_costs_nothing_that_was_there(
    filled: Shell, pypi: LocalPyPI, small_disk: Path
) -> None:
    database = small_disk / "index.sqlite3"
    first = filled.call("-f", "-p", "plone", "--json", sqlite_path=database)
    for number in range(20):
        long = {"classifiers": ["Framework :: Plone"], "license": os.urandom(50_000).hex()}
        pypi.ecosystem.publish(f"collective.long{number}", "1.0", info=long)

    full = filled.run("-f", "-p", "plone", "--json", sqlite_path=database, pypi_batch_size=1)

    assert (first.code, full.code) == (0, 4)
    assert full.error == full.report["error"] == f"{database} can't be written: the disk is full"
    assert filled.call("--show", "plone.api", "-p", "plone", sqlite_path=database).report["version"] == "2.0"


def test_a_full_disk_keeps_the_since_file_as_it_was(filled: Shell, pypi: LocalPyPI, small_disk: Path) -> None:
    since = small_disk / "since"
    filled.call("-f", "-p", "plone", "-s", str(since))
    before = since.read_bytes()
    assert msgspec.json.decode(before) == {"plone": pypi.ecosystem.last_serial}
    filler = small_disk / "filler"
    with pytest.raises(OSError, match="space"):
        filler.write_bytes(bytes(2_000_000))
    pypi.ecosystem.publish("plone.api", "2.1")

    ended = filled.call("-i", "-p", "plone", "-s", str(since), "--json")

    assert (ended.code, ended.report["indexed"]) == (4, 1)
    assert ended.error == f"can't write {since}: No space left on device"
    assert since.read_bytes() == before
    assert sorted(path.name for path in small_disk.iterdir()) == ["filler", "since"]
