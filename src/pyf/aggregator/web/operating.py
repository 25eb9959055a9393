"""What operators and their programs ask: whether it works, and how it has been doing."""

from litestar import Router, get
from msgspec import Struct

from ..domain.errors import Unavailable
from .site import TheSite


class Health(Struct, frozen=True):
    """That the index can be read, and how many collections there are in it."""

    status: str
    collections: int


@get("/health", sync_to_thread=True)
def health(site: TheSite) -> Health:
    """Say that the index can be read; 503 where it can't."""
    if not site.services.admin.location():
        raise Unavailable("nobody knows where the index is")
    return Health(status="ok", collections=len(site.services.admin.collections()))


operating = Router("/", route_handlers=[health], include_in_schema=False)
