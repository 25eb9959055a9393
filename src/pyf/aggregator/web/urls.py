"""Where things of this site are, as others reach them.

Where every page is: one function a page, so that no template puts an address together by itself.
"""

from collections.abc import Iterable, Sequence
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


QueryPairs = Sequence[tuple[str, str]]

OVERVIEW_PATH = "/"
# Where the overview sends who has chosen a collection (`in`) and a text (`q`).
SEARCH_REDIRECT_PATH = "/search"


def start_path(collection: str) -> str:
    """Return the address of a shelf's start page."""
    return f"/in/{_quote_segment(collection)}"


def search_path(collection: str, pairs: QueryPairs = ()) -> str:
    """Return the address of a list; `pairs` are the question, as `asked.py` writes it."""
    return _add_query(f"{start_path(collection)}/search", pairs)


def feed_redirect_path(collection: str) -> str:
    """Return the address that leads to the feed of a list, with the list's question."""
    return f"{start_path(collection)}/feed"


def suggest_path(collection: str) -> str:
    """Return the address that is asked for suggestions, with the text as `q`."""
    return f"{start_path(collection)}/suggest"


def project_path(collection: str, name: str) -> str:
    """Return the address of a project's page, by its normalised name."""
    return f"{start_path(collection)}/project/{_quote_segment(name)}"


def compare_path(collection: str, names: Iterable[str] = ()) -> str:
    """Return the address that compares projects, by their normalised names."""
    return _add_query(f"{start_path(collection)}/compare", [("name", name) for name in names])


def badge_path(collection: str, name: str) -> str:
    """Return the address of a project's health badge, by its normalised name."""
    return f"/badge/{_quote_segment(collection)}/{_quote_segment(name)}/health.svg"


def _quote_segment(text: str) -> str:
    return quote(text, safe="")


def _add_query(path: str, pairs: QueryPairs) -> str:
    return f"{path}?{urlencode(pairs)}" if pairs else path
