"""Endpoints for operators: health check and metrics."""

from litestar import Response, Router, get
from msgspec import Struct

from ..metrics import CONTENT_TYPE
from .site import InjectedSite


class HealthStatus(Struct, frozen=True):
    """The index can be read and has this number of collections."""

    status: str
    collections: int


@get("/health", sync_to_thread=True)
def show_health(site: InjectedSite) -> Response[HealthStatus]:
    """Check that the index can be read and searched, as pages do; 503 if not."""
    response = HealthStatus(status="ok", collections=site.check())
    return Response(response, headers={"cache-control": "no-store"})


@get("/metrics", sync_to_thread=True)
def show_metrics(site: InjectedSite) -> Response[bytes]:
    """Return the metrics of the index and of this process in Prometheus format."""
    # Set as a header: Litestar would add a second charset to a media type, and Prometheus 3 rejects that.
    return Response(site.metrics.render(), headers={"content-type": CONTENT_TYPE, "cache-control": "no-store"})


ops = Router("/", route_handlers=[show_health, show_metrics], include_in_schema=False)
