"""What a list can be narrowed to and ordered by, and what is set of it."""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from ...domain.search import MAX_VALUE_LENGTH, Facet, FacetCount, HealthBand, SearchQuery, SearchResults, Sort
from . import asked, paths, words
from .asked import FACET_PARAMS, AGE_PERIODS, AGE_PARAM, REMOVE_PARAM, SearchParams
from .room import PageBudget, Action, action_for
from .support import sort_versions

FACET_TITLES: dict[Facet, str] = {
    Facet.FRAMEWORK_VERSIONS: "Framework version",
    Facet.PYTHON_VERSIONS: "Python version",
    Facet.HEALTH: "Health",
    Facet.LICENSES: "Licence",
    Facet.STATUSES: "Status",
    Facet.MAINTAINERS: "Maintainer",
    Facet.CLASSIFIERS: "Classifier",
}
SORT_TITLES: dict[Sort, str] = {
    Sort.RELEVANCE: "Relevance",
    Sort.DOWNLOADS: "Downloads",
    Sort.STARS: "Stars",
    Sort.HEALTH: "Health",
    Sort.NEWEST: "Newest release",
    Sort.NAME: "Name",
}
# How many values of a facet are listed; the others are a click away.
_FACET_LIMITS = {Facet.FRAMEWORK_VERSIONS: 8, Facet.PYTHON_VERSIONS: 8, Facet.HEALTH: 5, Facet.STATUSES: 4}
_DEFAULT_FACET_LIMIT = 6
# Bytes of HTML that a filter above the list takes at most: beside the list it is named whole.
_MAX_CHIP_SIZE = 100
# Bytes of HTML that a value takes beside itself and what it is called.
_VALUE_MARKUP_SIZE = 110


class Choice(Struct, frozen=True, kw_only=True):
    """A value that can be chosen: what it is called, and how many projects have it."""

    value: str
    label: str
    count: str = ""
    is_selected: bool = False


class FacetView(Struct, frozen=True, kw_only=True):
    """One filter; `more` is the way to where more of its values are listed, None where there is none."""

    parameter: str
    title: str
    choices: tuple[Choice, ...]
    more_action: Action | None = None

    @property
    def is_active(self) -> bool:
        """Whether something is chosen."""
        return any(choice.is_selected for choice in self.choices)


class Chip(Struct, frozen=True, kw_only=True):
    """A filter that is set, and the way to the list without it."""

    label: str
    action: Action


def build_facets(collection: str, params: SearchParams, results: SearchResults, budget: PageBudget) -> Iterator[FacetView]:
    """Yield all filters, each with its first values, as far as there is room for them, and those that are chosen."""
    remaining = budget.values_bytes
    for facet, parameter in FACET_PARAMS.items():
        selected = [str(value) for value in params.query.get_selected(facet)]
        counts = _order_values(facet, results.facets.get(facet, ()), selected)
        if not counts:
            continue
        limit = len(counts) if facet in params.expanded_facets else _FACET_LIMITS.get(facet, _DEFAULT_FACET_LIMIT)
        remaining, fitting_counts = _fit_values(counts[:limit], remaining)
        visible = [count for count in counts if count.value in selected or count in fitting_counts]
        if not visible:
            continue
        is_expanded = facet in params.expanded_facets or len(visible) == len(counts)
        expanded = SearchParams(query=asked.with_page(params, 1).query, expanded_facets=params.expanded_facets | {facet})
        yield FacetView(
            parameter=parameter,
            title=FACET_TITLES[facet],
            choices=tuple(
                Choice(
                    value=count.value,
                    label=words.truncate_html(format_facet_value(facet, count.value), budget.label_bytes),
                    count=words.format_int(count.count),
                    is_selected=count.value in selected,
                )
                for count in visible
            ),
            more_action=None if is_expanded else action_for(list_path(collection, expanded), "all", parameter, budget),
        )


def _fit_values(counts: Sequence[FacetCount], remaining: int) -> tuple[int, Sequence[FacetCount]]:
    """Return as many values as there is room for, and the room that is left; too long ones can't be chosen anyway."""
    fitting_counts = []
    for count in counts:
        size = _VALUE_MARKUP_SIZE + 2 * words.html_size(count.value)
        if len(count.value) <= MAX_VALUE_LENGTH and size <= remaining:
            fitting_counts.append(count)
            remaining -= size
    return remaining, fitting_counts


def _order_values(facet: Facet, counts: Sequence[FacetCount], selected: Sequence[str]) -> list[FacetCount]:
    """Order versions by themselves and health from the best; what is chosen is listed though nothing has it."""
    count_by_value = {count.value: count for count in counts}
    count_by_value |= {value: FacetCount(value=value, count=0) for value in selected if value not in count_by_value}
    if facet is Facet.HEALTH:
        return [count_by_value[band] for band in HealthBand if band in count_by_value]
    if facet in (Facet.FRAMEWORK_VERSIONS, Facet.PYTHON_VERSIONS):
        ordered = sort_versions(count_by_value)
        return [count_by_value[value] for value in ordered if value in count_by_value] + [
            count for value, count in count_by_value.items() if value not in set(ordered) and value in selected
        ]
    return list(count_by_value.values())


def format_facet_value(facet: Facet, value: str) -> str:
    """Return what a facet's value is called."""
    return value.capitalize() if facet is Facet.HEALTH else words.sanitize(value)


def build_period_choices(query: SearchQuery) -> tuple[Choice, ...]:
    """Return the periods within which a release may have been uploaded."""
    days = query.updated_within
    titles = dict(AGE_PERIODS)
    if days is not None and days not in titles:
        titles = dict(sorted([*AGE_PERIODS, (days, words.pluralize(days, "day"))]))
    any_time = Choice(value="", label="any time", is_selected=days is None)
    return (any_time, *(Choice(value=str(d), label=name, is_selected=d == days) for d, name in titles.items()))


def build_sort_choices(query: SearchQuery) -> tuple[Choice, ...]:
    """Return what a list can be ordered by."""
    return tuple(Choice(value=sort.value, label=name, is_selected=sort is query.sort) for sort, name in SORT_TITLES.items())


def build_chips(collection: str, params: SearchParams, budget: PageBudget) -> Iterator[Chip]:
    """Yield what is set, each with the way that takes it away."""
    for facet in FACET_PARAMS:
        for value in params.query.get_selected(facet):
            label = words.truncate_html(f"{FACET_TITLES[facet]}: {format_facet_value(facet, str(value))}", _MAX_CHIP_SIZE)
            url = list_path(collection, asked.remove_filter(params, facet, value))
            yield Chip(label=label, action=action_for(url, REMOVE_PARAM, asked.filter_token(facet, str(value)), budget))
    period = next((choice for choice in build_period_choices(params.query) if choice.is_selected and choice.value), None)
    if period is not None:
        url = list_path(collection, asked.without_age_filter(params))
        yield Chip(label=f"Updated within {period.label}", action=action_for(url, REMOVE_PARAM, AGE_PARAM, budget))


def list_path(collection: str, params: SearchParams) -> str:
    """Return the address of the list that answers a question."""
    return paths.search_path(collection, asked.to_query_pairs(params))
