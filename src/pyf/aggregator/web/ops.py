"""Endpoints for programs: health check, metrics, and the guide for language models."""

from typing import Any

from litestar import MediaType, Request, Response, Router, get
from msgspec import Struct

from ..metrics import CONTENT_TYPE
from .mcp import PATH as MCP_PATH
from .site import InjectedSite
from .urls import build_site_path, build_start_path, get_base_url


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


@get("/llms.txt", sync_to_thread=True, media_type=MediaType.TEXT)
def show_guide_for_agents(request: Request[Any, Any, Any], site: InjectedSite) -> str:
    """Tell language models where the site's data is (llmstxt.org)."""
    base_url = get_base_url(request, site)
    collections = "\n".join(
        f"- [{summary.collection.title}]({base_url}{build_start_path(summary.collection.key)}): "
        f"{summary.package_count:,} packages"
        for summary in site.list_collections()
    )
    # A site as files has neither API nor MCP server, and a feed for each release.
    server = (
        f"- [HTTP API]({base_url}{build_site_path('/api/v1/openapi.json')}): search, packages, comparison, readiness\n"
        f"- MCP server: {base_url}{build_site_path(MCP_PATH)} (streamable HTTP)\n"
    )
    interfaces, feeds = ("", "updated.atom") if site.is_static else (server, "updated.atom, ready.atom")
    return (
        "# Python packages by framework\n\n"
        "> An index of every package of Python frameworks on PyPI, with health scores, download counts, repository "
        "data and supported versions. Scores and support come from published metadata.\n\n"
        f"## Collections\n\n{collections}\n\n"
        "## Machine-readable\n\n"
        f"{interfaces}- Feeds: {base_url}{build_site_path('/feeds/COLLECTION')}/new.atom, {feeds}\n"
    )


ops = Router("/", route_handlers=[show_health, show_metrics, show_guide_for_agents], include_in_schema=False)
