"""The frame of every page (site name, navigation, links of the collection) and the template environment."""

from collections.abc import Iterable
from hashlib import blake2b
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from msgspec import Struct

from ...usecases.collections.overview import CollectionSummary, PublicCollection
from .. import urls

SITE_NAME = "Python Package Index by Framework"


class CollectionLink(Struct, frozen=True, kw_only=True):
    """A collection in the navigation."""

    key: str
    title: str
    url: str


class Layout(Struct, frozen=True, kw_only=True):
    """The frame of a page. Error pages list no collections: the index may be unavailable."""

    collections: tuple[CollectionLink, ...] = ()
    site_name: str = SITE_NAME


class CollectionView(Struct, frozen=True, kw_only=True):
    """The collection of a page and its URLs."""

    key: str
    title: str
    url: str
    search_url: str
    suggest_url: str
    compare_url: str
    new_feed_url: str
    updates_feed_url: str


def build_layout(collections: Iterable[CollectionSummary]) -> Layout:
    """Build the frame of a page."""
    return Layout(
        collections=tuple(
            CollectionLink(
                key=summary.collection.key, title=summary.collection.title, url=urls.start_path(summary.collection.key)
            )
            for summary in collections
        )
    )


def build_collection_view(collection: PublicCollection) -> CollectionView:
    """Build the view of a collection."""
    key = collection.key
    return CollectionView(
        key=key,
        title=collection.title,
        url=urls.start_path(key),
        search_url=urls.search_path(key),
        suggest_url=urls.suggest_path(key),
        compare_url=urls.compare_path(key),
        new_feed_url=urls.feed_path(key, "new"),
        updates_feed_url=urls.feed_path(key, "updated"),
    )


_WEB_DIR = Path(__file__).parent.parent


def create_environment() -> Environment:
    """Create the template environment: values are escaped, undefined names raise."""
    environment = Environment(
        loader=FileSystemLoader(_WEB_DIR / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["render_code"] = render_code
    static_urls = {path.name: _versioned_url(path) for path in sorted((_WEB_DIR / "static").iterdir()) if path.suffix}
    # Defaults for error pages, which no handler renders.
    environment.globals |= {
        "static": static_urls.__getitem__,
        "layout": Layout(),
        "collection": None,
        "is_start": False,
    }
    return environment


def render_code(text: str) -> Markup:
    """Return text as HTML, with `code` between backticks as code elements."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return escape(text)
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if number % 2 else escape(part) for number, part in enumerate(parts)
    )


def _versioned_url(path: Path) -> str:
    """Return the URL of a static file with a hash of its content, so that browsers never use an outdated copy."""
    return f"/static/{path.name}?v={blake2b(path.read_bytes(), digest_size=5).hexdigest()}"
