"""The API for programs, `/api/v1/`."""

from litestar import Router
from litestar.di import Provide

from .openapi import HANDLERS
from .parameters import get_requested_collection

api = Router(
    "/api/v1",
    route_handlers=HANDLERS,
    dependencies={"public_collection": Provide(get_requested_collection, sync_to_thread=True)},
)
