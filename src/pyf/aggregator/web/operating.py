"""What operators and their programs ask: whether it works, and how it has been doing."""

from litestar import Response, Router, get
from msgspec import Struct

from ..metrics import CONTENT_TYPE
from .site import TheSite


class Health(Struct, frozen=True):
    """That the index can be read, and how many collections there are in it."""

    status: str
    collections: int


@get("/health", sync_to_thread=True)
def health(site: TheSite) -> Response[Health]:
    """Say that the index can be read; 503 where it can't."""
    found = Health(status="ok", collections=len(site.services.admin.collections()))
    return Response(found, headers={"cache-control": "no-store"})


@get("/metrics", sync_to_thread=True)
def metrics(site: TheSite) -> Response[bytes]:
    """Tell Prometheus how the index and this process are."""
    # As a media type it would be given a second charset, and Prometheus 3 refuses what it can't parse.
    return Response(site.metrics.text(), headers={"content-type": CONTENT_TYPE, "cache-control": "no-store"})


operating = Router("/", route_handlers=[health, metrics], include_in_schema=False)
