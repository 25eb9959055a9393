"""The web application: handlers, templates, and the steps that every request passes."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

from litestar import Litestar, Request
from litestar.config.cors import CORSConfig
from litestar.di import Provide
from litestar.enums import ScopeType
from litestar.exceptions import HTTPException
from litestar.plugins import PluginProtocol
from litestar.plugins.core import MsgspecDIPlugin
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.static_files import create_static_files_router
from litestar.template import TemplateConfig
from litestar.types import HTTPScope, LifeSpanScope, Receive, Scope, Send

from ..domain.errors import AggregatorError
from ..domain.membership.profile import Profile
from ..ports import Dependencies
from ..settings import Settings
from .api import api
from .api.openapi import add_type_descriptions, build_openapi_config
from .api.parameters import KEY_HEADER
from .badges import badges
from .crawlers import crawlers
from .feeds import feeds
from .mcp import build_mcp_mount
from .ops import ops
from .pages import pages
from .pages.layout import create_environment
from .problems import to_response
from .rate_limit import IN_MEMORY, RequestLimiter, buffer_body, reject_body
from .responses import finalize_response
from .site import Site
from .urls import strip_root_path, use_root_path

STATIC_FOLDER = Path(__file__).parent / "static"


class SiteApp(Litestar):
    """The application. Every response passes `finalize_response`: also rejections, errors and static files."""

    limiter: RequestLimiter
    max_age: int
    root_path: str = ""

    @staticmethod
    def _get_default_plugins(plugins: list[PluginProtocol]) -> list[PluginProtocol]:
        # Those for Pydantic and attrs are of no use here. Importing Pydantic takes 0.15 s, where it is installed.
        return [*plugins, MsgspecDIPlugin()]

    async def __call__(self, scope: Scope | LifeSpanScope, receive: Receive, send: Send) -> None:  # type: ignore[override]
        if scope["type"] == ScopeType.HTTP:
            with use_root_path(self.root_path):
                await finalize_response(
                    self._handle_limited,
                    _strip_root_path(cast(HTTPScope, scope)),
                    receive,
                    send,
                    max_age=self.max_age,
                    varies_by_origin=self.cors_config is not None,
                )
        else:
            await super().__call__(scope, receive, send)

    async def _handle_limited(self, scope: Scope, receive: Receive, send: Send) -> None:
        rejection = self.limiter.find_rejection(cast(HTTPScope, scope))
        if rejection is None:
            buffered_receive = await buffer_body(cast(HTTPScope, scope), receive)
            if buffered_receive is not None:
                await super().__call__(scope, buffered_receive, send)
                return
            rejection = reject_body()
        scope["app"] = scope["litestar_app"] = self
        request: Request[Any, Any, Any] = Request(scope)
        await to_response(request, rejection).to_asgi_response(None, request)(scope, receive, send)


def _strip_root_path(scope: HTTPScope) -> HTTPScope:
    """Return a copy: Litestar shortens the path of mounted applications, and the server logs its own scope's."""
    path = strip_root_path(scope["path"])
    raw_path = scope["raw_path"] if path == scope["path"] else quote(path).encode()
    return cast(HTTPScope, {**scope, "path": path, "raw_path": raw_path})


def create_app(
    deps: Dependencies,
    profiles: Mapping[str, Profile],
    settings: Settings,
    *,
    buckets_path: str = IN_MEMORY,
    is_static: bool = False,
) -> Litestar:
    """Create the application; `deps` must stay open while it serves.

    Args:
        buckets_path: The file of the rate limits of clients, which the processes of a server share.
        is_static: Whether pages are written to files: they have no forms that need a server.
    """
    site = Site(deps, profiles, settings, is_static=is_static)
    # Agents send no keys, so that they can use open collections only.
    mcp_mount = None if settings.web_api_keys_required or is_static else build_mcp_mount(deps, profiles)
    app = SiteApp(
        route_handlers=[
            pages,
            api,
            badges,
            feeds,
            ops,
            crawlers,
            create_static_files_router("/static", directories=[STATIC_FOLDER], include_in_schema=False),
            *([mcp_mount.handler] if mcp_mount else []),
        ],
        dependencies={"site": Provide(lambda: site, sync_to_thread=False)},
        exception_handlers={HTTPException: to_response, AggregatorError: to_response, Exception: to_response},
        template_config=TemplateConfig(
            instance=JinjaTemplateEngine.from_environment(create_environment(settings, is_static=is_static))
        ),
        openapi_config=build_openapi_config(settings.root_path),
        logging_config=None,
        lifespan=[mcp_mount.run] if mcp_mount else [],
        cors_config=_build_cors_config(settings),
    )
    app.limiter = RequestLimiter(requests_per_minute=settings.web_rate_limit, path=buckets_path)
    app.max_age = settings.web_cache_max_age
    app.root_path = "" if is_static else settings.root_path  # links between files are relative
    return app


def build_openapi() -> dict[str, Any]:
    """Return the OpenAPI description that `/api/v1/openapi.json` serves."""
    no_site = {"site": Provide(lambda: None, sync_to_thread=False)}
    app = Litestar(
        route_handlers=[api], dependencies=no_site, openapi_config=build_openapi_config(), logging_config=None
    )
    description = app.openapi_schema.to_schema()
    add_type_descriptions(description)
    return description


def _build_cors_config(settings: Settings) -> CORSConfig | None:
    origins = [origin for origin in settings.web_cors_origins.split(",") if origin]
    if not origins:
        return None
    return CORSConfig(
        allow_origins=origins,
        allow_methods=["GET", "HEAD"],
        allow_headers=["authorization", KEY_HEADER, "if-none-match"],
        expose_headers=["etag", "link", "retry-after"],
    )
