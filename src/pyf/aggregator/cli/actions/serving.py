"""Run the web server, in one or several processes."""

import asyncio
import gc
import logging
import os
import shutil
import signal
import socket
import stat
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from math import ceil
from multiprocessing import parent_process
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import TYPE_CHECKING, Any

import click
import uvicorn
from msgspec import Struct
from msgspec.structs import replace
from uvicorn.supervisors import Multiprocess

from ... import logs
from ...adapters.metrics_store import LocalTaskMetrics, SharedMetrics
from ...bootstrap import open_dependencies
from ...config.profiles import CurrentProfiles
from ...domain.errors import Unavailable
from ...ports import Dependencies
from ...settings import Settings, load_settings
from ..collection_option import print_index
from ..config import read_settings
from ..exit_codes import ExitCode
from ..redaction import open_url
from ..signals import treat_sigterm_as_interrupt

if TYPE_CHECKING:
    from litestar import Litestar

# Seconds between two checks whether all workers are ready, and seconds after which they are assumed to be.
_POLL_INTERVAL, _STARTUP_TIMEOUT = 0.05, 60.0


class SingleAcceptLoop(asyncio.SelectorEventLoop):
    """An event loop that accepts one connection at a time, so that processes on one socket share the connections.

    asyncio would accept all waiting connections, and leave none to the other processes.
    """

    async def create_server(
        self, *args: Any, sock: socket.socket | None = None, backlog: int = 100, **options: Any
    ) -> asyncio.Server:
        server = await super().create_server(*args, sock=sock, backlog=1, **options)
        if sock:
            sock.listen(backlog)  # connections may wait here; they are accepted one at a time
        return server


class WorkerSupervisor(Multiprocess):
    """Restarts workers that die; calls `on_ready` once all of them answer."""

    def __init__(self, config: uvicorn.Config, server_socket: socket.socket, on_ready: Callable[[], None]) -> None:
        super().__init__(config, [server_socket])
        self._on_ready = on_ready

    def init_processes(self) -> None:
        super().init_processes()
        deadline = time.monotonic() + _STARTUP_TIMEOUT
        while time.monotonic() < deadline and not all(process.is_ready() for process in self.processes):
            self.handle_signals()
            self.keep_subprocess_alive()
            if self.should_exit.wait(_POLL_INTERVAL):
                return
        self._on_ready()


# More processes are started only on request: each needs about 100 MB.
_MAX_DEFAULT_WORKERS = 8

# Requests of monitoring, which the access log leaves out.
_UNLOGGED_PATHS = ("/health", "/metrics")

# The proxy of a Unix socket usually runs as another user.
_SOCKET_MODE = 0o666

# Seconds that current requests have to finish when the server stops.
_SHUTDOWN_TIMEOUT = 10

_HTTP_PROTOCOL = "pyf.aggregator.web.connections:BoundedHttpProtocol"

# Seconds after which a worker without a heartbeat is replaced.
_WORKER_HEALTH_TIMEOUT = 60

# Seconds that the site waits for an unavailable Typesense server; runs wait for TYPESENSE_RETRY_TIMEOUT.
_TYPESENSE_RETRY_TIMEOUT = 3.0


class NotifyingServer(uvicorn.Server):
    """A server that calls `on_ready` once it answers."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_ready()


class Address(Struct, frozen=True, kw_only=True):
    """What a server listens on: a Unix socket if that is given, else a host and a port."""

    host: str = "127.0.0.1"
    port: int = 0
    socket_path: str = ""


def run(address: Address, *, root_path: str, open_browser: bool, workers: int) -> ExitCode:
    """Serve until interrupted."""
    if root_path:
        os.environ["WEB_ROOT_PATH"] = root_path  # workers read the settings, too
    settings = read_settings()

    def report_url() -> None:
        url = _format_url(server_socket, settings.root_path)
        click.echo(f"Serving at {url}; press Ctrl-C to stop.", err=True)
        if open_browser:
            open_url(url)

    with _bind(address) as server_socket, ExitStack() as stack:
        treat_sigterm_as_interrupt()
        deps, profiles = stack.enter_context(_open_services(settings))
        print_index(deps, settings)
        with suppress(KeyboardInterrupt):  # the server has stopped by then, and raises the signal again
            if workers == 1:
                app = _create_app(deps, profiles, settings)
                NotifyingServer(build_uvicorn_config(app, settings), report_url).run(sockets=[server_socket])
            else:
                stack.close()  # each process must open the file itself
                with TemporaryDirectory(prefix="pyf-serve-") as folder:
                    create = partial(create_worker_app, Path(folder), workers)
                    config = build_uvicorn_config(create, settings, factory=True, workers=workers)
                    WorkerSupervisor(config, server_socket, report_url).run()
    click.echo("Stopped.", err=True)
    return ExitCode.SUCCESS


def count_default_workers() -> int:
    """Return the number of cores that this process may use, up to eight."""
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    return min(cores, _MAX_DEFAULT_WORKERS)


def create_worker_app(folder: Path, workers: int) -> "Litestar":
    """Return the application of one of several workers, which stops with its parent process.

    Args:
        folder: Where the workers share their metrics and the rate limits of clients.
    """
    from ...web.connections import BoundedHttpProtocol

    limits = BoundedHttpProtocol.limits
    BoundedHttpProtocol.limits = replace(limits, per_client=ceil(limits.per_client / workers))
    settings = load_settings()
    stack = ExitStack()
    deps, profiles = stack.enter_context(_open_services(settings))
    metrics = SharedMetrics(folder, deps.request_metrics, LocalTaskMetrics())
    stack.enter_context(metrics.publishing())
    deps = replace(deps, request_metrics=metrics)
    app = _create_app(deps, profiles, settings, buckets_path=str(folder / "rate-limits.sqlite3"))
    app.on_shutdown.append(stack.close)
    Thread(target=_terminate_with_parent, args=(folder,), daemon=True).start()
    return app


@contextmanager
def _open_services(settings: Settings) -> Iterator[tuple[Dependencies, CurrentProfiles]]:
    logs.configure_logging(settings.log_format, level=logging.WARNING, secrets=settings.secrets)
    access_log = logging.getLogger("uvicorn.access")
    access_log.setLevel(logging.INFO)
    access_log.addFilter(_is_access_of_interest)
    retry_timeout = min(settings.typesense_retry_timeout, _TYPESENSE_RETRY_TIMEOUT)
    profiles = CurrentProfiles(settings.profiles_file)
    serving_settings = replace(settings, typesense_retry_timeout=retry_timeout)
    with open_dependencies(serving_settings, must_exist=True, missing_is_empty=True) as deps:
        yield deps, profiles


def _create_app(*services: Any, **options: Any) -> "Litestar":
    """Create the application. Only this imports the web framework, so that the supervisor of workers starts fast."""
    from ...web.app import create_app

    app = create_app(*services, **options)
    # The garbage collector would search what stays for garbage again and again, while requests wait.
    gc.collect()
    gc.freeze()
    return app


def _is_access_of_interest(record: logging.LogRecord) -> bool:
    """Return whether the access log has a request: load balancers check every few seconds."""
    return not (isinstance(record.args, tuple) and len(record.args) == 5 and record.args[2] in _UNLOGGED_PATHS)


def _terminate_with_parent(folder: Path) -> None:
    if parent := parent_process():
        parent.join()
        shutil.rmtree(folder, ignore_errors=True)  # a killed parent has left it
        os.kill(os.getpid(), signal.SIGTERM)


def build_uvicorn_config(
    app: "Litestar | Callable[[], Litestar]", settings: Settings, **worker_options: Any
) -> uvicorn.Config:
    """Return the server's configuration; only trusted proxies may name the client."""
    return uvicorn.Config(
        app,
        log_config=None,
        access_log=settings.web_access_log,
        http=_HTTP_PROTOCOL,
        ws="none",
        loop=f"{SingleAcceptLoop.__module__}:{SingleAcceptLoop.__name__}",
        server_header=False,
        timeout_graceful_shutdown=_SHUTDOWN_TIMEOUT,
        proxy_headers=bool(settings.web_trusted_proxies),
        forwarded_allow_ips=settings.web_trusted_proxies,
        timeout_worker_healthcheck=_WORKER_HEALTH_TIMEOUT,
        **worker_options,
    )


@contextmanager
def _bind(address: Address) -> Iterator[socket.socket]:
    if not address.socket_path:
        with bind_socket(address.host, address.port) as server_socket:
            yield server_socket
        return
    with bind_unix_socket(address.socket_path) as server_socket:
        try:
            yield server_socket
        finally:
            with suppress(OSError):
                os.unlink(address.socket_path)


def bind_unix_socket(path: str) -> socket.socket:
    """Return a listening Unix socket, in the place of one that a killed server has left.

    Raises:
        Unavailable: If the path can't be used, or another server listens on it.
    """
    server_socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        if stat.S_ISSOCK(os.stat(path).st_mode) and not _is_listening(path):
            os.unlink(path)
    except (FileNotFoundError, ValueError):
        pass
    try:
        server_socket.bind(path)
        os.chmod(path, _SOCKET_MODE)
        server_socket.listen()
    except (OSError, ValueError) as error:
        server_socket.close()
        reason = getattr(error, "strerror", None) or str(error)
        folder = os.path.dirname(path) or "."
        if isinstance(error, FileNotFoundError) and not os.path.isdir(folder):
            reason = f"the folder {folder} does not exist; create it first"
        raise Unavailable(f"can't serve at {path}: {reason}") from error
    return server_socket


def _is_listening(path: str) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client_socket:
        return client_socket.connect_ex(path) == 0


def bind_socket(host: str, port: int) -> socket.socket:
    """Return a listening socket; raises `Unavailable` if the address is not available."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        server_socket = socket.create_server((host, port), family=family)
        # asyncio does not recognize it as a TCP socket and leaves Nagle's algorithm on: 40 ms for each response.
        server_socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return server_socket
    except (OSError, OverflowError) as error:
        # Python adds the address, which the message has already.
        reason = str(getattr(error, "strerror", "") or error).partition(" (while")[0]
        raise Unavailable(f"can't serve at {host} port {port}: {reason}") from error


def _format_url(server_socket: socket.socket, root_path: str = "") -> str:
    if server_socket.family == socket.AF_UNIX:
        return f"unix:{server_socket.getsockname()}"
    host, port = server_socket.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
    return f"http://[{host}]:{port}{root_path}/" if ":" in host else f"http://{host}:{port}{root_path}/"
