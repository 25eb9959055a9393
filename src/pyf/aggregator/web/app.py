"""Puts the site together: handlers, templates and what every request passes."""

from collections.abc import Mapping
from pathlib import Path
from typing import cast

from litestar import Litestar
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
from .delivery import deliver
from .failures import answer
from .operating import operating
from .pages import pages
from .pages.templating import environment
from .site import Site

_HERE = Path(__file__).parent


class SiteApp(Litestar):
    """The application; every answer of it passes `deliver`, failures and static files included."""

    async def __call__(self, scope: Scope | LifeSpanScope, receive: Receive, send: Send) -> None:  # type: ignore[override]
        if scope["type"] == ScopeType.HTTP:
            await deliver(super().__call__, cast(HTTPScope, scope), receive, send)
        else:
            await super().__call__(scope, receive, send)


def make_app(services: Services, profiles: Mapping[str, Profile], settings: Settings) -> Litestar:
    """Return the application on services that are open for as long as it serves."""
    site = Site(services, profiles, settings)
    return SiteApp(
        route_handlers=[
            pages,
            api,
            operating,
            create_static_files_router("/static", directories=[_HERE / "static"], include_in_schema=False),
        ],
        dependencies={"site": Provide(lambda: site, sync_to_thread=False)},
        exception_handlers={HTTPException: answer, AggregatorError: answer, Exception: answer},
        template_config=TemplateConfig(instance=JinjaTemplateEngine.from_environment(environment())),
        openapi_config=_openapi(),
        logging_config=None,
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
