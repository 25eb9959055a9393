"""Commands that only read need no write access, and create nothing."""

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pyf.aggregator.adapters.sqlite.database import Database
from pyf.aggregator.domain.errors import Invalid
from support.cli_runner import PYF, CommandRunner

READING_COMMANDS = [
    "collection list",
    "collection info",
    "collection info plone",
    "collection export plone -",
    "alias list",
    "key list",
    "show Plone.Api -t plone",
    "explain Plone.Api -t plone",
    "search api -t plone",
]


# A user without an entry in the password database, who may read the interpreter in another user's folder.
READING_USER = [
    "setpriv",
    "--reuid=54321",
    "--clear-groups",
    "--inh-caps=+dac_read_search",
    "--ambient-caps=+dac_read_search",
]


def run_unprivileged(shell: CommandRunner, arguments: str, module: str = PYF) -> subprocess.CompletedProcess[str]:
    """Run a command as a user to whom file permissions apply: they don't apply to root with all capabilities."""
    drop = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all"] if not os.geteuid() else []
    if drop and shutil.which("setpriv") is None:
        pytest.skip("needs setpriv to run without root's capabilities")
    return subprocess.run(
        [*drop, sys.executable, "-m", module, *arguments.split()],
        cwd="/",
        env={"PATH": os.environ["PATH"], "SQLITE_PATH": str(shell.folder / "index.sqlite3")},
        capture_output=True,
        text=True,
        check=False,
    )


def list_files(folder: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in folder.rglob("*")}


@pytest.fixture
def read_only(shell: CommandRunner) -> Iterator[CommandRunner]:
    """An index with a search index, in a folder without write permission."""
    assert shell.invoke("fetch", "-p", "plone", command="pyf").code == 0
    assert shell.invoke("search", "api", "-p", "plone", command="pyf").code == 0
    paths = [shell.folder, *shell.folder.rglob("*")]
    for path in paths:
        path.chmod(0o555 if path.is_dir() else 0o444)
    yield shell
    shell.folder.chmod(0o755)
    for path in shell.folder.rglob("*"):
        path.chmod(0o755)


@pytest.mark.parametrize("arguments", READING_COMMANDS)
def test_reading_commands_need_no_write_access(read_only: CommandRunner, arguments: str) -> None:
    before = list_files(read_only.folder)

    result = run_unprivileged(read_only, arguments)

    assert (result.returncode, [line for line in result.stderr.splitlines() if not line.startswith("Index: ")]) == (
        0,
        [],
    )
    assert result.stdout
    assert list_files(read_only.folder) == before


def test_read_only_index_without_search_index_is_searched(read_only: CommandRunner) -> None:
    folder = read_only.folder
    folder.chmod(0o755)
    (folder / "index.sqlite3-search").rename(folder / "moved")
    folder.chmod(0o555)

    result = run_unprivileged(read_only, "search api -t plone")

    assert (result.returncode, "Plone.Api" in result.stdout) == (0, True)


def test_outdated_search_index_is_read_as_it_is(read_only: CommandRunner) -> None:
    before = run_unprivileged(read_only, "search -t plone --json").stdout
    with sqlite3.connect(read_only.folder / "index.sqlite3", isolation_level=None) as connection:
        connection.execute(
            "UPDATE projects SET change = 1000, releases = 0 WHERE change = (SELECT min(change) FROM projects)"
        )
    connection.close()

    assert run_unprivileged(read_only, "search -t plone --json").stdout == before


def test_writing_command_names_the_read_only_index(read_only: CommandRunner) -> None:
    result = run_unprivileged(read_only, "collection delete plone-1 -y")

    assert (result.returncode, result.stderr.splitlines()[-1]) == (
        4,
        f"Error: can't lock {read_only.folder / 'index.sqlite3.plone-1.lock'}: Permission denied",
    )


def test_log_that_cannot_be_read_is_one_line(read_only: CommandRunner) -> None:
    folder = read_only.folder
    (folder / "index.sqlite3-wal").write_bytes(b"x" * 64)

    result = run_unprivileged(read_only, "collection list")

    assert (result.returncode, result.stderr.splitlines()[-1]) == (
        4,
        f"Error: {folder / 'index.sqlite3'} has changes in its log index.sqlite3-wal, which only a user who may write "
        "to its folder can read",
    )


@pytest.mark.parametrize(
    "arguments",
    [
        *READING_COMMANDS,
        "check /dev/null -t plone",
        "collection delete plone -y",
        "alias set a plone",
        "key add -t plone",
        "github -t plone",
    ],
)
def test_commands_report_a_missing_index_and_create_none(shell: CommandRunner, arguments: str) -> None:
    result = shell.invoke(*arguments.split(), command="pyf", sqlite_path=shell.folder / "typo" / "index.sqlite3")

    assert result.code == 2
    assert result.error == (
        f"there is no index at {shell.folder / 'typo' / 'index.sqlite3'}. Fill one with `pyf fetch -p "
        "PROFILE`, or correct SQLITE_PATH"
    )
    assert list(shell.folder.iterdir()) == []


def test_documented_lists_report_a_missing_index(shell: CommandRunner) -> None:
    result = shell.invoke("-lsn", command="pyfupdater", sqlite_path="typo.sqlite3")

    assert (result.code, result.out) == (2, "")
    assert "there is no index at typo.sqlite3" in result.error


def test_user_without_home_gets_one_line(shell: CommandRunner) -> None:
    result = subprocess.run(
        [*READING_USER, sys.executable, "-m", PYF, "collection", "list"],
        cwd="/",
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    if "setpriv" in result.stderr:
        pytest.skip("needs root and setpriv")

    assert (result.returncode, result.stderr) == (
        2,
        "Error: this user has no home folder: set SQLITE_PATH to the file of the index, or set HOME\n",
    )


def test_change_is_noticed_behind_an_immutable_connection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "index.sqlite3"
    writer = Database(path)
    with writer.writing() as connection:
        connection.execute("INSERT INTO collections (name, created_at, state) VALUES ('a', 1, '')")
    writer.close()
    monkeypatch.setattr(os, "access", lambda *_, **__: False)
    path.chmod(0o444)
    reader = Database(path, must_exist=True)

    def count_collections() -> int:
        with reader.reading() as connection:
            return int(connection.execute("SELECT count(*) FROM collections").fetchone()[0])

    assert count_collections() == 1
    with writer.writing() as connection:
        connection.execute("INSERT INTO collections (name, created_at, state) VALUES ('b', 1, '')")
    writer.close()
    assert count_collections() == 2
    reader.close()


def test_older_index_without_write_access_is_rejected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "index.sqlite3"
    old = Database(path, migrations=(("CREATE TABLE collections (id INTEGER)",),))
    with old.writing():
        pass
    old.close()
    monkeypatch.setattr(os, "access", lambda *_, **__: False)

    with (
        pytest.raises(Exception, match="its format is older"),
        Database(path, must_exist=True).reading(),
    ):
        pass


def test_empty_file_is_no_index(tmp_path: Path) -> None:
    (tmp_path / "index.sqlite3").touch()
    database = Database(tmp_path / "index.sqlite3", must_exist=True)

    with pytest.raises(Invalid, match="there is no index"), database.reading():
        pass


@pytest.mark.parametrize("arguments", ["update -p plone", "refresh -p plone", "fetch -p plone --dry-run"])
def test_runs_that_create_no_collection_create_no_index(shell: CommandRunner, arguments: str) -> None:
    result = shell.invoke(*arguments.split(), command="pyf", sqlite_path=shell.folder / "typo.sqlite3")

    assert result.code == (0 if "--dry-run" in arguments else 2)
    assert not (shell.folder / "typo.sqlite3").exists()
