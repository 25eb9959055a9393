"""Parameters of a search page's URL: lenient parsing, and a canonical form that parses back to the same query."""

import re
from collections.abc import Iterable, Iterator
from zlib import crc32

from msgspec import Struct
from msgspec.structs import replace

from ...domain.documents.schema import FACETS
from ...domain.search import (
    DEFAULT_PER_PAGE,
    MAX_DAYS,
    MAX_PAGE,
    MAX_PER_PAGE,
    MAX_SELECTED_VALUES,
    MAX_TEXT_LENGTH,
    MAX_VALUE_LENGTH,
    SearchQuery,
    Sort,
    select_values,
)
from ..urls import AGE_PARAM, DECLARED_PARAM, TEXT_PARAM, QueryPairs, to_filter_pairs
from . import formatting

# Facets to list in full, and filters to remove (by `filter_token`).
EXPANDED_PARAM, REMOVE_PARAM = "all", "without"

_CONTROL_CHARS = re.compile(r"[\x00-\x1f\x7f]")
# Bytes of HTML for the values of all filters together: the page repeats each of them.
_MAX_FILTER_BYTES = 5_000

# Packages on a page: more would not fit into the page's 60 KB.
_MAX_HITS = 20

# Choices of "Updated within", in days.
AGE_PERIODS: tuple[tuple[int, str], ...] = (
    (30, "a month"),
    (182, "half a year"),
    (365, "a year"),
    (1096, "three years"),
)


class SearchParams(Struct, frozen=True, kw_only=True):
    """Parsed parameters; `problem` describes what was ignored."""

    query: SearchQuery
    expanded_facets: frozenset[str] = frozenset()
    problem: str = ""


def parse(pairs: Iterable[tuple[str, str]]) -> SearchParams:
    """Parse URL parameters.

    Unknown parameters and values are ignored, so that old links still work. Too long or too many values are ignored
    and reported in `problem`.
    """
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value.strip())
    text = formatting.to_clean_line(_get_last_value(values, TEXT_PARAM))
    problems = []
    if len(text) > MAX_TEXT_LENGTH:
        problems.append(f"The search text has {len(text):,} characters; the limit is {MAX_TEXT_LENGTH}.")
        text = ""
    filters = [pair for pair in dict.fromkeys(_read_filters(values)) if not _CONTROL_CHARS.search(pair[1])]
    short_filters = [pair for pair in filters if len(pair[1]) <= MAX_VALUE_LENGTH]
    if len(short_filters) < len(filters):
        problems.append(f"Filters longer than {MAX_VALUE_LENGTH} characters were ignored.")
    used_filters = list(_limit_filters(short_filters))
    if len(used_filters) < len(short_filters):
        problems.append(f"Too many filters: only the first {len(used_filters)} were applied.")
    query = SearchQuery(
        text=text,
        filters=select_values(
            {name: [value for filter_name, value in used_filters if filter_name == name] for name in FACETS}
        ),
        updated_within=_parse_int(_get_last_value(values, AGE_PARAM), 0, MAX_DAYS),
        declared_only=_get_last_value(values, DECLARED_PARAM).lower() in ("true", "1"),
        sort=_parse_sort(_get_last_value(values, "sort")),
        page=_parse_int(_get_last_value(values, "page"), 1, MAX_PAGE) or 1,
        per_page=min(_parse_int(_get_last_value(values, "per_page"), 1, MAX_PER_PAGE) or DEFAULT_PER_PAGE, _MAX_HITS),
    )
    expanded_facets = frozenset(FACETS.keys() & values.get(EXPANDED_PARAM, []))
    return SearchParams(query=query, expanded_facets=expanded_facets, problem=" ".join(problems))


def to_query_pairs(params: SearchParams) -> QueryPairs:
    """Return the URL parameters of a search, without default values."""
    query = params.query
    pairs = to_filter_pairs(query)
    if query.sort is not Sort.RELEVANCE:
        pairs.append(("sort", query.sort.value))
    if query.per_page != DEFAULT_PER_PAGE:
        pairs.append(("per_page", str(query.per_page)))
    pairs += sorted((EXPANDED_PARAM, facet) for facet in params.expanded_facets)
    if query.page > 1:
        pairs.append(("page", str(query.page)))
    return pairs


def filter_token(facet: str, value: str) -> str:
    """Return a short token for a filter, for buttons that remove it: the value itself may be too long to repeat."""
    return f"{crc32(f'{facet} {value}'.encode()):08x}"


def remove_tokens(params: SearchParams, tokens: Iterable[str]) -> SearchParams:
    """Return the search without the filters of these tokens, on its first page."""
    removed = frozenset(tokens)
    for facet, values in params.query.filters:
        for value in values:
            if filter_token(facet, value) in removed:
                params = remove_filter(params, facet, value)
    if DECLARED_PARAM in removed:
        params = with_admitted_versions(params)
    return without_age_filter(params) if AGE_PARAM in removed else params


def remove_filter(params: SearchParams, facet: str, value: str) -> SearchParams:
    """Return the search without one value of a facet, on its first page."""
    remaining = [selected for selected in params.query.get_selected(facet) if selected != value]
    return replace(params, query=replace(params.query.with_selected(**{facet: remaining}), page=1))


def with_page(params: SearchParams, page: int) -> SearchParams:
    """Return the search on another page."""
    return replace(params, query=replace(params.query, page=page))


def without_age_filter(params: SearchParams) -> SearchParams:
    """Return the search without `updated_within`, on its first page."""
    return replace(params, query=replace(params.query, page=1, updated_within=None))


def with_admitted_versions(params: SearchParams) -> SearchParams:
    """Return the search for declared and admitted versions, on its first page."""
    return replace(params, query=replace(params.query, page=1, declared_only=False))


def without_filters(params: SearchParams) -> SearchParams:
    """Return the search without filters, on its first page."""
    return SearchParams(query=replace(params.query, page=1, filters=(), updated_within=None, declared_only=False))


def _get_last_value(values: dict[str, list[str]], name: str) -> str:
    return values.get(name, [""])[-1]


def _read_filters(values: dict[str, list[str]]) -> Iterator[tuple[str, str]]:
    for name, facet in FACETS.items():
        choices = (facet.find_choice(value) for value in values.get(name, ()))
        yield from ((name, choice) for choice in choices if choice)


def _limit_filters(pairs: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    size = 0
    for number, (facet, value) in enumerate(pairs):
        size += formatting.measure_html(value)
        if number == MAX_SELECTED_VALUES or size > _MAX_FILTER_BYTES:
            return
        yield facet, value


def _parse_int(text: str, minimum: int, maximum: int) -> int | None:
    """Return an integer in a range, None for other text."""
    is_number = text.isascii() and text.isdecimal() and len(text) < 10
    return int(text) if is_number and minimum <= int(text) <= maximum else None


def _parse_sort(text: str) -> Sort:
    return Sort(text) if text in set(Sort) else Sort.RELEVANCE
