"""The list: what was found, what it can be narrowed to, and the way to its other pages."""

from collections.abc import Iterator

from msgspec import Struct

from ...domain.search import SearchQuery, SearchResults
from . import asked, paths, words
from .asked import FACET_PARAMS, SearchParams
from .filters import Chip, Choice, FacetView, list_path, build_chips, build_facets, build_period_choices, build_sort_choices
from .hits import HitView, build_hit_view
from .room import FULL_BUDGET, PageBudget, Action, action_for

_NEIGHBORS = 1
# Bytes of HTML that the text takes where it is repeated.
_MAX_REPEATED_TEXT_SIZE = 200


class PageLink(Struct, frozen=True, kw_only=True):
    """A page of the answer; number 0 stands for pages that are left out."""

    number: int
    action: Action | None = None
    is_current: bool = False


class SearchPage(Struct, frozen=True, kw_only=True):
    """A list as its template shows it.

    `count` is a sentence; `range` tells which hits these are; `behind` is one where the page is behind the last.
    `told` is the text, cut where it would take too much to repeat. `chips` are filters that are set, of which there
    are `more_chips`. `feed` is "" where its address is too long for a link.
    """

    text: str
    short_text: str
    problem: str
    count: str
    range: str
    past_end: str
    hits: tuple[HitView, ...]
    facets: tuple[FacetView, ...]
    periods: tuple[Choice, ...]
    sorts: tuple[Choice, ...]
    chips: tuple[Chip, ...]
    hidden_filter_count: int
    clear_url: str
    pages: tuple[PageLink, ...]
    previous_action: Action | None
    next_action: Action | None
    expanded_facets: tuple[str, ...]
    all_url: str
    feed_url: str
    feed_redirect_url: str

    @property
    def advice(self) -> tuple[str, ...]:
        """What may help whoever found nothing."""
        hints = ["Take filters away: a package has to pass all of them."] if self.chips else []
        if self.text:
            hints += [
                "Use fewer words, or the beginning of a name.",
                "Look for what it does instead of what it is called.",
            ]
        return tuple(hints)


def build_search_page(collection: str, params: SearchParams, results: SearchResults, *, feed_url: str, budget: PageBudget = FULL_BUDGET) -> SearchPage:
    """Return a list for its template, as far as there is room for it; `feed` is the address of its feed."""
    query = params.query
    active_chips = tuple(build_chips(collection, params, budget))
    last_page = max(1, -(-results.total // query.per_page))
    return SearchPage(
        text=query.text,
        short_text=words.truncate_html(query.text, _MAX_REPEATED_TEXT_SIZE),
        problem=params.problem,
        count=words.pluralize(results.total, "package"),
        range=_format_range(query, results),
        past_end=f"The list ends with page {words.format_int(last_page)}." if results.total and query.page > last_page else "",
        hits=tuple(build_hit_view(collection, hit, budget) for hit in results.hits),
        facets=tuple(build_facets(collection, params, results, budget)),
        periods=build_period_choices(query),
        sorts=build_sort_choices(query),
        chips=active_chips[: budget.max_chips],
        hidden_filter_count=len(active_chips[budget.max_chips :]),
        clear_url=list_path(collection, asked.without_filters(params)),
        pages=tuple(_build_page_links(collection, params, last_page, budget)),
        previous_action=_page_action(collection, params, min(query.page - 1, last_page), budget) if query.page > 1 else None,
        next_action=_page_action(collection, params, query.page + 1, budget) if query.page < last_page else None,
        expanded_facets=tuple(sorted(FACET_PARAMS[facet] for facet in params.expanded_facets)),
        all_url=paths.search_path(collection),
        feed_url=action_for(feed_url, "", "", budget).url,
        feed_redirect_url=paths.feed_redirect_path(collection),
    )


def _format_range(query: SearchQuery, results: SearchResults) -> str:
    if not results.hits or results.total == len(results.hits):
        return ""
    first = (query.page - 1) * query.per_page + 1
    return f"{first:,}–{first + len(results.hits) - 1:,}"


def _build_page_links(collection: str, params: SearchParams, last_page: int, budget: PageBudget) -> Iterator[PageLink]:
    """Yield links to the first and the last page and to those around this one."""
    if last_page == 1:
        return
    current = params.query.page
    numbers = {n for n in range(current - _NEIGHBORS, current + _NEIGHBORS + 1) if 1 <= n <= last_page} | {1, last_page}
    previous = 0
    for number in sorted(numbers):
        if number - previous == 2:
            yield _build_page_link(collection, params, number - 1, budget)
        elif number - previous > 2:
            yield PageLink(number=0)
        yield _build_page_link(collection, params, number, budget)
        previous = number


def _build_page_link(collection: str, params: SearchParams, number: int, budget: PageBudget) -> PageLink:
    is_current = number == params.query.page
    return PageLink(number=number, action=_page_action(collection, params, number, budget), is_current=is_current)


def _page_action(collection: str, params: SearchParams, page: int, budget: PageBudget) -> Action:
    return action_for(list_path(collection, asked.with_page(params, page)), "page", str(page), budget)
