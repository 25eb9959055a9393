"""The MCP server under /mcp, if the package `mcp` is installed."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from importlib.util import find_spec
from typing import Any

from litestar import Litestar, asgi
from litestar.exceptions import MethodNotAllowedException
from litestar.handlers import ASGIRouteHandler
from litestar.types import Receive, Scope, Send

from ..domain.membership.profile import Profile
from ..ports import Dependencies

PATH = "/mcp"


class McpMount:
    """The server, built by the first request: importing the package takes half a second.

    Requests are stateless, so that any process can answer them. They only read public data: a page of another site that
    reaches this server through DNS rebinding learns nothing that it could not request itself.
    """

    def __init__(self, deps: Dependencies, profiles: Mapping[str, Profile]) -> None:
        self._deps = deps
        self._profiles = profiles
        self._application: Any = None
        self._lock = asyncio.Lock()
        self._is_stopping = asyncio.Event()
        self._sessions: asyncio.Task[None] | None = None

    @property
    def handler(self) -> ASGIRouteHandler:
        """The handler of /mcp."""

        @asgi(PATH, is_mount=True, copy_scope=True)
        async def serve_mcp(scope: Scope, receive: Receive, send: Send) -> None:
            if scope.get("method") in ("GET", "HEAD"):
                # It would open a stream of events that never has one, and hold the connection.
                raise MethodNotAllowedException(headers={"Allow": "POST"})
            async with self._lock:
                if self._application is None:
                    await self._start()
            await self._application(scope, receive, send)

        return serve_mcp

    @asynccontextmanager
    async def run(self, _app: Litestar) -> AsyncIterator[None]:
        """End the sessions when the site stops."""
        yield
        self._is_stopping.set()
        if self._sessions:
            await self._sessions

    async def _start(self) -> None:
        server, application = await asyncio.to_thread(self._build)
        is_running = asyncio.Event()

        async def run_sessions() -> None:
            async with server.session_manager.run():
                is_running.set()
                await self._is_stopping.wait()

        self._sessions = asyncio.create_task(run_sessions())
        await is_running.wait()
        self._application = application

    def _build(self) -> tuple[Any, Any]:
        from mcp.server.transport_security import TransportSecuritySettings

        from ..agents.server import build_server

        server = build_server(self._deps, self._profiles)
        application = server.streamable_http_app(
            streamable_http_path="/",
            stateless_http=True,
            json_response=True,
            transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
        )
        return server, application


def build_mcp_mount(deps: Dependencies, profiles: Mapping[str, Profile]) -> McpMount | None:
    """Return the server under /mcp, None without the package."""
    return McpMount(deps, profiles) if find_spec("mcp") else None
