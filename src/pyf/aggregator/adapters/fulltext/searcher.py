"""Search one state of an index: tantivy finds and counts packages, the domain ranks the best ones."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from functools import cached_property, lru_cache, partial
from weakref import proxy

import tantivy
from msgspec import Struct
from msgspec.structs import replace

from ...domain.documents.schema import INDEXED_FACETS
from ...domain.relevance import (
    ParsedQuery,
    PopularityScale,
    WordFrequencies,
    compute_quality,
    compute_score,
    parse_query,
)
from ...domain.relevance.similarity import (
    compute_similarity,
    get_min_prefix_rank,
    get_significant_terms,
    list_misspelled_words,
    normalize_prefix,
    rank_prefix,
    select_similar_words,
)
from ...domain.relevance.tokenizer import get_allowed_typos
from ...domain.search import FacetCount, Hit, SearchQuery, Sort, Suggestion, has_selected_versions
from . import queries
from .entries import RankingContext
from .facets import FacetCounter
from .handle import Snapshot
from .stored_fields import RankingFields
from .terms import BY_QUALITY, HEAD_FIELDS, TEXT_FIELDS, to_sort_field

# Candidates of each kind that the domain ranks; further pages have the rest in tantivy's order.
_CANDIDATES = 60
# Results that are cached for the next page, for an hour at most: support of a framework release may end.
_CACHED_RESULTS, _HOUR = 64, 3_600
# Names of each rank that are compared for a suggestion: the most downloaded ones.
_SUGGESTION_CANDIDATES = 100
# Packages of which the words are compared with a misspelled one.
_SPELLING_CANDIDATES = 50
# Candidates for similar packages that the domain ranks.
_SIMILAR_CANDIDATES = 100


class Matches(Struct, frozen=True):
    """The matches of a query on all pages.

    Attributes:
        rest: Matches the packages that follow the best ones.
        order: The sort field of the rest; "" for tantivy's score.
        best: The numbers of the ranked packages, in order.
    """

    rest: tantivy.Query
    order: str
    total: int
    best: tuple[int, ...]
    facets: Mapping[str, Sequence[FacetCount]]


class Searcher:
    """Searches one state of an index; threads share it. Facets are counted in a thread of `counting`."""

    def __init__(self, snapshot: Snapshot, context: RankingContext, counting: Executor) -> None:
        self.snapshot = snapshot
        self._tantivy = snapshot.searcher
        self._stored = snapshot.stored
        self._context = context
        self._counting = counting
        self._facets = FacetCounter(self._tantivy)
        # Caches with a reference to their owner would keep the files open until the next garbage collection.
        own = proxy(self)
        self._frequencies = WordFrequencies(
            self._tantivy.num_docs,
            lru_cache(maxsize=10_000)(partial(Searcher._count_packages, own, TEXT_FIELDS)),
            lru_cache(maxsize=10_000)(partial(Searcher._count_packages, own, HEAD_FIELDS)),
        )
        self._is_current = lru_cache(maxsize=10_000)(context.is_current)
        self._get_matches = lru_cache(maxsize=_CACHED_RESULTS)(partial(Searcher._find_matches, own))
        self._get_values = lru_cache(maxsize=_CACHED_RESULTS)(self._facets.count_all)
        self._get_facets = lru_cache(maxsize=_CACHED_RESULTS)(partial(Searcher._count_facets, own))
        self._parse = lru_cache(maxsize=_CACHED_RESULTS)(partial(Searcher._parse_text, own))

    def find_matches(self, query: SearchQuery, hidden: frozenset[str]) -> Matches:
        """Return the matches of a query on all pages."""
        hour = int(self._context.now() // _HOUR)
        return self._get_matches(replace(query, page=1, per_page=1), hidden, hour)

    def get_page(self, matches: Matches, query: SearchQuery, first: int, count: int) -> list[Hit]:
        """Return `count` hits in order, from the position `first`; a hit shows a release with the selected versions."""
        if first >= matches.total:
            return []
        numbers = list(matches.best[first : first + count])
        if len(numbers) < count and matches.total > len(matches.best):
            offset = max(first - len(matches.best), 0)
            numbers += self._find(matches.rest, matches.order, limit=count - len(numbers), offset=offset)
        return [self._select_release(hit, query) for hit in self._stored.get_hits(numbers)]

    def count_values(self, facet: str, hidden: frozenset[str]) -> Mapping[str, int]:
        """Return all values of a facet with their numbers of packages."""
        return self._get_values(facet, hidden)

    def suggest(self, text: str, limit: int, hidden: Collection[str]) -> list[Suggestion]:
        """Return the names that begin like a text, the most likely one first."""
        typed = normalize_prefix(text)
        if not typed:
            return []
        candidates: dict[int, RankingFields] = {}
        ranks: dict[int, int] = {}
        for rank, query in queries.match_prefixes(typed, max_typos=get_allowed_typos(typed)).items():
            # If better ranks have enough names, no name of this rank is returned.
            if sum(found > rank for found in ranks.values()) < limit and get_min_prefix_rank(ranks.values()) <= rank:
                numbers = self._find(
                    queries.restrict(query, hidden=hidden),
                    to_sort_field(Sort.DOWNLOADS),
                    limit=_SUGGESTION_CANDIDATES + limit,
                )
                candidates |= self._stored.get_ranking([number for number in numbers if number not in candidates])
                ranks = {
                    number: rank_prefix(typed, fields.searchable.name_normalized, self._context.lexicon)
                    for number, fields in candidates.items()
                }
        scale = self.snapshot.progress.popularity
        minimum = get_min_prefix_rank(ranks.values())
        ranked = sorted(
            (
                -ranks[number],
                -(scale.to_percentile(fields.quality_signals.downloads) or 0.0),
                fields.searchable.name_normalized,
                number,
            )
            for number, fields in candidates.items()
            if ranks[number] >= minimum
        )
        hits = self._stored.get_hits([number for *_, number in ranked[:limit]])
        return [Suggestion(name=hit.name, name_normalized=hit.name_normalized, summary=hit.summary) for hit in hits]

    def suggest_words(self, text: str, limit: int, hidden: Collection[str]) -> list[str]:
        """Return words of names and summaries that unknown words of a text misspell, the most similar first."""
        suggested: list[str] = []
        for word in list_misspelled_words(text, self._frequencies.count_in_heads):
            query = queries.restrict(queries.match_similar_stems(word), hidden=hidden)
            hits = self._stored.get_hits(self._find(query, "", limit=_SPELLING_CANDIDATES))
            suggested += select_similar_words(word, (f"{hit.name} {hit.summary}" for hit in hits))
        return suggested[:limit]

    def find_similar(self, name: str, limit: int, hidden: Collection[str]) -> list[Hit]:
        """Return the packages that are most similar to a package, without itself."""
        own = self._stored.get_ranking(self._find(queries.match_names([name]), "", limit=1))
        if not own:
            return []
        (package,) = own.values()
        weights = get_significant_terms(
            package.searchable, self._context.lexicon, document_frequency=self._frequencies.get_share
        )
        if not weights:
            return []
        query = queries.restrict(queries.match_stems(weights), hidden={*hidden, name})
        candidates = self._stored.get_ranking(self._find(query, "", limit=_SIMILAR_CANDIDATES + limit))
        ranked = sorted(
            (-compute_similarity(fields.searchable, dict(weights)), fields.searchable.name_normalized, number)
            for number, fields in candidates.items()
        )
        return self._stored.get_hits([number for *_, number in ranked[:limit]])

    def find_dependents(self, name: str, limit: int, hidden: Collection[str]) -> list[Hit]:
        """Return the packages that require a package, the most downloaded one first."""
        query = queries.restrict(queries.match_dependents(name), hidden=hidden)
        return self._stored.get_hits(self._find(query, to_sort_field(Sort.DOWNLOADS), limit=limit))

    def get_hits(self, names: Iterable[str], hidden: Collection[str]) -> list[Hit]:
        """Return the named packages, in their order."""
        visible = [name for name in dict.fromkeys(names) if name not in hidden]
        numbers = self._find(queries.match_names(visible), "", limit=len(visible)) if visible else []
        hits = {hit.name_normalized: hit for hit in self._stored.get_hits(numbers)}
        return [hits[name] for name in visible if name in hits]

    def _find_matches(self, query: SearchQuery, hidden: frozenset[str], hour: int) -> Matches:
        parsed, text = self._parse(query.text, query.frameworks)
        if query.text.strip() and parsed is None:  # the text has no words
            return Matches(text, BY_QUALITY, 0, (), dict.fromkeys(INDEXED_FACETS, ()))
        filters = queries.build_filters(query, now=self._context.now())
        matches = queries.restrict(text, filters, hidden)
        order = to_sort_field(query.sort) or ("" if parsed else BY_QUALITY)
        is_ranked = query.sort is Sort.RELEVANCE
        total, numbers = self._search(matches, order, limit=_CANDIDATES if is_ranked else 1)
        # tantivy needs no interpreter: it counts in parallel.
        counting = self._counting.submit(self._get_facets, replace(query, sort=Sort.RELEVANCE), hidden, hour, total)
        if not is_ranked:
            return Matches(matches, order, total, (), counting.result())
        if total > len(numbers):
            # tantivy underrates names that consist of the query's terms only, so a search in names adds candidates.
            # Without a text, the packages with the most dependents are added: the index does not sort by dependents.
            more = queries.match_in_names(parsed) if parsed else queries.match_names(self._most_required_names)
            numbers += self._find(queries.restrict(more, filters, hidden), "", limit=_CANDIDATES)
        ranked = self._rank(numbers, parsed)
        rest = queries.restrict(matches, hidden=[name for _, name in ranked]) if total > len(ranked) else matches
        return Matches(rest, order, total, tuple(number for number, _ in ranked), counting.result())

    @cached_property
    def _most_required_names(self) -> list[str]:
        terms = {"terms": {"field": "requires", "size": _CANDIDATES}}
        result = self._tantivy.aggregate(queries.match_all(), {"requires": terms})
        return [bucket["key"] for bucket in result["requires"]["buckets"]]

    def _select_release(self, hit: Hit, query: SearchQuery) -> Hit:
        """Return the newest release of a hit's package that has the selected versions."""
        if has_selected_versions(hit, query):
            return hit
        releases = self._stored.get_older_releases(hit.name_normalized)
        return next((older.to_hit(hit) for older in releases if older.supports(query)), hit)

    def _rank(self, numbers: Iterable[int], parsed: ParsedQuery | None) -> list[tuple[int, str]]:
        """Return the numbers and names of candidates in the domain's order."""
        scale, lexicon, today = self.snapshot.progress.popularity, self._context.lexicon, self._context.today
        ranked = []
        for number, fields in self._stored.get_ranking(dict.fromkeys(numbers)).items():
            is_current = self._is_current(fields.quality_signals.framework_versions, today)
            quality = compute_quality(
                fields.quality_signals,
                scale,
                is_current=is_current,
                dependent_count=self._count_dependents(fields, scale),
            )
            score = compute_score(parsed, fields.searchable, quality, lexicon) if parsed else quality
            if score is not None:
                ranked.append((-score, fields.searchable.name_normalized, number))
        return [(number, name) for _, name, number in sorted(ranked)]

    def _count_dependents(self, fields: RankingFields, scale: PopularityScale) -> int:
        """Count the packages that require a package, if its popularity is estimated from them."""
        if scale.is_comparable(fields.quality_signals.downloads):
            return 0
        return int(self._tantivy.doc_freq("requires", fields.searchable.name_normalized))

    def _find(self, query: tantivy.Query, order: str, *, limit: int, offset: int = 0) -> list[int]:
        return self._search(query, order, limit=limit, offset=offset)[1]

    def _search(self, query: tantivy.Query, order: str, *, limit: int, offset: int = 0) -> tuple[int, list[int]]:
        """Return the number of matches, and the numbers of the first packages by a field or by tantivy's score."""
        if order:
            result = self._tantivy.search(query, limit, offset=offset, order_by_field=order)
        else:
            result = self._tantivy.search(query, limit, offset=offset, weight_by_field="lift")
        numbers = self._tantivy.fast_field_values("number", [address for _, address in result.hits])
        return int(result.count), [int(number) for number in numbers if number is not None]  # type: ignore[attr-defined]

    def _count_facets(
        self, query: SearchQuery, hidden: frozenset[str], _hour: int, total: int
    ) -> Mapping[str, Sequence[FacetCount]]:
        _, text = self._parse(query.text, query.frameworks)
        return self._facets.count(text, query, hidden, now=self._context.now(), total=total)

    def _parse_text(self, text: str, frameworks: tuple[str, ...]) -> tuple[ParsedQuery | None, tantivy.Query]:
        """Parse the text of a query; the second value matches all packages if it has no words."""
        parsed = parse_query(text, self._context.lexicon, frequencies=self._frequencies, favored=frameworks)
        return parsed, queries.match_text(parsed) if parsed else queries.match_all()

    def _count_packages(self, fields: Sequence[str], stem: str) -> int:
        """Count the packages with a stem in any of the fields; removed packages may count for a while."""
        return sum(self._tantivy.doc_freq(field, stem) for field in fields)
