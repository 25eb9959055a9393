"""Where things of this site are, as others reach them."""

from typing import Any
from urllib.parse import quote, urlencode

from litestar import Request

from .site import Site


def get_base_url(request: Request[Any, Any, Any], site: Site) -> str:
    """Return the site's address without a slash at its end: the setting's, or the one that a request came by."""
    return site.settings.web_url.rstrip("/") or f"{request.url.scheme}://{request.url.netloc}"


def build_request_url(request: Request[Any, Any, Any], site: Site, **params: object) -> str:
    """Return the address of a request with some parameters changed."""
    pairs = [(name, value) for name, value in request.query_params.multi_items() if name not in params]
    query_string = urlencode([*pairs, *((name, str(value)) for name, value in params.items())])
    url = get_base_url(request, site) + quote(request.url.path)
    return f"{url}?{query_string}" if query_string else url


def project_url(base_url: str, collection: str, name_normalized: str) -> str:
    """Return the address of a project's page."""
    return f"{base_url}/in/{quote(collection, safe='')}/project/{quote(name_normalized, safe='')}"
