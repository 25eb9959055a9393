"""What stands around every page: the site's name, its collections, and the search of the one that is read.

The templates, and what all of them may use.
"""

from collections.abc import Iterable
from hashlib import blake2b
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from msgspec import Struct

from ...usecases.collections.overview import CollectionSummary, PublicCollection
from .. import urls
from ..feeds import feed_path

SITE_NAME = "Package shelves"


class CollectionLink(Struct, frozen=True, kw_only=True):
    """A collection in the navigation."""

    key: str
    title: str
    url: str


class Layout(Struct, frozen=True, kw_only=True):
    """The frame of a page; a page about a failure has no collections, for the index may be what has failed."""

    collections: tuple[CollectionLink, ...] = ()
    site_name: str = SITE_NAME


class CollectionView(Struct, frozen=True, kw_only=True):
    """The collection that a page is about, with the addresses around it."""

    key: str
    title: str
    url: str
    search_url: str
    suggest_url: str
    compare_url: str
    new_feed_url: str
    updates_feed_url: str


def build_layout(collections: Iterable[CollectionSummary]) -> Layout:
    """Return the frame around a page."""
    return Layout(
        collections=tuple(
            CollectionLink(
                key=summary.collection.key, title=summary.collection.title, url=urls.start_path(summary.collection.key)
            )
            for summary in collections
        )
    )


def build_collection_view(collection: PublicCollection) -> CollectionView:
    """Return a collection for its pages."""
    key = collection.key
    return CollectionView(
        key=key,
        title=collection.title,
        url=urls.start_path(key),
        search_url=urls.search_path(key),
        suggest_url=urls.suggest_path(key),
        compare_url=urls.compare_path(key),
        new_feed_url=feed_path(key, "new"),
        updates_feed_url=feed_path(key, "updated"),
    )


_WEB_DIR = Path(__file__).parent.parent


def create_environment() -> Environment:
    """Return the templates: what is put in is escaped, and what is missing is a defect."""
    environment = Environment(
        loader=FileSystemLoader(_WEB_DIR / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["coded"] = render_code
    static_urls = {path.name: _versioned_url(path) for path in sorted((_WEB_DIR / "static").iterdir()) if path.suffix}
    # A page about a failure is put in no frame by a handler.
    environment.globals |= {"static": static_urls.__getitem__, "site": Layout(), "shelf": None, "is_start": False}
    return environment


def render_code(text: str) -> Markup:
    """Return text as HTML in which what stands between two backticks is code."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return escape(text)
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if number % 2 else escape(part) for number, part in enumerate(parts)
    )


def _versioned_url(path: Path) -> str:
    """Return a file's address with a tag of its content, so that a copy which a browser keeps is never out of date."""
    return f"/static/{path.name}?v={blake2b(path.read_bytes(), digest_size=5).hexdigest()}"
