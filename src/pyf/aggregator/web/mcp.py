"""The MCP server under /mcp, if the package `mcp` is installed."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib.util import find_spec
from typing import Any

from litestar import Litestar, asgi
from litestar.handlers import ASGIRouteHandler
from litestar.types import Receive, Scope, Send

from ..domain.membership.profile import Profile
from ..ports import Dependencies

PATH = "/mcp"

Lifespan = Callable[[Litestar], AbstractAsyncContextManager[None]]


def build_mcp_mount(deps: Dependencies, profiles: Mapping[str, Profile]) -> tuple[ASGIRouteHandler, Lifespan] | None:
    """Return the handler of /mcp and its lifespan, None without the package.

    Requests are stateless, so that any process can answer them. They only read public data: a page of another site that
    reaches this server through DNS rebinding learns nothing that it could not request itself.
    """
    if find_spec("mcp") is None:
        return None
    from mcp.server.transport_security import TransportSecuritySettings

    from ..agents.server import build_server

    server = build_server(deps, profiles)
    application: Any = server.streamable_http_app(
        streamable_http_path="/",
        stateless_http=True,
        json_response=True,
        transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
    )

    @asgi(PATH, is_mount=True, copy_scope=True)
    async def serve_mcp(scope: Scope, receive: Receive, send: Send) -> None:
        await application(scope, receive, send)

    @asynccontextmanager
    async def run_sessions(_app: Litestar) -> AsyncIterator[None]:
        async with server.session_manager.run():
            yield

    return serve_mcp, run_sessions
