"""Runs without their terminal, reader or disk, and runs that a signal interrupts."""

import os
import pty
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from subprocess import PIPE, run

import msgspec
import pytest

from pyf.aggregator.cli.signals import default_sigint
from pyf.aggregator.cli.start import main
from pyf.aggregator.sandbox.faults import Fault
from pyf.aggregator.sandbox.pypi import LocalPyPI
from support.cli_runner import CommandRunner, find_render_workers
from support.waiting import wait_until

FULL = Path("/dev/full")


@pytest.fixture
def filled_shell(shell: CommandRunner) -> CommandRunner:
    """A user whose collection of Plone is up to date."""
    shell.invoke("-f", "-p", "plone")
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
def test_ctrl_c_stops_fetch_and_workers(shell: CommandRunner, pypi: LocalPyPI) -> None:
    pypi.faults.add(Fault("timeout", request="project", project="django-blog"))

    with shell.start("-f", "-p", "django", "--json") as fetch:
        wait_until(lambda: find_render_workers(fetch.pid) and pypi.faults.hits["timeout"])
        workers = find_render_workers(fetch.pid)
        fetch.send_signal(signal.SIGINT)
        out, err = fetch.communicate(timeout=30)

    report = msgspec.json.decode(out)
    assert (fetch.returncode, report["interrupted"], report["added_names"]) == (130, True, ["django-shop"])
    assert err.splitlines()[-1] == "Interrupted. 1 package is saved; run the command again to continue."
    assert "Traceback" not in err
    assert not [worker for worker in workers if Path(f"/proc/{worker}").exists()]

    pypi.faults.clear()
    assert shell.get_state("django").cursor is None
    assert shell.list_names("django") == ["django-shop"]
    assert shell.invoke("-f", "-p", "django").code == 0
    assert shell.list_names("django") == ["django-blog", "django-shop"]


def test_entry_point_keeps_the_handler_of_ctrl_c(capsys: pytest.CaptureFixture[str]) -> None:
    handler = signal.getsignal(signal.SIGINT)
    with default_sigint():
        during = signal.getsignal(signal.SIGINT)

    with pytest.raises(SystemExit, match="0"):
        main(["--version"])

    assert during is signal.SIG_DFL
    assert signal.getsignal(signal.SIGINT) is handler
    assert capsys.readouterr().out.startswith("pyf, version")


def test_ctrl_c_in_incremental_run_keeps_cursor(filled_shell: CommandRunner, pypi: LocalPyPI) -> None:
    before = filled_shell.get_state("plone").cursor
    pypi.registry.publish("plone.api", "2.1")
    pypi.faults.add(Fault("timeout", request="project"))

    with filled_shell.start("-i", "-p", "plone") as changes:
        wait_until(lambda: pypi.faults.hits["timeout"])
        changes.send_signal(signal.SIGINT)
        changes.communicate(timeout=30)

    assert (changes.returncode, filled_shell.get_state("plone").cursor) == (130, before)
    pypi.faults.clear()
    assert filled_shell.invoke("-i", "-p", "plone", "--json").report["indexed"] == 1


def test_closed_pipe_ends_silently(filled_shell: CommandRunner) -> None:
    with filled_shell.start("--show", "plone.api", "--all-versions", "-p", "plone") as show:
        assert show.stdout is not None
        assert show.stderr is not None
        show.stdout.close()
        err = show.stderr.read()

    assert show.wait(timeout=30) == 141
    assert [line.partition(":")[0] for line in err.splitlines()] == ["Index"]


@pytest.mark.skipif(not FULL.exists(), reason="there is no device that is always full")
@pytest.mark.parametrize("arguments", ["--show plone.api", "-i", "-i --json"])
def test_full_stdout_is_one_line_error(filled_shell: CommandRunner, arguments: str) -> None:
    result = filled_shell.run(*arguments.split(), "-p", "plone", redirected=f"> {FULL}")

    assert (result.code, result.error) == (4, "can't write to stdout: No space left on device")
    assert "Traceback" not in result.err


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_do_not_stop_a_run(shell: CommandRunner, closed: str) -> None:
    result = shell.run("-f", "-p", "django", redirected=closed)

    assert result.code == 0
    assert shell.list_names("django") == ["django-blog", "django-shop"]


def test_confirmation_without_terminal_is_refused(shell: CommandRunner, pypi: LocalPyPI) -> None:
    result = shell.run("-f", "--no-plone-filter", "-t", "all", redirected="<&-")

    assert (result.code, pypi.requests.total) == (2, 0)
    assert "--yes" in result.error


@pytest.mark.parametrize(
    ("response", "code", "projects"), [("n\n", 2, 0), ("\n", 2, 0), ("\x04", 130, 0), ("y\n", 0, 9)]
)
def test_all_projects_requires_confirmation(
    shell: CommandRunner, pypi: LocalPyPI, response: str, code: int, projects: int
) -> None:
    terminal, user = pty.openpty()

    with shell.start("-f", "--no-plone-filter", "-t", "all", stdin=user) as fetch:
        os.write(terminal, response.encode())
        _, err = fetch.communicate(timeout=60)
    os.close(terminal)
    os.close(user)

    assert "Read every project on PyPI into all, with at least one request for each? [y/N]" in err
    assert (fetch.returncode, pypi.requests.by_kind["project"]) == (code, projects)


def test_json_is_escaped_without_unicode(filled_shell: CommandRunner) -> None:
    plain = filled_shell.run("--show", "collective.two", "-p", "plone", pythonioencoding="ascii")
    full = filled_shell.invoke("--show", "collective.two", "-p", "plone")

    assert plain.out.isascii()
    assert "Größe → 𝟙" in full.out
    assert plain.report == full.report


def test_table_is_printed_without_unicode(filled_shell: CommandRunner) -> None:
    result = filled_shell.run("-i", "-p", "plone", pythonioencoding="latin-1")

    assert result.code == 0
    assert "| projects found" in result.out


@pytest.mark.parametrize("path", ["missing/since", "file/since", "."])
@pytest.mark.parametrize("action", ["-f", "-i"])
def test_invalid_cursor_file_fails_before_requests(
    filled_shell: CommandRunner, pypi: LocalPyPI, action: str, path: str
) -> None:
    (filled_shell.folder / "file").touch()
    pypi.requests.clear()

    result = filled_shell.invoke(action, "-p", "plone", "-s", path)

    assert (result.code, pypi.requests.total) == (2, 0)
    assert path in result.error


def test_full_disk_keeps_stored_data(filled_shell: CommandRunner, pypi: LocalPyPI, small_disk: Path) -> None:
    database = small_disk / "index.sqlite3"
    first = filled_shell.invoke("-f", "-p", "plone", "--json", sqlite_path=database)
    for number in range(20):
        long = {"classifiers": ["Framework :: Plone"], "license": os.urandom(50_000).hex()}
        pypi.registry.publish(f"collective.long{number}", "1.0", info=long)

    full = filled_shell.run("-f", "-p", "plone", "--json", sqlite_path=database, pypi_batch_size=1)

    assert (first.code, full.code) == (0, 4)
    assert full.error == full.report["error"] == f"{database} can't be written: the disk is full"
    assert filled_shell.invoke("--show", "plone.api", "-p", "plone", sqlite_path=database).report["version"] == "2.0"


def test_full_disk_keeps_cursor_file(filled_shell: CommandRunner, pypi: LocalPyPI, small_disk: Path) -> None:
    since = small_disk / "since"
    filled_shell.invoke("-f", "-p", "plone", "-s", str(since))
    before = since.read_bytes()
    assert msgspec.json.decode(before) == {"plone": pypi.registry.last_serial}
    filler = small_disk / "filler"
    with pytest.raises(OSError, match="space"):
        filler.write_bytes(bytes(2_000_000))
    pypi.registry.publish("plone.api", "2.1")

    result = filled_shell.invoke("-i", "-p", "plone", "-s", str(since), "--json")

    assert (result.code, result.report["indexed"]) == (4, 1)
    assert result.error == f"can't write {since}: No space left on device"
    assert since.read_bytes() == before
    assert sorted(path.name for path in small_disk.iterdir()) == ["filler", "since"]
