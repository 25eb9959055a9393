"""Does what the options of `pyfserve` ask for: settings and services together, a socket, and the server on it."""

import logging
import socket
import webbrowser
from contextlib import suppress

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
from .targets import announce_index

# Seconds that requests under way are given when the server is to end.
_GRACE = 10

# Seconds that a reader waits for a Typesense server that is away; a run may wait for TYPESENSE_PATIENCE.
_PATIENCE = 3.0


class Server(uvicorn.Server):
    """A server that says where it is once it answers."""

    def __init__(self, config: uvicorn.Config, address: str, *, open_browser: bool) -> None:
        super().__init__(config)
        self._address = address
        self._open_browser = open_browser

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        click.echo(f"Serving at {self._address}; Ctrl-C ends it.", err=True)
        if self._open_browser:
            webbrowser.open(self._address)


def perform(*, host: str, port: int, open_browser: bool) -> Exit:
    """Serve until somebody ends it; raises what `PlainCommand` tells in one line."""
    settings = load_settings()
    profiles = CurrentProfiles(settings.profiles_file)
    patience = min(settings.typesense_patience, _PATIENCE)
    hasty = settings.model_copy(update={"typesense_patience": patience})
    with listening_at(host, port) as listening, open_services(hasty) as services:
        end_on_sigterm()
        logs.set_up(settings.log_format, level=logging.WARNING, secrets=settings.secrets)
        announce_index(services, settings)
        config = configured(make_app(services, profiles, settings), settings)
        with suppress(KeyboardInterrupt):  # the server has ended by then: it raises again what it was told to end by
            Server(config, _address(listening), open_browser=open_browser).run(sockets=[listening])
    click.echo("Ended.", err=True)
    return Exit.DONE


def configured(app: Litestar, settings: Settings) -> uvicorn.Config:
    """Return how the server serves an application: who the client is, proxies say that are trusted, and no others."""
    return uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACE,
        proxy_headers=bool(settings.web_trusted_proxies),
        forwarded_allow_ips=settings.web_trusted_proxies,
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
