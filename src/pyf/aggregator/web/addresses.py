"""Where things of this site are, as others reach them."""

from typing import Any
from urllib.parse import quote, urlencode

from litestar import Request

from .site import Site


def base(request: Request[Any, Any, Any], site: Site) -> str:
    """Return the site's address without a slash at its end: the setting's, or the one that a request came by."""
    return site.settings.web_url.rstrip("/") or f"{request.url.scheme}://{request.url.netloc}"


def address_of(request: Request[Any, Any, Any], site: Site, **changed: object) -> str:
    """Return the address of a request with some parameters changed."""
    kept = [(name, value) for name, value in request.query_params.multi_items() if name not in changed]
    query = urlencode([*kept, *((name, str(value)) for name, value in changed.items())])
    path = base(request, site) + quote(request.url.path)
    return f"{path}?{query}" if query else path


def project_address(root: str, shelf: str, name_normalized: str) -> str:
    """Return the address of a project's page."""
    return f"{root}/in/{quote(shelf, safe='')}/project/{quote(name_normalized, safe='')}"
