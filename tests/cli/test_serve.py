"""`pyfserve` as its users run it: a process that is asked over HTTP and told to end."""

import asyncio
import os
import re
import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from pathlib import Path
from subprocess import Popen, run
from typing import Any

import httpx
import pytest

from pyf.aggregator.cli.serve_processes import FairLoop
from pyf.aggregator.cli.serve_run import listening_at
from pyf.aggregator.sample.services import LocalPyPI
from shell import SERVE, Shell, wait_until


@contextmanager
def serving(shell: Shell, *arguments: str, **settings: Any) -> Iterator[tuple[Popen[str], httpx.Client]]:
    """Give a process that serves, and a client of it."""
    with shell.start(*arguments, "--port", "0", module=SERVE, **settings) as process:
        assert process.stderr is not None
        said = process.stderr.readline() + process.stderr.readline()
        found = re.search(r"Serving at (\S+); Ctrl-C ends it", said)
        assert found, said
        with httpx.Client(base_url=found[1]) as client:
            yield process, client


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_when_it_is_told_to(shell: Shell, end: signal.Signals) -> None:
    with serving(shell) as (process, client):
        assert client.get("/health").json() == {"status": "ok", "collections": 0}
        process.send_signal(end)
        out, err = process.communicate(timeout=60)

    assert (process.returncode, out, err) == (0, "", "Ended.\n")


def processes_of(parent: int) -> set[int]:
    """Return the processes that serve for another one."""
    listed = run(["ps", "-ww", "-o", "pid=,args=", "--ppid", str(parent)], capture_output=True, text=True).stdout
    return {int(line.split()[0]) for line in listed.splitlines() if "spawn_main" in line}


class Noting(asyncio.Protocol):
    """Notes connections that are made."""

    def __init__(self, made: list[asyncio.BaseTransport]) -> None:
        self._made = made

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._made.append(transport)


def answers(client: httpx.Client) -> bool:
    try:
        return client.get("/health").status_code == 200
    except httpx.TransportError:  # the process that had the connection has gone
        return False


def test_several_processes_serve_and_one_that_is_killed_is_replaced(shell: Shell) -> None:
    with serving(shell, "--workers", "2") as (process, client):
        first = processes_of(process.pid)
        assert len(first) == 2
        assert client.get("/health").status_code == 200
        os.kill(min(first), signal.SIGKILL)
        wait_until(lambda: len(processes_of(process.pid) - {min(first)}) == 2)
        wait_until(lambda: answers(client))
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=60)

    assert (process.returncode, out, err) == (0, "", "Ended.\n")


def test_connections_that_wait_are_taken_one_at_a_time_so_that_other_processes_get_theirs() -> None:
    """None of them is refused meanwhile."""

    async def taken() -> list[int]:
        made: list[asyncio.BaseTransport] = []
        with listening_at("127.0.0.1", 0) as listening, ExitStack() as opened:
            loop = asyncio.get_running_loop()
            server = await loop.create_server(lambda: Noting(made), sock=listening, backlog=100)
            for _ in range(32):
                opened.enter_context(socket.create_connection(listening.getsockname()))
            counts = [0]
            while counts[-1] < 32:
                await asyncio.sleep(0)
                counts.append(len(made))
            for each in made:
                each.close()
            server.close()
            return counts

    with asyncio.Runner(loop_factory=FairLoop) as runner:
        counts = runner.run(taken())

    assert max(after - before for before, after in pairwise(counts)) == 1


def test_processes_end_with_the_one_that_started_them(shell: Shell) -> None:
    with serving(shell, "--workers", "2") as (process, client):
        assert client.get("/health").status_code == 200
        left = processes_of(process.pid)
        process.kill()
        process.wait()

        assert len(left) == 2
        wait_until(lambda: not any(Path(f"/proc/{each}").exists() for each in left))


def test_what_others_write_meanwhile_is_served(shell: Shell, pypi: LocalPyPI) -> None:
    shell.call("-f", "-p", "flask")
    with serving(shell, web_max_age=0) as (_, client):
        search = "/api/v1/profiles/flask/search?sort=name"
        before = client.get(search).json()["total"]
        pypi.ecosystem.publish("flask-more", "1.0", info={"classifiers": ["Framework :: Flask"]})
        shell.call("-i", "-p", "flask")

        assert (before, client.get(search).json()["total"]) == (1, 2)
        shell.call("-f", "-p", "django")
        wait_until(lambda: "django" in client.get("/api/v1/profiles").text)


def test_a_project_that_a_profile_excludes_is_hidden_at_once(shell: Shell, pypi: LocalPyPI) -> None:
    """Also from the start page, which is kept for a while; and a file that is broken changes nothing."""
    pypi.ecosystem.publish("flask-spam", "1.0", info={"classifiers": ["Framework :: Flask"], "summary": "Watches"})
    profiles = shell.folder / "mine.yaml"
    declared = 'profiles: {flask: {name: Flask, classifiers: ["Framework :: Flask"]%s}}'
    profiles.write_text(declared % "")
    shell.call("-f", "-p", "flask", profiles_file="mine.yaml")
    paths = ("/in/flask", "/in/flask/search", "/in/flask/project/flask-spam", "/feeds/flask/new.atom")
    with serving(shell, profiles_file="mine.yaml") as (process, client):
        before = [path for path in paths if "Watches" in client.get(path).text]
        profiles.write_text(declared % ", exclude: {flask-spam: it sells watches}")
        after = [path for path in paths if "Watches" in client.get(path).text]
        profiles.write_text("profiles: {flask: ")
        broken = [path for path in paths if "Watches" in client.get(path).text]
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=60)

    assert (before, after, broken) == (list(paths), [], [])
    assert err.count("the profiles stay what they were: PROFILES_FILE mine.yaml: not YAML") == 1


def test_a_damaged_index_is_told_to_the_operator_and_not_to_readers(shell: Shell) -> None:
    shell.call("-f", "-p", "flask")
    with serving(shell, log_format="json") as (process, client):
        index = shell.folder / "index.sqlite3"
        for part in shell.folder.glob("index.sqlite3?*"):
            if part.is_file():
                part.unlink()
        index.write_bytes(b"no index " * 10_000)
        answers = [client.get(path) for path in ("/health", "/api/v1/profiles/flask/search", "/")]
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=60)

    assert {answer.status_code for answer in answers} == {503}
    assert not [answer for answer in answers if "index.sqlite3" in answer.text]
    assert str(index) in err
    assert "Traceback" not in err


def test_a_port_in_use_is_told_in_one_line(shell: Shell) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = shell.call("--port", str(port), command="pyfserve")

    assert (ended.code, ended.out) == (4, "")
    assert ended.error == f"can't serve at 127.0.0.1 port {port}: Address already in use"


@pytest.mark.parametrize("host", ["nowhere.invalid", "256.1.1.1", "1.2.3.4"])
def test_a_host_that_is_not_here_is_told_in_one_line(shell: Shell, host: str) -> None:
    ended = shell.call("--host", host, "--port", "0", command="pyfserve")

    assert (ended.code, ended.error.startswith(f"can't serve at {host} port 0: ")) == (4, True)


def test_a_setting_that_can_not_be_used_is_told_in_one_line(shell: Shell) -> None:
    ended = shell.call(command="pyfserve", web_url="here")

    assert (ended.code, ended.error) == (2, "WEB_URL='here': must be an http or https address")


def test_an_answer_does_not_wait_for_the_receipt_of_its_head() -> None:
    with listening_at("127.0.0.1", 0) as listening, socket.create_connection(listening.getsockname()):
        accepted, _ = listening.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
