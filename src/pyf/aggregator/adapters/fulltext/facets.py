"""Count the facet values of the packages that match a query.

tantivy counts a field with one value per package in a tenth of the time of a field with several. So all values of a
facet are indexed as one set, too, and sets are counted where there are few of them.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from operator import itemgetter

import tantivy
from msgspec.json import Decoder

from ...domain.documents.schema import INDEXED_FACETS
from ...domain.search import MAX_FACET_VALUES, FacetCount, SearchQuery
from . import queries
from .terms import SET_FACETS, to_facet_field, to_set_field

# Facet values that are counted first: more than are returned, because tantivy cuts off among values of equal count, and
# counting again takes longer.
_COUNTED_VALUES = 16 * MAX_FACET_VALUES
_MORE_VALUES = 8
# All values: tantivy rejects a higher number.
_ALL_VALUES = 65_000
# Returning one set takes as long as counting the values of this many packages.
_PACKAGES_PER_SET = 16

_parse_set = lru_cache(maxsize=10_000)(Decoder(tuple[str, ...]).decode)


class FacetCounter:
    """Counts facet values in one state of an index."""

    def __init__(self, searcher: tantivy.Searcher) -> None:
        self._searcher = searcher
        self._set_counts = {
            facet: searcher.cardinality(queries.match_all(), to_set_field(facet)) for facet in SET_FACETS
        }

    def count(
        self, text: tantivy.Query, query: SearchQuery, hidden: Collection[str], *, now: float, total: int
    ) -> dict[str, Sequence[FacetCount]]:
        """Count the values of each facet without the facet's own selection.

        Args:
            text: Matches the query's text.
            total: The number of packages that match the query.
        """
        matches = queries.restrict(text, queries.build_filters(query, now=now), hidden)
        counts = self._count(matches, [facet for facet in INDEXED_FACETS if not query.get_selected(facet)], total)
        for facet, selected in query.filters:
            unfiltered = queries.restrict(text, queries.build_filters(query, now=now, without=facet), hidden)
            counts |= self._count(unfiltered, [facet], total)
            for value in selected:
                if value not in counts[facet] and (count := self._count_packages(unfiltered, facet, value)):
                    counts[facet][value] = count
        return {facet: _select_counts(counts[facet], query.get_selected(facet)) for facet in INDEXED_FACETS}

    def count_all(self, facet: str, hidden: Collection[str]) -> Mapping[str, int]:
        """Return all values of a facet with their numbers of packages."""
        matches = queries.restrict(queries.match_all(), hidden=hidden)
        return self._aggregate(matches, {to_facet_field(facet): _ALL_VALUES})[to_facet_field(facet)]

    def _count(self, matches: tantivy.Query, facets: Iterable[str], total: int) -> dict[str, dict[str, int]]:
        """Count enough values of each facet to be sure of the most frequent ones, equal counts included."""
        sets = {facet for facet in SET_FACETS if self._set_counts[facet] * _PACKAGES_PER_SET <= total}
        sizes = {to_set_field(facet): _ALL_VALUES for facet in facets if facet in sets}
        sizes |= {to_facet_field(facet): _COUNTED_VALUES for facet in facets if facet not in sets}
        counts: dict[str, dict[str, int]] = {}
        while sizes:
            counts |= self._aggregate(matches, sizes)
            sizes = {
                field: min(size * _MORE_VALUES, _ALL_VALUES)
                for field, size in sizes.items()
                if size < _ALL_VALUES and _is_cut_among_equals([*counts[field].values()], size)
            }
        return {
            facet: _count_members(counts[to_set_field(facet)]) if facet in sets else counts[to_facet_field(facet)]
            for facet in facets
        }

    def _aggregate(self, matches: tantivy.Query, sizes: Mapping[str, int]) -> dict[str, dict[str, int]]:
        """Count the most frequent values of fields, as many as their sizes, in descending order."""
        # By default a segment returns ten times as many values, because a rare value may be frequent in other segments.
        is_single = self._searcher.num_segments == 1
        requested = {
            field: {"terms": {"field": field, "size": size, **({"segment_size": size} if is_single else {})}}
            for field, size in sizes.items()
        }
        return {
            field: {bucket["key"]: bucket["doc_count"] for bucket in result["buckets"]}
            for field, result in self._searcher.aggregate(matches, requested).items()
        }

    def _count_packages(self, matches: tantivy.Query, facet: str, value: str) -> int:
        result = self._searcher.search(queries.restrict(matches, [queries.match_value(facet, value)]), 1)
        return int(result.count)  # type: ignore[attr-defined]


def _count_members(set_counts: Mapping[str, int]) -> dict[str, int]:
    """Count the values of sets."""
    counts: Counter[str] = Counter()
    for values, count in set_counts.items():
        for value in _parse_set(values):
            counts[value] += count
    return counts


def _is_cut_among_equals(counts: Sequence[int], size: int) -> bool:
    """Return whether omitted values may be as frequent as the last selected one."""
    return len(counts) >= size and counts[MAX_FACET_VALUES - 1] == counts[-1]


def _select_counts(counts: Mapping[str, int], selected: Sequence[str]) -> tuple[FacetCount, ...]:
    ordered = sorted(sorted(counts.items()), key=itemgetter(1), reverse=True)
    kept = ordered[:MAX_FACET_VALUES]
    kept += [pair for pair in ordered[MAX_FACET_VALUES:] if pair[0] in selected] if selected else []
    return tuple(FacetCount(value=value, count=count) for value, count in kept)
