"""Search a collection, without hidden packages and without e-mail addresses, and list what is new in it.

Filter values are resolved as people write them (`domain/search`), for every entry point.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from ...domain.documents.facets import DECLARED_PYTHON, PYTHON, Facet
from ...domain.documents.schema import FACETS, INDEXED_FACETS
from ...domain.email_masking import mask_emails
from ...domain.search import (
    FacetCount,
    Hit,
    SearchQuery,
    SearchResults,
    Sort,
    Suggestion,
    resolve_values,
    select_similar_names,
    suggest_values,
)
from ...ports import Dependencies
from ..collections.target import Target, require_state
from .package_views import find_first_upload, prepare_hits

# A new package has changed recently, so new packages are selected from this many recent ones.
NEWCOMER_CANDIDATES = 100

# Names and words that are suggested for a text without results ("Did you mean …?").
_MAX_SUGGESTIONS = 3
# Names are compared if they begin with this share of the text; the largest share that finds names is used.
_BEGINNING_SHARES = (1.0, 0.75, 0.5, 0.34)
_MIN_BEGINNING = 3
# Characters of the text that are used, and words of it that are looked up.
_MAX_TEXT_LENGTH, _MAX_WORDS = 60, 4
# Names with the same beginning that are compared.
_SPELLING_CANDIDATES = 50


class UnknownValue(Struct, frozen=True, kw_only=True):
    """A filter value that no package of the collection has, and similar values that exist."""

    facet: Facet
    value: str
    suggestions: tuple[str, ...]


class SearchOutcome(Struct, frozen=True, kw_only=True):
    """The results, the query as resolved, and the values that could not be resolved."""

    results: SearchResults
    query: SearchQuery
    unknown_values: tuple[UnknownValue, ...] = ()


def search_packages(deps: Dependencies, target: Target, query: SearchQuery) -> SearchResults:
    """Return a page of results, as `search_with_hints` does, without the unknown values."""
    return search_with_hints(deps, target, query).results


def search_with_hints(deps: Dependencies, target: Target, query: SearchQuery) -> SearchOutcome:
    """Return a page of results; raises `NotFound` if the collection does not exist.

    The frameworks of the target's profile are preferred, unless the query names others.
    """
    if target.filter and not query.frameworks:
        query = replace(query, frameworks=target.filter.frameworks)
    hidden_names = get_hidden_names(deps, target)
    indexed_query = _to_indexed_query(query)
    results = deps.search.search(target.collection, indexed_query, hidden=hidden_names)
    resolved_query, unknown_values = _resolve_query(deps, target, indexed_query, results, hidden_names)
    if resolved_query != indexed_query:
        results = deps.search.search(target.collection, resolved_query, hidden=hidden_names)
    displayed = replace(
        results,
        hits=prepare_hits(deps, results.hits),
        facets=_to_public_facets(results.facets, declared_only=query.declared_only),
    )
    if query.text and not results.total:
        displayed = _add_spellings(deps, target.collection, query.text, displayed, hidden_names)
    return SearchOutcome(results=displayed, query=_to_public_query(resolved_query), unknown_values=unknown_values)


def _to_indexed_query(query: SearchQuery) -> SearchQuery:
    """Return the query with the facets of the index."""
    if not query.declared_only:
        return query
    return query.with_selected(**{PYTHON.name: (), DECLARED_PYTHON.name: query.get_selected(PYTHON.name)})


def _to_public_query(query: SearchQuery) -> SearchQuery:
    """Return the query with the facets that entry points offer."""
    if not query.declared_only:
        return query
    return query.with_selected(**{DECLARED_PYTHON.name: (), PYTHON.name: query.get_selected(DECLARED_PYTHON.name)})


def _to_public_facets(
    facets: Mapping[str, Sequence[FacetCount]], *, declared_only: bool
) -> dict[str, Sequence[FacetCount]]:
    counts = {PYTHON.name: DECLARED_PYTHON.name} if declared_only else {}
    return {name: facets[counts.get(name, name)] for name in FACETS}


def suggest_packages(deps: Dependencies, target: Target, text: str, *, limit: int = 8) -> Sequence[Suggestion]:
    """Return packages whose names complete a text, the best first."""
    suggestions = deps.search.suggest(target.collection, text, limit=limit, hidden=get_hidden_names(deps, target))
    return [replace(suggestion, summary=mask_emails(suggestion.summary)) for suggestion in suggestions]


def get_hidden_names(deps: Dependencies, target: Target) -> frozenset[str]:
    """Return the normalized names that the profile excludes now, or excluded when it filled the collection.

    A package is hidden as soon as it is excluded, before the next run removes it.
    """
    stored_names = require_state(deps, target).filter.exclude
    return frozenset(stored_names) | frozenset(target.filter.exclude if target.filter else ())


def _resolve_query(
    deps: Dependencies, target: Target, query: SearchQuery, results: SearchResults, hidden_names: frozenset[str]
) -> tuple[SearchQuery, tuple[UnknownValue, ...]]:
    """Return the query with the stored spelling of its filter values, and the values that no package has.

    Counts all values of a facet only if a value of the query has no result.
    """
    resolved: dict[str, list[str]] = {}
    unknown_values: list[UnknownValue] = []
    for name, requested in query.filters:
        facet, counted_values = INDEXED_FACETS[name], {facet_count.value for facet_count in results.facets[name]}
        if facet.choices or counted_values.issuperset(requested):
            continue
        known_values = deps.search.count_values(target.collection, name, hidden=hidden_names)
        values: list[str] = []
        for value in requested:
            matches = resolve_values(name, value, known_values, query.frameworks)
            values += matches or [value]
            if not matches:
                unknown_values.append(
                    UnknownValue(facet=facet, value=value, suggestions=suggest_values(value, known_values))
                )
        resolved[name] = values
    return query.with_selected(**resolved), tuple(unknown_values)


class NewPackage(Struct, frozen=True, kw_only=True):
    """A package with the Unix time of its first release."""

    hit: Hit
    first_uploaded: int


def list_recently_updated(deps: Dependencies, target: Target, query: SearchQuery, *, limit: int) -> Sequence[Hit]:
    """Return the latest releases among the results of a query, whatever its order and page."""
    return search_packages(deps, target, replace(query, sort=Sort.NEWEST, page=1, per_page=limit)).hits


def list_new_packages(deps: Dependencies, target: Target, query: SearchQuery, *, limit: int) -> Sequence[NewPackage]:
    """Return the packages with the latest first release among the results of a query."""
    return sort_by_first_release(deps, target, list_recently_updated(deps, target, query, limit=NEWCOMER_CANDIDATES))[
        :limit
    ]


def sort_by_first_release(deps: Dependencies, target: Target, hits: Sequence[Hit]) -> Sequence[NewPackage]:
    """Return packages by their first release, the latest first."""
    stored_documents = deps.index.get_documents(target.collection, [hit.name_normalized for hit in hits])
    stored_hits = (hit for hit in hits if hit.name_normalized in stored_documents)
    packages = [
        NewPackage(hit=hit, first_uploaded=find_first_upload(stored_documents[hit.name_normalized]))
        for hit in stored_hits
    ]
    return sorted(packages, key=_to_sort_key)


def _to_sort_key(package: NewPackage) -> Any:
    return -package.first_uploaded, package.hit.name_normalized


def _add_spellings(
    deps: Dependencies, collection: str, text: str, results: SearchResults, hidden: frozenset[str]
) -> SearchResults:
    """Add up to three names and words that are similar to a text or to its words; a word replaces the third name."""
    text = text.strip()[:_MAX_TEXT_LENGTH]
    suggested: list[str] = []
    for part in dict.fromkeys((text, *text.split()[:_MAX_WORDS])):
        names = _find_names(deps, collection, part, hidden)
        suggested += select_similar_names(part, names, limit=_MAX_SUGGESTIONS)
    words = deps.search.suggest_words(collection, text, limit=_MAX_SUGGESTIONS, hidden=hidden)
    names = [*dict.fromkeys(suggested)][: _MAX_SUGGESTIONS - bool(words)]
    new_words = [word for word in dict.fromkeys(words) if word not in names][: _MAX_SUGGESTIONS - len(names)]
    return replace(results, similar_names=tuple(names), similar_words=tuple(new_words))


def _find_names(deps: Dependencies, collection: str, text: str, hidden: frozenset[str]) -> list[str]:
    for beginning in _iter_beginnings(text):
        found = deps.search.suggest(collection, beginning, limit=_SPELLING_CANDIDATES, hidden=hidden)
        if found:
            return [suggestion.name for suggestion in found]
    return []


def _iter_beginnings(text: str) -> Iterator[str]:
    lengths = dict.fromkeys(round(len(text) * share) for share in _BEGINNING_SHARES)
    return (text[:length] for length in lengths if length >= _MIN_BEGINNING)
