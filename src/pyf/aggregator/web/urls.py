"""URLs of this site, and the parameter names that pages, API and feeds share."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any
from urllib.parse import quote, urlencode

from litestar import Request

from ..domain.documents.project import normalize_name
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

# Packages that one feed may follow, and the length of its URL: many proxies refuse a request line above 8 KB.
MAX_FEED_PACKAGES, MAX_FEED_PATH_LENGTH = 200, 7_000

# The path below which the site is published, without a trailing slash.
_root_path: ContextVar[str] = ContextVar("root_path", default="")


@contextmanager
def use_root_path(root_path: str) -> Iterator[None]:
    """Put a path in front of all paths that this module returns in the block."""
    token = _root_path.set(root_path)
    try:
        yield
    finally:
        _root_path.reset(token)


def build_site_path(path: str) -> str:
    """Return a path of this site as clients request it."""
    return _root_path.get() + path


def strip_root_path(path: str) -> str:
    """Return a path as this site serves it: proxies may or may not remove the path that the site is published below."""
    root_path = _root_path.get()
    if root_path and (path == root_path or path.startswith(f"{root_path}/")):
        return path.removeprefix(root_path) or "/"
    return path


def to_filter_pairs(query: SearchQuery) -> list[tuple[str, str]]:
    """Return the text and the filters of a query as URL parameters; sort order and page are left out."""
    pairs = [(TEXT_PARAM, query.text)] if query.text else []
    pairs += [(facet, value) for facet, values in query.filters for value in values]
    if query.updated_within is not None:
        pairs.append((AGE_PARAM, str(query.updated_within)))
    if query.declared_only:
        pairs.append((DECLARED_PARAM, "true"))
    return pairs


def get_base_url(request: Request[Any, Any, Any], site: Site) -> str:
    """Return what precedes the paths of the site: from `WEB_URL`, or the address that the client is connected to.

    The Host header is no address of the site: it is whatever a client sends.
    """
    return strip_site_root(site.settings.web_url) or f"{request.scope['scheme']}://{_format_server(request)}"


def strip_site_root(site_url: str) -> str:
    """Return what precedes the paths of this module in the URL of the site."""
    return site_url.rstrip("/").removesuffix(_root_path.get())


def build_request_url(request: Request[Any, Any, Any], site: Site, **params: object) -> str:
    """Return the URL of a request with some parameters replaced."""
    pairs = [(name, value) for name, value in request.query_params.multi_items() if name not in params]
    pairs += [(name, str(value)) for name, value in params.items()]
    return _add_query(get_base_url(request, site) + build_site_path(quote(request.scope["path"])), pairs)


def build_start_path(collection: str) -> str:
    """Return the path of a collection's start page."""
    return build_site_path(f"/in/{_quote_segment(collection)}")


def build_search_path(collection: str, pairs: QueryPairs = ()) -> str:
    """Return the path of a list of packages."""
    return _add_query(f"{build_start_path(collection)}/search", pairs)


def build_suggest_path(collection: str) -> str:
    """Return the path of the suggestions; parameter `q` is the typed text."""
    return f"{build_start_path(collection)}/suggest"


def build_releases_path(collection: str, name: str) -> str:
    """Return the path of the API's list of a package's releases, by its normalized name."""
    return f"/api/v1/collections/{_quote_segment(collection)}/packages/{_quote_segment(name)}/releases"


def build_project_path(collection: str, name: str) -> str:
    """Return the path of a package's page, by its normalized name."""
    return f"{build_start_path(collection)}/project/{_quote_segment(name)}"


def build_compare_path(collection: str, names: Iterable[str] = ()) -> str:
    """Return the path of a comparison, by normalized names."""
    return _add_query(f"{build_start_path(collection)}/compare", [("name", name) for name in names])


def build_readiness_path(collection: str, pairs: QueryPairs = (), *, suffix: str = "") -> str:
    """Return the path of the readiness board; with the suffix ".svg", that of its chart."""
    return _add_query(f"{build_start_path(collection)}/readiness{suffix}", pairs)


def build_readiness_feed_path(collection: str, pairs: QueryPairs = ()) -> str:
    """Return the path of the feed of packages that became ready for a release."""
    return _add_query(build_site_path(f"/feeds/{_quote_segment(collection)}/ready.atom"), pairs)


def build_readiness_badge_path(collection: str, name: str, pairs: QueryPairs) -> str:
    """Return the path of the badge that says whether a package is ready for a release."""
    return _add_query(build_site_path(f"/badge/{_quote_segment(collection)}/{_quote_segment(name)}/ready.svg"), pairs)


def build_check_path(collection: str) -> str:
    """Return the path of the page that checks a pasted file."""
    return f"{build_start_path(collection)}/check"


def build_badge_path(collection: str, name: str) -> str:
    """Return the path of a package's health badge, by its normalized name."""
    return build_site_path(f"/badge/{_quote_segment(collection)}/{_quote_segment(name)}/health.svg")


def build_package_feed_path(collection: str, name: str) -> str:
    """Return the path of the feed of a package's releases, by its normalized name."""
    return build_site_path(f"/feeds/{_quote_segment(collection)}/project/{_quote_segment(name)}.atom")


def build_packages_feed_path(collection: str, names: Iterable[str], pairs: QueryPairs = ()) -> str:
    """Return the path of the feed of a list of packages, the same for any order and spelling of their names.

    Args:
        pairs: The release that the packages may become ready for, as `to` and `python`.

    Returns:
        "" if there are no packages, or too many for a URL.
    """
    unique_names = sorted({normalize_name(name) for name in names})
    all_pairs = [("package", name) for name in unique_names] + [(name, value) for name, value in pairs if value]
    path = _add_query(build_site_path(f"/feeds/{_quote_segment(collection)}/packages.atom"), all_pairs)
    return path if 0 < len(unique_names) <= MAX_FEED_PACKAGES and len(path) <= MAX_FEED_PATH_LENGTH else ""


def build_feed_path(collection: str, kind: str, query: SearchQuery = SearchQuery()) -> str:
    """Return the path of a feed, filtered like a search; `kind` is `new` or `updated`."""
    return _add_query(build_site_path(f"/feeds/{_quote_segment(collection)}/{kind}.atom"), to_filter_pairs(query))


def build_feed_redirect_path(collection: str) -> str:
    """Return the path that redirects to the feed of a list, with the list's parameters."""
    return f"{build_start_path(collection)}/feed"


def _format_server(request: Request[Any, Any, Any]) -> str:
    host, port = request.scope["server"] or ("localhost", None)
    if port is None:  # a Unix socket
        return "localhost"
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _quote_segment(text: str) -> str:
    return quote(text, safe="")


def _add_query(url: str, pairs: QueryPairs) -> str:
    return f"{url}?{urlencode(pairs)}" if pairs else url
