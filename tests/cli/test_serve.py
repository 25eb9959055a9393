"""`pyfserve` as a process that responds over HTTP and ends with a signal."""

import asyncio
import os
import re
import resource
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

from pyf.aggregator.cli.actions.serving import SingleAcceptLoop, bind_socket
from pyf.aggregator.sandbox.pypi import LocalPyPI
from support.cli_runner import SERVE, CommandRunner
from support.prometheus import parse_samples
from support.waiting import wait_until


@contextmanager
def start_server(shell: CommandRunner, *arguments: str, **settings: Any) -> Iterator[tuple[Popen[str], httpx.Client]]:
    """Give a process that serves, and a client of it."""
    with shell.start(*arguments, "--port", "0", module=SERVE, **settings) as process:
        assert process.stderr is not None
        startup_lines = process.stderr.readline() + process.stderr.readline()
        match = re.search(r"Serving at (\S+); press Ctrl-C to stop", startup_lines)
        assert match, startup_lines
        with httpx.Client(base_url=match[1]) as client:
            yield process, client


@pytest.mark.parametrize(("end", "workers"), [(signal.SIGTERM, "1"), (signal.SIGINT, "2")])
def test_serve_stops_on_signal(shell: CommandRunner, end: signal.Signals, workers: str) -> None:
    with start_server(shell, "--workers", workers) as (process, client):
        assert client.get("/health").json() == {"status": "ok", "collections": 0}
        process.send_signal(end)
        out, err = process.communicate(timeout=60)

    assert (process.returncode, out, err) == (0, "", "Stopped.\n")


def find_children(parent: int) -> set[int]:
    """Return the processes that serve for another one."""
    listed = run(["ps", "-ww", "-o", "pid=,args=", "--ppid", str(parent)], capture_output=True, text=True).stdout
    return {int(line.split()[0]) for line in listed.splitlines() if "spawn_main" in line}


class RecordingProtocol(asyncio.Protocol):
    """Notes connections that are made."""

    def __init__(self, transports: list[asyncio.BaseTransport]) -> None:
        self._made = transports

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._made.append(transport)


def is_serving(client: httpx.Client) -> bool:
    try:
        return client.get("/health").status_code == 200
    except httpx.TransportError:  # the process that had the connection has gone
        return False


def test_worker_supervisor_replaces_killed_worker(shell: CommandRunner) -> None:
    with start_server(shell, "--workers", "2") as (process, client):
        first = find_children(process.pid)
        assert len(first) == 2
        assert client.get("/health").status_code == 200
        os.kill(min(first), signal.SIGKILL)
        wait_until(lambda: len(find_children(process.pid) - {min(first)}) == 2)
        wait_until(lambda: is_serving(client))
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=60)

    assert (process.returncode, out, err) == (0, "", "Stopped.\n")


def test_workers_share_rate_limits_and_metrics(shell: CommandRunner) -> None:
    with start_server(shell, "--workers", "2", web_rate_limit=2) as (process, client):
        responses = [httpx.get(f"{client.base_url}/metrics") for _ in range(8)]
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)

    assert [response.status_code for response in responses] == [200] * 2 + [429] * 6
    open_files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    samples = [parse_samples(response.text) for response in responses[:2]]
    assert [sample["process_max_fds", ()] for sample in samples] == [2 * open_files] * 2


def test_single_accept_loop_shares_connections() -> None:
    """None of them is refused meanwhile."""

    async def accept_once() -> list[int]:
        transports: list[asyncio.BaseTransport] = []
        with bind_socket("127.0.0.1", 0) as server_socket, ExitStack() as stack:
            loop = asyncio.get_running_loop()
            server = await loop.create_server(lambda: RecordingProtocol(transports), sock=server_socket, backlog=100)
            for _ in range(32):
                stack.enter_context(socket.create_connection(server_socket.getsockname()))
            counts = [0]
            while counts[-1] < 32:
                await asyncio.sleep(0)
                counts.append(len(transports))
            for transport in transports:
                transport.close()
            server.close()
            return counts

    with asyncio.Runner(loop_factory=SingleAcceptLoop) as runner:
        counts = runner.run(accept_once())

    assert max(after - before for before, after in pairwise(counts)) == 1


def test_workers_end_with_parent(shell: CommandRunner, tmp_path: Path) -> None:
    with start_server(shell, "--workers", "2", tmpdir=tmp_path) as (process, client):
        assert client.get("/health").status_code == 200
        child_pids = find_children(process.pid)
        process.kill()
        process.wait()

        assert len(child_pids) == 2
        wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in child_pids))
        wait_until(lambda: not list(tmp_path.glob("pyf-serve-*")))


def test_concurrent_writes_are_visible(shell: CommandRunner, pypi: LocalPyPI) -> None:
    shell.invoke("-f", "-p", "flask")
    with start_server(shell, "--workers", "1", web_cache_max_age=0) as (_, client):
        search = "/api/v1/collections/flask/search?sort=name"
        before = client.get(search).json()["total"]
        pypi.registry.publish("flask-more", "1.0", info={"classifiers": ["Framework :: Flask"]})
        shell.invoke("-i", "-p", "flask")

        assert (before, client.get(search).json()["total"]) == (1, 2)
        shell.invoke("-f", "-p", "django")
        wait_until(lambda: "django" in client.get("/api/v1/collections").text)


def test_excluded_package_is_hidden_immediately(shell: CommandRunner, pypi: LocalPyPI) -> None:
    """Also from the start page, which is kept for a while; and a file that is broken changes nothing."""
    pypi.registry.publish("flask-spam", "1.0", info={"classifiers": ["Framework :: Flask"], "summary": "Watches"})
    profiles = shell.folder / "mine.yaml"
    declared = 'profiles: {flask: {name: Flask, classifiers: ["Framework :: Flask"]%s}}'
    profiles.write_text(declared % "")
    shell.invoke("-f", "-p", "flask", profiles_file="mine.yaml")
    paths = ("/in/flask", "/in/flask/search", "/in/flask/project/flask-spam", "/feeds/flask/new.atom")
    with start_server(shell, "--workers", "1", profiles_file="mine.yaml") as (process, client):
        before = [path for path in paths if "Watches" in client.get(path).text]
        profiles.write_text(declared % ", exclude: {flask-spam: it sells watches}")
        after = [path for path in paths if "Watches" in client.get(path).text]
        profiles.write_text("profiles: {flask: ")
        broken = [path for path in paths if "Watches" in client.get(path).text]
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=60)

    assert (before, after, broken) == (list(paths), [], [])
    assert err.count("the previous profiles stay in use: PROFILES_FILE mine.yaml: not YAML") == 1


def test_damaged_index_is_reported_on_stderr_only(shell: CommandRunner) -> None:
    shell.invoke("-f", "-p", "flask")
    with start_server(shell, "--workers", "1", log_format="json") as (process, client):
        index = shell.folder / "index.sqlite3"
        for part in shell.folder.glob("index.sqlite3?*"):
            if part.is_file():
                part.unlink()
        index.write_bytes(b"no index " * 10_000)
        answers = [client.get(path) for path in ("/health", "/api/v1/collections/flask/search", "/")]
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=60)

    assert {response.status_code for response in answers} == {503}
    assert not [answer for answer in answers if "index.sqlite3" in answer.text]
    assert str(index) in err
    assert "Traceback" not in err


def test_occupied_port_is_one_line_error(shell: CommandRunner) -> None:
    with socket.create_server(("127.0.0.1", 0)) as occupied_socket:
        port = occupied_socket.getsockname()[1]
        result = shell.invoke("--port", str(port), command="pyfserve")

    assert (result.code, result.out) == (4, "")
    assert result.error == f"can't serve at 127.0.0.1 port {port}: Address already in use"


@pytest.mark.parametrize("host", ["nowhere.invalid", "256.1.1.1", "1.2.3.4"])
def test_unknown_host_is_one_line_error(shell: CommandRunner, host: str) -> None:
    result = shell.invoke("--host", host, "--port", "0", command="pyfserve")

    assert (result.code, result.error.startswith(f"can't serve at {host} port 0: ")) == (4, True)


def test_invalid_setting_is_one_line_error(shell: CommandRunner) -> None:
    result = shell.invoke(command="pyfserve", web_url="here")

    assert (result.code, result.error) == (2, "WEB_URL: must be an http or https URL")


def test_socket_disables_nagle() -> None:
    with bind_socket("127.0.0.1", 0) as server_socket, socket.create_connection(server_socket.getsockname()):
        accepted, _ = server_socket.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_unix_socket_with_root_path(shell: CommandRunner) -> None:
    socket_path = shell.folder / "pyf.sock"
    with socket.socket(socket.AF_UNIX) as left:  # as a killed server leaves it
        left.bind(str(socket_path))

    arguments = ["--uds", str(socket_path), "--root-path", "/packages", "--workers", "2"]
    with shell.start(*arguments, module=SERVE) as process:
        assert process.stderr is not None
        assert any(line == f"Serving at unix:{socket_path}; press Ctrl-C to stop.\n" for line in process.stderr)
        with httpx.Client(transport=httpx.HTTPTransport(uds=str(socket_path)), base_url="http://site") as client:
            assert client.get("/packages/health").json() == client.get("/health").json()
            assert 'href="/packages/"' in client.get("/packages/").text
        second = shell.invoke("--uds", str(socket_path), command="pyfserve")
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)

    assert (second.code, second.error) == (4, f"can't serve at {socket_path}: Address already in use")
    assert (process.returncode, socket_path.exists()) == (0, False)


@pytest.mark.parametrize(("name", "reason"), [("missing/pyf.sock", "the folder "), ("index", "Address already in use")])
def test_unusable_socket_path_is_one_line_error(shell: CommandRunner, name: str, reason: str) -> None:
    path = shell.folder / name
    if name == "index":
        path.write_text("kept")

    result = shell.invoke("--uds", str(path), command="pyfserve")

    assert result.code == 4
    assert result.error.startswith(f"can't serve at {path}: {reason}")
    assert name != "index" or path.read_text() == "kept"


def test_proxy_of_a_unix_socket_names_its_clients(shell: CommandRunner) -> None:
    path = shell.folder / "pyf.sock"
    settings = {"web_trusted_proxies": "127.0.0.1", "web_rate_limit": 2}
    with shell.start("--uds", str(path), "--workers", "1", module=SERVE, **settings) as process:
        assert process.stderr is not None
        assert any(line.startswith("Serving at ") for line in process.stderr)
        with httpx.Client(transport=httpx.HTTPTransport(uds=str(path)), base_url="http://site") as client:
            statuses = [
                client.get("/", headers={"x-forwarded-for": ip}).status_code
                for ip in ("10.0.0.1", "10.0.0.1", "10.0.0.1", "10.0.0.2")
            ]

    assert statuses == [200, 200, 429, 200]
