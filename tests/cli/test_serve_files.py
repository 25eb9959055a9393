"""A running server notices that its index was replaced or deleted, and needs no write access."""

import os
import re
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Any

import httpx
import pytest

from pyf.aggregator.sandbox.pypi import LocalPyPI
from support.cli_runner import SERVE, CommandRunner

FILE = "index.sqlite3"
# As root without the capabilities that override file permissions.
UNPRIVILEGED = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all"]


@contextmanager
def start_server(shell: CommandRunner, *, prefix: list[str] | None = None) -> Iterator[httpx.Client]:
    environment = {"PATH": os.environ["PATH"], "SQLITE_PATH": str(shell.folder / FILE), "WEB_CACHE_MAX_AGE": "0"}
    command = [*(prefix or []), sys.executable, "-m", SERVE, "--port", "0", "--workers", "1"]
    with Popen(command, env=environment, cwd="/", stderr=PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            startup_lines = process.stderr.readline() + process.stderr.readline()
            match = re.search(r"Serving at (\S+); press Ctrl-C to stop", startup_lines)
            assert match, startup_lines
            with httpx.Client(base_url=match[1], timeout=30) as client:
                yield client
        finally:
            process.kill()


def search(client: httpx.Client, collection: str) -> Any:
    response = client.get(f"/api/v1/collections/{collection}/search")
    return response.json()["total"] if response.status_code == 200 else response.status_code


def get_collection_count(client: httpx.Client) -> int:
    health = client.get("/health").json()
    assert health["status"] == "ok"
    return int(health["collections"])


@pytest.fixture
def other(shell: CommandRunner, pypi: LocalPyPI, tmp_path_factory: pytest.TempPathFactory) -> CommandRunner:
    """Another index with the collection flask, in a folder of its own."""
    other = CommandRunner(tmp_path_factory.mktemp("other"), shell.environment)
    assert other.invoke("-f", "-p", "flask").code == 0
    return other


def test_index_replaced_under_a_running_server_is_read(shell: CommandRunner, other: CommandRunner) -> None:
    shell.invoke("-f", "-p", "plone")
    with start_server(shell) as client:
        assert search(client, "plone") > 0
        shell.invoke("-f", "-p", "django")  # leaves a log, which is not that of the next file
        assert (search(client, "django"), get_collection_count(client)) == (2, 2)

        (other.folder / FILE).replace(shell.folder / FILE)

        assert (search(client, "flask"), search(client, "plone"), get_collection_count(client)) == (1, 404, 1)
        assert "flask-thing" in client.get("/in/flask/search").text
        shell.invoke("-f", "-p", "plone")
        assert (search(client, "plone") > 0, get_collection_count(client)) == (True, 2)
    with sqlite3.connect(shell.folder / FILE) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


@pytest.mark.parametrize("suffixes", [[""], ["", "-wal", "-shm"]])
def test_index_deleted_under_a_running_server_is_empty_until_it_is_filled(
    shell: CommandRunner, suffixes: list[str]
) -> None:
    shell.invoke("-f", "-p", "plone")
    with start_server(shell) as client:
        assert (search(client, "plone") > 0, get_collection_count(client)) == (True, 1)

        for suffix in suffixes:
            (shell.folder / f"{FILE}{suffix}").unlink(missing_ok=True)

        assert (search(client, "plone"), get_collection_count(client)) == (404, 0)
        assert client.get("/").status_code == 200
        assert not (shell.folder / FILE).exists()
        shell.invoke("-f", "-p", "django")
        assert (search(client, "django"), search(client, "plone"), get_collection_count(client)) == (2, 404, 1)


def test_deleted_index_is_restored_without_its_log(shell: CommandRunner, other: CommandRunner) -> None:
    shell.invoke("-f", "-p", "plone")
    with start_server(shell) as client:
        assert search(client, "plone") > 0
        shell.invoke("-f", "-p", "django")
        (shell.folder / FILE).unlink()
        assert get_collection_count(client) == 0

        shutil.copy(other.folder / FILE, shell.folder / FILE)

        assert (search(client, "flask"), search(client, "django"), get_collection_count(client)) == (1, 404, 1)


def test_server_creates_no_index(shell: CommandRunner) -> None:
    with start_server(shell) as client:
        assert (get_collection_count(client), client.get("/").status_code) == (0, 200)

    assert list(shell.folder.iterdir()) == []


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="needs setpriv to run without root's capabilities")
@pytest.mark.skipif(os.geteuid() != 0, reason="drops root's capabilities")
@pytest.mark.parametrize("has_search_index", [True, False])
def test_read_only_index_is_served(shell: CommandRunner, has_search_index: bool) -> None:
    shell.invoke("-f", "-p", "plone")
    if has_search_index:
        shell.invoke("api", "-p", "plone", command="pyfsearch")
    paths = [shell.folder, *shell.folder.rglob("*")]
    for path in paths:
        path.chmod(0o555 if path.is_dir() else 0o444)
    before = {path: path.stat().st_mtime_ns for path in paths}

    with start_server(shell, prefix=UNPRIVILEGED) as client:
        assert (search(client, "plone") > 0, get_collection_count(client)) == (True, 1)
        statuses = [client.get(path).status_code for path in ("/", "/in/plone", "/in/plone/search?q=api", "/metrics")]

    assert statuses == [200] * 4
    assert {path: path.stat().st_mtime_ns for path in [shell.folder, *shell.folder.rglob("*")]} == before
    for path in paths:
        path.chmod(0o755)


def test_health_of_a_damaged_index_is_that_of_its_pages(shell: CommandRunner) -> None:
    shell.invoke("-f", "-p", "plone")
    with start_server(shell) as client:
        Path(shell.folder / "new").write_bytes(b"no database" * 1000)
        (shell.folder / "new").replace(shell.folder / FILE)

        assert (client.get("/health").status_code, client.get("/").status_code) == (503, 503)
