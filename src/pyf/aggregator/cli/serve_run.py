"""Does what the options of `pyfserve` ask for: settings and services together, a socket, and the server on it."""

import logging
import os
import signal
import socket
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from multiprocessing import parent_process
from threading import Thread
from typing import Any

import click
import uvicorn
from litestar import Litestar

from .. import logs
from ..adapters.profiles import CurrentProfiles
from ..bootstrap import open_services
from ..domain.errors import Unavailable
from ..settings import Settings, load_settings
from ..web.app import make_app
from .exits import Exit, end_on_sigterm
from .serve_processes import FairLoop, Processes
from .targets import announce_index

# Seconds that requests under way are given when the server is to end.
_GRACE = 10

# Seconds after which a process that serves and does not say that it is alive is replaced.
_STUCK = 60

# Seconds that a reader waits for a Typesense server that is away; a run may wait for TYPESENSE_PATIENCE.
_PATIENCE = 3.0


class Server(uvicorn.Server):
    """A server that says where it is once it answers."""

    def __init__(self, config: uvicorn.Config, told: Callable[[], None]) -> None:
        super().__init__(config)
        self._told = told

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._told()


def perform(*, host: str, port: int, open_browser: bool, workers: int) -> Exit:
    """Serve until somebody ends it; raises what `PlainCommand` tells in one line."""
    settings = load_settings()

    def told() -> None:
        click.echo(f"Serving at {_address(listening)}; Ctrl-C ends it.", err=True)
        if open_browser:
            webbrowser.open(_address(listening))

    with listening_at(host, port) as listening, ExitStack() as opened:
        end_on_sigterm()
        app = opened.enter_context(_application(settings))
        announce_index(app.state.services, settings)
        with suppress(KeyboardInterrupt):  # the server has ended by then: it raises again what it was told to end by
            if workers == 1:
                Server(configured(app, settings), told).run(sockets=[listening])
            else:
                opened.close()  # processes that share a file open it for themselves
                config = configured(f"{__name__}:application", settings, factory=True, workers=workers)
                Processes(config, listening, told).run()
    click.echo("Ended.", err=True)
    return Exit.DONE


def application() -> Litestar:
    """Return what one of several processes serves, which ends with the one that started it."""
    opened = ExitStack()
    app = opened.enter_context(_application(load_settings()))
    app.on_shutdown.append(opened.close)
    Thread(target=_end_with_parent, daemon=True).start()
    return app


@contextmanager
def _application(settings: Settings) -> Iterator[Litestar]:
    logs.set_up(settings.log_format, level=logging.WARNING, secrets=settings.secrets)
    patience = min(settings.typesense_patience, _PATIENCE)
    profiles = CurrentProfiles(settings.profiles_file)
    with open_services(settings.model_copy(update={"typesense_patience": patience})) as services:
        app = make_app(services, profiles, settings)
        app.state.services = services
        yield app


def _end_with_parent() -> None:
    if parent := parent_process():
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)


def configured(app: Litestar | str, settings: Settings, **processes: Any) -> uvicorn.Config:
    """Return how the server serves an application: who the client is, proxies say that are trusted, and no others."""
    return uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        loop=f"{FairLoop.__module__}:{FairLoop.__name__}",
        server_header=False,
        timeout_graceful_shutdown=_GRACE,
        proxy_headers=bool(settings.web_trusted_proxies),
        forwarded_allow_ips=settings.web_trusted_proxies,
        timeout_worker_healthcheck=_STUCK,
        **processes,
    )


def listening_at(host: str, port: int) -> socket.socket:
    """Return a socket to serve on; raises `Unavailable` for one that can't be had."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listening = socket.create_server((host, port), family=family)
        # asyncio takes it for no TCP socket and leaves Nagle's algorithm on: every answer would take 40 ms longer.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listening
    except (OSError, OverflowError) as error:
        # Python adds the address, which is named already.
        reason = str(getattr(error, "strerror", "") or error).partition(" (while")[0]
        raise Unavailable(f"can't serve at {host} port {port}: {reason}") from error


def _address(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - it is read, not bound
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"
