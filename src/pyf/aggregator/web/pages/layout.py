"""The frame of every page: site name, navigation, template environment, and size limits.

A search page never exceeds 60 KB, whatever texts packages have.
"""

from collections.abc import Callable, Iterable
from hashlib import blake2b
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from msgspec import Struct

from ...settings import Settings
from ...usecases.collections.public import CollectionSummary, PublicCollection
from .. import urls
from . import formatting


class CollectionLink(Struct, frozen=True, kw_only=True):
    """A collection in the navigation."""

    key: str
    title: str
    url: str


class Layout(Struct, frozen=True, kw_only=True):
    """The frame of a page. Error pages list no collections: the index may be unavailable.

    Attributes:
        base_url: what precedes paths in the URL of the site; "" if that is not configured.
    """

    collections: tuple[CollectionLink, ...] = ()
    site_name: str
    contact: str
    imprint_url: str
    base_url: str

    @property
    def contact_url(self) -> str:
        """The URL of the contact, which may be an e-mail address."""
        return self.contact if "://" in self.contact else f"mailto:{self.contact}"


class CollectionView(Struct, frozen=True, kw_only=True):
    """The collection of a page and its URLs."""

    key: str
    title: str
    url: str
    search_url: str
    suggest_url: str
    compare_url: str
    readiness_url: str
    check_url: str
    new_feed_url: str
    updates_feed_url: str


def build_layout(settings: Settings, collections: Iterable[CollectionSummary] = ()) -> Layout:
    """Build the frame of a page."""
    return Layout(
        site_name=settings.web_site_name,
        contact=settings.web_contact,
        imprint_url=settings.web_imprint,
        base_url=urls.strip_site_root(settings.web_url),
        collections=tuple(
            CollectionLink(
                key=summary.collection.key,
                title=summary.collection.title,
                url=urls.build_start_path(summary.collection.key),
            )
            for summary in collections
        ),
    )


def build_collection_view(collection: PublicCollection) -> CollectionView:
    """Build the view of a collection."""
    key = collection.key
    return CollectionView(
        key=key,
        title=collection.title,
        url=urls.build_start_path(key),
        search_url=urls.build_search_path(key),
        suggest_url=urls.build_suggest_path(key),
        compare_url=urls.build_compare_path(key),
        readiness_url=urls.build_readiness_path(key),
        check_url=urls.build_check_path(key),
        new_feed_url=urls.build_feed_path(key, "new"),
        updates_feed_url=urls.build_feed_path(key, "updated"),
    )


_WEB_DIR = Path(__file__).parent.parent


def create_environment(settings: Settings, *, is_static: bool = False) -> Environment:
    """Create the template environment: values are escaped, undefined names raise."""
    environment = Environment(
        loader=FileSystemLoader(_WEB_DIR / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    functions = (render_code, formatting.to_clean_line, formatting.sanitize, formatting.join_names)
    environment.filters |= {function.__name__: function for function in functions}
    static_urls = {
        path.name: _build_versioned_url(path) for path in sorted((_WEB_DIR / "static").iterdir()) if path.suffix
    }
    # Defaults for error pages, which no handler renders.
    environment.globals |= {
        "static": lambda name: urls.build_site_path(static_urls[name]),
        "build_site_path": urls.build_site_path,
        "layout": build_layout(settings),
        "canonical_path": "",
        "collection": None,
        "is_start": False,
        "is_static": is_static,
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


def _build_versioned_url(path: Path) -> str:
    """Return the URL of a static file with a hash of its content, so that browsers never use an outdated copy."""
    return f"/static/{path.name}?v={blake2b(path.read_bytes(), digest_size=5).hexdigest()}"


# Bytes of HTML.
MAX_PAGE_BYTES = 60_000


class PageBudget(Struct, frozen=True, kw_only=True):
    """Limits for the parts of a search page.

    Attributes:
        summary_bytes: bytes of HTML for each summary.
        label_bytes: bytes of HTML for each label of a filter value.
        values_bytes: bytes of HTML for all filter values that can be selected.
        max_frameworks: frameworks for each package.
        max_versions: versions for each framework.
        max_chips: active filters above the list.
        max_link_length: characters of a URL in a link; for longer ones, buttons of the filter form replace the links.
        with_extras: whether there are sparklines and explanations of flags.
    """

    summary_bytes: int
    label_bytes: int
    values_bytes: int
    max_frameworks: int
    max_versions: int
    max_chips: int
    max_link_length: int
    with_extras: bool


# Tried in this order until the page fits. Ordinary searches fit into the first one.
BUDGETS = (
    PageBudget(
        summary_bytes=600,
        label_bytes=400,
        values_bytes=24_000,
        max_frameworks=6,
        max_versions=4,
        max_chips=30,
        max_link_length=400,
        with_extras=True,
    ),
    PageBudget(
        summary_bytes=300,
        label_bytes=160,
        values_bytes=8_000,
        max_frameworks=2,
        max_versions=3,
        max_chips=30,
        max_link_length=160,
        with_extras=True,
    ),
    PageBudget(
        summary_bytes=160,
        label_bytes=100,
        values_bytes=6_000,
        max_frameworks=1,
        max_versions=2,
        max_chips=12,
        max_link_length=120,
        with_extras=False,
    ),
    PageBudget(
        summary_bytes=40,
        label_bytes=40,
        values_bytes=0,
        max_frameworks=1,
        max_versions=1,
        max_chips=4,
        max_link_length=80,
        with_extras=False,
    ),
)
FULL_BUDGET = BUDGETS[0]


class Action(Struct, frozen=True, kw_only=True):
    """A step to another list: a link, or, if `url` is "", a button of the filter form that adds `name` and `value`."""

    url: str
    name: str
    value: str


def build_action(url: str, name: str, value: str, budget: PageBudget) -> Action:
    """Return an action, as a link if the URL fits into the budget."""
    return Action(url=url if len(url) <= budget.max_link_length else "", name=name, value=value)


def render_within_budget(render: Callable[[PageBudget], str]) -> str:
    """Return the page that `render` makes with the first budget that keeps it below `MAX_PAGE_BYTES`."""
    for budget in BUDGETS:
        html = render(budget)
        if len(html.encode()) <= MAX_PAGE_BYTES:
            break
    return html
