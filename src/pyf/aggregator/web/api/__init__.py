"""The interface for programs, `/api/v1/`."""

from litestar import Router
from litestar.di import Provide

from .access import open_shelf
from .description import HANDLERS

api = Router(
    "/api/v1",
    route_handlers=HANDLERS,
    dependencies={"shelf": Provide(open_shelf, sync_to_thread=True)},
)
