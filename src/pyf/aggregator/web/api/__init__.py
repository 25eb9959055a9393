"""The interface for programs, `/api/v1/`."""

from litestar import Router
from litestar.di import Provide

from . import handlers
from .access import open_shelf

api = Router(
    "/api/v1",
    route_handlers=[
        handlers.profiles,
        handlers.search_,
        handlers.suggestions,
        handlers.project,
        handlers.releases_,
        handlers.compare,
        handlers.statistics,
    ],
    dependencies={"shelf": Provide(open_shelf, sync_to_thread=True)},
)
