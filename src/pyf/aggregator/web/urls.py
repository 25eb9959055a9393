"""URLs of this site, and the parameter names that pages, API and feeds share."""

from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import quote, urlencode

from litestar import Request

from ..domain.documents.schema import FACETS
from ..domain.search import SearchQuery
from .site import Site

QueryPairs = Sequence[tuple[str, str]]

# Parameters of a search: the text, the age of the release in days, whether only declared versions count, and one for
# each facet.
TEXT_PARAM, AGE_PARAM, DECLARED_PARAM = "q", "updated_within", "declared_only"
FILTER_PARAMS = frozenset({TEXT_PARAM, AGE_PARAM, DECLARED_PARAM, *FACETS})
# Parameters of a list of packages.
SEARCH_PARAMS = FILTER_PARAMS | {"sort", "page", "per_page"}

OVERVIEW_PATH = "/"
# Redirects the form of the overview: parameter `in` is the collection, `q` the text.
SEARCH_REDIRECT_PATH = "/search"


def filter_pairs(query: SearchQuery) -> list[tuple[str, str]]:
    """Return the text and the filters of a query as URL parameters; sort order and page are left out."""
    pairs = [(TEXT_PARAM, query.text)] if query.text else []
    pairs += [(facet, value) for facet, values in query.filters for value in values]
    if query.updated_within is not None:
        pairs.append((AGE_PARAM, str(query.updated_within)))
    if query.declared_only:
        pairs.append((DECLARED_PARAM, "true"))
    return pairs


def get_base_url(request: Request[Any, Any, Any], site: Site) -> str:
    """Return the site's URL without a trailing slash: `WEB_URL`, or the address that the client is connected to.

    The Host header is no address of the site: it is whatever a client sends.
    """
    return site.settings.web_url.rstrip("/") or f"{request.scope['scheme']}://{_format_server(request)}"


def build_request_url(request: Request[Any, Any, Any], site: Site, **params: object) -> str:
    """Return the URL of a request with some parameters replaced."""
    pairs = [(name, value) for name, value in request.query_params.multi_items() if name not in params]
    pairs += [(name, str(value)) for name, value in params.items()]
    return _add_query(get_base_url(request, site) + quote(request.scope["path"]), pairs)


def start_path(collection: str) -> str:
    """Return the path of a collection's start page."""
    return f"/in/{_quote_segment(collection)}"


def search_path(collection: str, pairs: QueryPairs = ()) -> str:
    """Return the path of a list of packages."""
    return _add_query(f"{start_path(collection)}/search", pairs)


def suggest_path(collection: str) -> str:
    """Return the path of the suggestions; parameter `q` is the typed text."""
    return f"{start_path(collection)}/suggest"


def releases_path(collection: str, name: str) -> str:
    """Return the path of the API's list of a package's releases, by its normalized name."""
    return f"/api/v1/collections/{_quote_segment(collection)}/packages/{_quote_segment(name)}/releases"


def project_path(collection: str, name: str) -> str:
    """Return the path of a package's page, by its normalized name."""
    return f"{start_path(collection)}/project/{_quote_segment(name)}"


def compare_path(collection: str, names: Iterable[str] = ()) -> str:
    """Return the path of a comparison, by normalized names."""
    return _add_query(f"{start_path(collection)}/compare", [("name", name) for name in names])


def readiness_path(collection: str, pairs: QueryPairs = (), *, suffix: str = "") -> str:
    """Return the path of the readiness board; with the suffix ".svg", that of its chart."""
    return _add_query(f"{start_path(collection)}/readiness{suffix}", pairs)


def readiness_feed_path(collection: str, pairs: QueryPairs = ()) -> str:
    """Return the path of the feed of packages that became ready for a release."""
    return _add_query(f"/feeds/{_quote_segment(collection)}/ready.atom", pairs)


def check_path(collection: str) -> str:
    """Return the path of the page that checks a pasted file."""
    return f"{start_path(collection)}/check"


def badge_path(collection: str, name: str) -> str:
    """Return the path of a package's health badge, by its normalized name."""
    return f"/badge/{_quote_segment(collection)}/{_quote_segment(name)}/health.svg"


def feed_path(collection: str, kind: str, query: SearchQuery = SearchQuery()) -> str:
    """Return the path of a feed, filtered like a search; `kind` is `new` or `updated`."""
    return _add_query(f"/feeds/{_quote_segment(collection)}/{kind}.atom", filter_pairs(query))


def feed_redirect_path(collection: str) -> str:
    """Return the path that redirects to the feed of a list, with the list's parameters."""
    return f"{start_path(collection)}/feed"


def _format_server(request: Request[Any, Any, Any]) -> str:
    host, port = request.scope["server"] or ("localhost", None)
    if port is None:  # a Unix socket
        return "localhost"
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _quote_segment(text: str) -> str:
    return quote(text, safe="")


def _add_query(url: str, pairs: QueryPairs) -> str:
    return f"{url}?{urlencode(pairs)}" if pairs else url
