"""A question as the address of a list holds it: read leniently, and written so that the same question reads back."""

import re
from collections.abc import Iterable, Iterator
from zlib import crc32

from msgspec import Struct
from msgspec.structs import replace

from ...domain.search import MAX_SELECTED_VALUES, MAX_VALUE_LENGTH, Facet, HealthBand, SearchQuery, Sort
from ..urls import QueryPairs
from . import formatting

# What each filter is called in an address.
FACET_PARAMS: dict[Facet, str] = {
    Facet.FRAMEWORK_VERSIONS: "framework",
    Facet.PYTHON_VERSIONS: "python",
    Facet.HEALTH: "health",
    Facet.LICENSES: "license",
    Facet.STATUSES: "status",
    Facet.MAINTAINERS: "maintainer",
    Facet.CLASSIFIERS: "classifier",
}
_FACET_BY_PARAM = {parameter: facet for facet, parameter in FACET_PARAMS.items()}

MAX_TEXT_LENGTH = 300
_CONTROL_CHARS = re.compile(r"[\x00-\x1f\x7f]")
# Bytes of HTML that all filters together may take, for a list names each of them.
_MAX_FILTER_BYTES = 5_000
_MAX_PAGE = 100_000
_MAX_DAYS = 36_500

# What takes a filter away, by its key; and the key of "updated within".
REMOVE_PARAM, AGE_PARAM = "without", "within"

# What "updated within" offers, in days.
AGE_PERIODS: tuple[tuple[int, str], ...] = (
    (30, "a month"),
    (182, "half a year"),
    (365, "a year"),
    (1096, "three years"),
)


class SearchParams(Struct, frozen=True, kw_only=True):
    """What an address asks for: the question, the facets that are to be listed whole, and what was wrong with it."""

    query: SearchQuery
    expanded_facets: frozenset[Facet] = frozenset()
    problem: str = ""


def parse(pairs: Iterable[tuple[str, str]]) -> SearchParams:
    """Read the parameters of an address. What means nothing is passed over: an old link should still find something.

    What is too long or too much is a problem, which is named, and not asked for.
    """
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value.strip())
    text = formatting.single_line(_last_value(values, "q"))
    problems = []
    if len(text) > MAX_TEXT_LENGTH:
        problems.append(
            f"What you searched for has {len(text):,} characters; the search takes {MAX_TEXT_LENGTH} at most."
        )
        text = ""
    filters = [pair for pair in dict.fromkeys(_read_filters(values)) if not _CONTROL_CHARS.search(pair[1])]
    short_filters = [pair for pair in filters if len(pair[1]) <= MAX_VALUE_LENGTH]
    if len(short_filters) < len(filters):
        problems.append(f"A filter has {MAX_VALUE_LENGTH} characters at most: what is longer was left out.")
    used_filters = list(_limit_filters(short_filters))
    if len(used_filters) < len(short_filters):
        problems.append(f"So much can't be asked for at once: the first {len(used_filters)} filters were used.")
    selected = {
        facet: tuple(value for filter_facet, value in used_filters if filter_facet is facet) for facet in FACET_PARAMS
    }
    bands = {band.value: band for band in HealthBand}
    query = SearchQuery(
        text=text,
        framework_versions=selected[Facet.FRAMEWORK_VERSIONS],
        python_versions=selected[Facet.PYTHON_VERSIONS],
        licenses=selected[Facet.LICENSES],
        classifiers=selected[Facet.CLASSIFIERS],
        health=tuple(bands[value] for value in selected[Facet.HEALTH] if value in bands),
        statuses=selected[Facet.STATUSES],
        maintainers=selected[Facet.MAINTAINERS],
        updated_within=_parse_int(_last_value(values, "within"), maximum=_MAX_DAYS),
        sort=_parse_sort(_last_value(values, "sort")),
        page=_parse_int(_last_value(values, "page"), maximum=_MAX_PAGE) or 1,
    )
    return SearchParams(
        query=query,
        expanded_facets=frozenset(_FACET_BY_PARAM[name] for name in values.get("all", ()) if name in _FACET_BY_PARAM),
        problem=" ".join(problems),
    )


def to_query_pairs(params: SearchParams) -> QueryPairs:
    """Return the parameters of a question, without those that say what is understood anyway."""
    query = params.query
    pairs = [("q", query.text)] if query.text else []
    for facet, parameter in FACET_PARAMS.items():
        pairs += [(parameter, str(value)) for value in query.get_selected(facet)]
    if query.updated_within is not None:
        pairs.append(("within", str(query.updated_within)))
    if query.sort is not Sort.RELEVANCE:
        pairs.append(("sort", query.sort.value))
    pairs += sorted(("all", FACET_PARAMS[facet]) for facet in params.expanded_facets)
    if query.page > 1:
        pairs.append(("page", str(query.page)))
    return pairs


def filter_token(facet: Facet, value: str) -> str:
    """Return what stands for a filter that is to be taken away, where an address has no room to name it."""
    return f"{crc32(f'{facet} {value}'.encode()):08x}"


def remove_tokens(params: SearchParams, tokens: Iterable[str]) -> SearchParams:
    """Return the question without the filters that these keys stand for, from its first page."""
    removed = frozenset(tokens)
    for facet in FACET_PARAMS:
        for value in params.query.get_selected(facet):
            if filter_token(facet, str(value)) in removed:
                params = remove_filter(params, facet, str(value))
    return without_age_filter(params) if AGE_PARAM in removed else params


def remove_filter(params: SearchParams, facet: Facet, value: str) -> SearchParams:
    """Return the question that does not narrow a facet to a value, from its first page."""
    remaining = tuple(selected for selected in params.query.get_selected(facet) if selected != value)
    return replace(params, question=replace(params.query, page=1, **{facet.value: remaining}))


def with_page(params: SearchParams, page: int) -> SearchParams:
    """Return the same question, at another page."""
    return replace(params, question=replace(params.query, page=page))


def without_age_filter(params: SearchParams) -> SearchParams:
    """Return the question that does not ask when a release was uploaded, from its first page."""
    return replace(params, question=replace(params.query, page=1, updated_within=None))


def without_filters(params: SearchParams) -> SearchParams:
    """Return the question's text alone, in its order."""
    return SearchParams(query=SearchQuery(text=params.query.text, sort=params.query.sort))


def has_filters(query: SearchQuery) -> bool:
    """Tell whether any filter is set."""
    return query.updated_within is not None or any(query.get_selected(facet) for facet in Facet)


def _last_value(values: dict[str, list[str]], name: str) -> str:
    return values.get(name, [""])[-1]


def _read_filters(values: dict[str, list[str]]) -> Iterator[tuple[Facet, str]]:
    for facet, parameter in FACET_PARAMS.items():
        yield from ((facet, value) for value in values.get(parameter, ()) if value)


def _limit_filters(pairs: Iterable[tuple[Facet, str]]) -> Iterator[tuple[Facet, str]]:
    size = 0
    for number, (facet, value) in enumerate(pairs):
        size += formatting.html_size(value)
        if number == MAX_SELECTED_VALUES or size > _MAX_FILTER_BYTES:
            return
        yield facet, value


def _parse_int(text: str, *, maximum: int) -> int | None:
    """Return a whole number from 1 to `most`, None for what is none."""
    is_number = text.isascii() and text.isdecimal() and len(text) < 10
    return int(text) if is_number and 1 <= int(text) <= maximum else None


def _parse_sort(text: str) -> Sort:
    return Sort(text) if text in set(Sort) else Sort.RELEVANCE
