"""Puts the site together: handlers, templates and what every request passes."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from litestar import Litestar, Request
from litestar.config.cors import CORSConfig
from litestar.di import Provide
from litestar.enums import MediaType, ScopeType
from litestar.exceptions import HTTPException
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.static_files import create_static_files_router
from litestar.template import TemplateConfig
from litestar.types import HTTPScope, LifeSpanScope, Receive, Scope, Send

from .. import __version__
from ..domain.errors import AggregatorError
from ..domain.profile import Profile
from ..ports import Services
from ..settings import Settings
from .api import api
from .api.access import HEADER
from .api.description import describe_types
from .badges import badges
from .delivery import deliver
from .door import Door
from .failures import answer
from .feeds import feeds
from .operating import operating
from .pages import pages
from .pages.templating import environment
from .site import Site

_HERE = Path(__file__).parent


class SiteApp(Litestar):
    """The application; every answer of it passes `deliver`, refusals, failures and static files included."""

    door: Door
    max_age: int

    async def __call__(self, scope: Scope | LifeSpanScope, receive: Receive, send: Send) -> None:  # type: ignore[override]
        if scope["type"] == ScopeType.HTTP:
            by_origin = self.cors_config is not None
            await deliver(
                self._answer, cast(HTTPScope, scope), receive, send, max_age=self.max_age, by_origin=by_origin
            )
        else:
            await super().__call__(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = self.door.refusal(cast(HTTPScope, scope))
        if refusal is None:
            await super().__call__(scope, receive, send)
            return
        scope["app"] = scope["litestar_app"] = self
        request: Request[Any, Any, Any] = Request(scope)
        await answer(request, refusal).to_asgi_response(None, request)(scope, receive, send)


def make_app(services: Services, profiles: Mapping[str, Profile], settings: Settings) -> Litestar:
    """Return the application on services that are open for as long as it serves."""
    site = Site(services, profiles, settings)
    app = SiteApp(
        route_handlers=[
            pages,
            api,
            badges,
            feeds,
            operating,
            create_static_files_router("/static", directories=[_HERE / "static"], include_in_schema=False),
        ],
        dependencies={"site": Provide(lambda: site, sync_to_thread=False)},
        exception_handlers={HTTPException: answer, AggregatorError: answer, Exception: answer},
        template_config=TemplateConfig(instance=JinjaTemplateEngine.from_environment(environment())),
        openapi_config=_openapi(),
        logging_config=None,
        cors_config=_cors(settings),
    )
    app.door = Door(requests_a_minute=settings.web_rate_limit)
    app.max_age = settings.web_max_age
    describe_types(app)
    return app


def description() -> dict[str, Any]:
    """Return the description of the interface, as `/api/v1/openapi.json` gives it."""
    nobody = {"site": Provide(lambda: None, sync_to_thread=False)}
    app = Litestar(route_handlers=[api], dependencies=nobody, openapi_config=_openapi(), logging_config=None)
    describe_types(app)
    return app.openapi_schema.to_schema()


def _cors(settings: Settings) -> CORSConfig | None:
    origins = [origin for origin in settings.web_cors_origins.split(",") if origin]
    if not origins:
        return None
    return CORSConfig(
        allow_origins=origins,
        allow_methods=["GET", "HEAD"],
        allow_headers=["authorization", HEADER, "if-none-match"],
        expose_headers=["etag", "link", "retry-after"],
    )


def _openapi() -> OpenAPIConfig:
    """The description of the interface, as JSON only: pages that show it would load scripts from elsewhere."""
    return OpenAPIConfig(
        title="pyf.aggregator",
        version=__version__,
        path="/api/v1/openapi.json",
        render_plugins=[JsonRenderPlugin(path="/", media_type=MediaType.JSON)],
        use_handler_docstrings=True,
    )
