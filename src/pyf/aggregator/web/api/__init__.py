"""The interface for programs, `/api/v1/`."""

from litestar import Router, get

from ..site import TheSite
from .answers import Collection


@get("/profiles", sync_to_thread=True)
def profiles(site: TheSite) -> list[Collection]:
    """List the collections that can be searched."""
    return [Collection.of(each) for each in site.shelves()]


api = Router("/api/v1", route_handlers=[profiles])
