"""Where every page is: one function a page, so that no template puts an address together by itself."""

from collections.abc import Iterable, Sequence
from urllib.parse import quote, urlencode

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
