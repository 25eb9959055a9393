"""What operators and their programs ask: whether it works, and how it has been doing."""

from litestar import Response, Router, get
from msgspec import Struct

from ..metrics import CONTENT_TYPE
from .site import InjectedSite


class HealthStatus(Struct, frozen=True):
    """That the index can be read, and how many collections there are in it."""

    status: str
    collections: int


@get("/health", sync_to_thread=True)
def show_health(site: InjectedSite) -> Response[HealthStatus]:
    """Say that the index can be read; 503 where it can't."""
    response = HealthStatus(status="ok", collections=len(site.deps.admin.list_collections()))
    return Response(response, headers={"cache-control": "no-store"})


@get("/metrics", sync_to_thread=True)
def show_metrics(site: InjectedSite) -> Response[bytes]:
    """Tell Prometheus how the index and this process are."""
    # As a media type it would be given a second charset, and Prometheus 3 refuses what it can't parse.
    return Response(site.metrics.render(), headers={"content-type": CONTENT_TYPE, "cache-control": "no-store"})


ops = Router("/", route_handlers=[show_health, show_metrics], include_in_schema=False)
