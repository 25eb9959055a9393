"""The interface for programs, `/api/v1/`."""

from litestar import Router
from litestar.di import Provide

from .parameters import get_requested_collection
from .openapi import HANDLERS

api = Router(
    "/api/v1",
    route_handlers=HANDLERS,
    dependencies={"shelf": Provide(get_requested_collection, sync_to_thread=True)},
)
