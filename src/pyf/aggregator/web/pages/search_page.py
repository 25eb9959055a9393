"""The search page: hits, filters with their counts, active filters and page links."""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from ...domain.documents.facets import Facet
from ...domain.documents.project import normalize_name
from ...domain.documents.schema import FACETS
from ...domain.search import MAX_VALUE_LENGTH, SORT_ORDERS, FacetCount, SearchQuery, SearchResults, count_missing
from .. import urls
from ..urls import AGE_PARAM, DECLARED_PARAM
from . import formatting, search_params
from .formatting import sort_versions
from .hits import HitView, build_hit_view
from .layout import FULL_BUDGET, Action, PageBudget, build_action
from .search_params import AGE_PERIODS, EXPANDED_PARAM, REMOVE_PARAM, SearchParams

# Bytes of HTML of an active filter; the list of filters shows the whole value.
_MAX_CHIP_SIZE = 100
# Bytes of HTML that a choice takes besides its value and label.
_VALUE_MARKUP_SIZE = 110


class Choice(Struct, frozen=True, kw_only=True):
    """A value of a filter or select box; `count` is the number of packages that have it."""

    value: str
    label: str
    count: str = ""
    is_selected: bool = False


class FacetView(Struct, frozen=True, kw_only=True):
    """A filter with its values; `more_action` lists all of them, None if all are listed."""

    parameter: str
    title: str
    choices: tuple[Choice, ...]
    more_action: Action | None = None

    @property
    def is_active(self) -> bool:
        """Whether a value is selected."""
        return any(choice.is_selected for choice in self.choices)


class Chip(Struct, frozen=True, kw_only=True):
    """An active filter and the action that removes it."""

    label: str
    action: Action


def build_facets(
    collection: str, params: SearchParams, results: SearchResults, budget: PageBudget
) -> Iterator[FacetView]:
    """Yield the filters, each with its first values that fit into the budget and all selected ones."""
    remaining = budget.values_bytes
    for name, facet in FACETS.items():
        selected = params.query.get_selected(name)
        counts = _order_values(facet, results.facets.get(name, ()), selected)
        if not counts:
            continue
        limit = len(counts) if name in params.expanded_facets else facet.listed_values
        remaining, fitting_counts = _fit_values(counts[:limit], remaining)
        visible = [count for count in counts if count.value in selected or count in fitting_counts]
        if not visible:
            continue
        is_expanded = name in params.expanded_facets or len(visible) == len(counts)
        expanded = SearchParams(
            query=search_params.with_page(params, 1).query, expanded_facets=params.expanded_facets | {name}
        )
        yield FacetView(
            parameter=name,
            title=facet.title,
            choices=tuple(
                Choice(
                    value=count.value,
                    label=formatting.truncate_html(format_facet_value(facet, count.value), budget.label_bytes),
                    count=formatting.format_int(count.count),
                    is_selected=count.value in selected,
                )
                for count in visible
            ),
            more_action=None
            if is_expanded
            else build_action(list_path(collection, expanded), EXPANDED_PARAM, name, budget),
        )


def _fit_values(counts: Sequence[FacetCount], remaining: int) -> tuple[int, Sequence[FacetCount]]:
    """Return the remaining bytes, and the values that fit, without those that are too long for a filter."""
    fitting_counts = []
    for count in counts:
        size = _VALUE_MARKUP_SIZE + 2 * formatting.measure_html(count.value)
        if len(count.value) <= MAX_VALUE_LENGTH and size <= remaining:
            fitting_counts.append(count)
            remaining -= size
    return remaining, fitting_counts


def _order_values(facet: Facet, counts: Sequence[FacetCount], selected: Sequence[str]) -> list[FacetCount]:
    """Sort versions from the newest and choices from the best; add selected values that no package has."""
    count_by_value = {count.value: count for count in counts}
    count_by_value |= {value: FacetCount(value=value, count=0) for value in selected if value not in count_by_value}
    if facet.choices:
        return [count_by_value[choice] for choice in facet.choices if choice in count_by_value]
    if facet.is_version:
        ordered = sort_versions(count_by_value)
        return [count_by_value[value] for value in ordered if value in count_by_value] + [
            count for value, count in count_by_value.items() if value not in set(ordered) and value in selected
        ]
    return list(count_by_value.values())


def format_facet_value(facet: Facet, value: str) -> str:
    """Return the label of a facet's value."""
    return value.capitalize() if facet.choices else formatting.sanitize(value)


def build_period_choices(query: SearchQuery) -> tuple[Choice, ...]:
    """Return the choices of "Updated within"."""
    days = query.updated_within
    titles = dict(AGE_PERIODS)
    if days is not None and days not in titles:
        titles = dict(sorted([*AGE_PERIODS, (days, formatting.pluralize(days, "day"))]))
    any_time = Choice(value="", label="any time", is_selected=days is None)
    return (any_time, *(Choice(value=str(age), label=title, is_selected=age == days) for age, title in titles.items()))


def build_sort_choices(query: SearchQuery) -> tuple[Choice, ...]:
    """Return the choices of the sort order."""
    return tuple(
        Choice(value=sort.value, label=order.title, is_selected=sort is query.sort)
        for sort, order in SORT_ORDERS.items()
    )


def build_chips(collection: str, params: SearchParams, budget: PageBudget) -> Iterator[Chip]:
    """Yield the active filters."""
    for name, values in params.query.filters:
        for value in values:
            label = f"{FACETS[name].title}: {format_facet_value(FACETS[name], value)}"
            url = list_path(collection, search_params.remove_filter(params, name, value))
            token = search_params.filter_token(name, value)
            yield Chip(
                label=formatting.truncate_html(label, _MAX_CHIP_SIZE),
                action=build_action(url, REMOVE_PARAM, token, budget),
            )
    period = next(
        (choice for choice in build_period_choices(params.query) if choice.is_selected and choice.value), None
    )
    if period is not None:
        url = list_path(collection, search_params.without_age_filter(params))
        yield Chip(label=f"Updated within {period.label}", action=build_action(url, REMOVE_PARAM, AGE_PARAM, budget))
    if params.query.declared_only:
        url = list_path(collection, search_params.with_admitted_versions(params))
        yield Chip(label="Declared Pythons only", action=build_action(url, REMOVE_PARAM, DECLARED_PARAM, budget))


def list_path(collection: str, params: SearchParams) -> str:
    """Return the path of a search."""
    return urls.build_search_path(collection, search_params.to_query_pairs(params))


# Number of pages before and after the current one that get a link.
_NEIGHBOR_COUNT = 1
# Bytes of HTML for each repetition of the search text.
_MAX_REPEATED_TEXT_SIZE = 200


class PageLink(Struct, frozen=True, kw_only=True):
    """A link to a page of results; number 0 stands for a gap."""

    number: int
    action: Action | None = None
    is_current: bool = False


class NameLink(Struct, frozen=True):
    """A link to the page of a package, or to a search for a word."""

    name: str
    url: str


class SearchPage(Struct, frozen=True, kw_only=True):
    """View of the search page.

    Attributes:
        short_text: the search text, truncated where the page repeats it.
        problem: what was ignored in the URL.
        count: number of packages, as text.
        range: positions of the hits on this page, "" if all are on it.
        past_end: message if the page number is past the last page, else "".
        missing: message if the index returned fewer hits than it counted, else "".
        chips: active filters, as many as fit; `hidden_filter_count` more are active.
        expanded_facets: parameter names of the facets that are listed in full.
        feed_url: "" if it is too long for a link; `feed_redirect_url` is used then.
        did_you_mean: similar names and words, if nothing matches the text.
    """

    text: str
    short_text: str
    problem: str
    count: str
    range: str
    past_end: str
    last_page: str
    missing: str
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
    declared_only: bool
    did_you_mean: tuple[NameLink, ...]

    @property
    def advice(self) -> tuple[str, ...]:
        """Advice for a search without hits."""
        hints = ["Remove filters: a package has to match all of them."] if self.chips else []
        if self.text:
            hints += [
                "Use fewer words, or only the start of a name.",
                "Describe what the package does instead of its name.",
            ]
        return tuple(hints)


def build_search_page(
    collection: str, params: SearchParams, results: SearchResults, *, feed_url: str, budget: PageBudget = FULL_BUDGET
) -> SearchPage:
    """Build the view of a search page within a page budget; `feed_url` is the feed of the search."""
    query = params.query
    active_chips = tuple(build_chips(collection, params, budget))
    last_page = max(1, -(-results.total // query.per_page))
    return SearchPage(
        text=query.text,
        did_you_mean=(
            *(
                NameLink(name, urls.build_project_path(collection, normalize_name(name)))
                for name in results.similar_names
            ),
            *(NameLink(word, urls.build_search_path(collection, [("q", word)])) for word in results.similar_words),
        ),
        short_text=formatting.truncate_html(query.text, _MAX_REPEATED_TEXT_SIZE),
        problem=params.problem,
        count=formatting.pluralize(results.total, "package"),
        range=_format_range(query, results),
        past_end=f"The last page is {formatting.format_int(last_page)}."
        if results.total and query.page > last_page
        else "",
        last_page=formatting.format_int(last_page),
        missing=_describe_missing(count_missing(results, query)),
        hits=tuple(build_hit_view(collection, hit, budget) for hit in results.hits),
        facets=tuple(build_facets(collection, params, results, budget)),
        periods=build_period_choices(query),
        sorts=build_sort_choices(query),
        chips=active_chips[: budget.max_chips],
        hidden_filter_count=len(active_chips[budget.max_chips :]),
        clear_url=list_path(collection, search_params.without_filters(params)),
        pages=tuple(_build_page_links(collection, params, last_page, budget)),
        previous_action=_build_page_action(collection, params, min(query.page - 1, last_page), budget)
        if query.page > 1
        else None,
        next_action=_build_page_action(collection, params, query.page + 1, budget) if query.page < last_page else None,
        expanded_facets=tuple(sorted(params.expanded_facets)),
        all_url=urls.build_search_path(collection),
        feed_url=build_action(feed_url, "", "", budget).url,
        feed_redirect_url=urls.build_feed_redirect_path(collection),
        declared_only=query.declared_only,
    )


def _describe_missing(missing: int) -> str:
    if not missing:
        return ""
    more = formatting.pluralize(missing, "more package")
    return f"The index counts {more} on this page than it returns. Try again later."


def _format_range(query: SearchQuery, results: SearchResults) -> str:
    if not results.hits or results.total == len(results.hits):
        return ""
    first = (query.page - 1) * query.per_page + 1
    return f"{first:,}–{first + len(results.hits) - 1:,}"


def _build_page_links(collection: str, params: SearchParams, last_page: int, budget: PageBudget) -> Iterator[PageLink]:
    """Yield links to the first and the last page, and to the neighbors of the current page."""
    if last_page == 1:
        return
    current = params.query.page
    numbers = {n for n in range(current - _NEIGHBOR_COUNT, current + _NEIGHBOR_COUNT + 1) if 1 <= n <= last_page} | {
        1,
        last_page,
    }
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
    return PageLink(number=number, action=_build_page_action(collection, params, number, budget), is_current=is_current)


def _build_page_action(collection: str, params: SearchParams, page: int, budget: PageBudget) -> Action:
    return build_action(list_path(collection, search_params.with_page(params, page)), "page", str(page), budget)
