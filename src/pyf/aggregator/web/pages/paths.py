"""Where every page is: one function a page, so that no template puts an address together by itself."""

from collections.abc import Iterable, Sequence
from urllib.parse import quote, urlencode

Pairs = Sequence[tuple[str, str]]

OVERVIEW = "/"
# Where the overview sends who has chosen a collection (`in`) and a text (`q`).
SEARCH_IN = "/search"


def start(shelf: str) -> str:
    """Return the address of a shelf's start page."""
    return f"/in/{_segment(shelf)}"


def search(shelf: str, pairs: Pairs = ()) -> str:
    """Return the address of a list; `pairs` are the question, as `asked.py` writes it."""
    return _with(f"{start(shelf)}/search", pairs)


def feed(shelf: str) -> str:
    """Return the address that leads to the feed of a list, with the list's question."""
    return f"{start(shelf)}/feed"


def suggestions(shelf: str) -> str:
    """Return the address that is asked for suggestions, with the text as `q`."""
    return f"{start(shelf)}/suggest"


def project(shelf: str, name: str) -> str:
    """Return the address of a project's page, by its normalised name."""
    return f"{start(shelf)}/project/{_segment(name)}"


def comparison(shelf: str, names: Iterable[str] = ()) -> str:
    """Return the address that compares projects, by their normalised names."""
    return _with(f"{start(shelf)}/compare", [("name", name) for name in names])


def badge(shelf: str, name: str) -> str:
    """Return the address of a project's health badge, by its normalised name."""
    return f"/badge/{_segment(shelf)}/{_segment(name)}/health.svg"


def _segment(text: str) -> str:
    return quote(text, safe="")


def _with(path: str, pairs: Pairs) -> str:
    return f"{path}?{urlencode(pairs)}" if pairs else path
