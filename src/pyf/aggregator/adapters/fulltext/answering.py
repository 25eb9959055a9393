"""Answers questions from one state of a search index: tantivy finds and counts, the domain puts the best in order."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache, partial
from weakref import proxy

import tantivy
from msgspec import Struct
from msgspec.structs import replace

from ...domain.relevance import ParsedQuery, compute_quality, get_tier, parse_query
from ...domain.relevance.similarity import get_min_prefix_rank, get_significant_terms, normalize_prefix, rank_prefix
from ...domain.relevance.tokenizer import get_allowed_typos
from ...domain.search import MAX_FACET_VALUES, Facet, FacetCount, Hit, SearchQuery, Sort, Suggestion
from . import questions
from .documents import TEXTS
from .entries import Ranked
from .keeping import Measures
from .opened import State

# So many of the best are put in order by the domain; whoever leafs further gets the rest as tantivy orders them.
_RANKED = 100
# Values of a facet that are counted: more than are given, because tantivy leaves open which of equals come first.
_COUNTED = 4 * MAX_FACET_VALUES
# All of them: tantivy gives up beyond.
_ALL = 65_000
# Answers that are remembered for whoever leafs through them, each for an hour at most: what is current changes.
_REMEMBERED, _HOUR = 64, 3_600
# Names that are looked at for a suggestion of each likeness, the most downloaded.
_CANDIDATES = 100

_KEYS = {
    Sort.DOWNLOADS: "by_downloads",
    Sort.STARS: "by_stars",
    Sort.HEALTH: "by_health",
    Sort.NEWEST: "by_newest",
    Sort.NAME: "by_name",
}
_BY_MERIT = "by_merit"


class Found(Struct, frozen=True):
    """What a question finds before it is leafed through: how many, the numbers of the best in order, the counts.

    `order` is the field that the rest is ordered by, "" where it is by how well the words are met.
    """

    query: tantivy.Query
    order: str
    total: int
    best: tuple[int, ...]
    facets: Mapping[Facet, Sequence[FacetCount]]


class Answers:
    """Answers from one state of an index; threads share it."""

    def __init__(self, state: State, measures: Measures) -> None:
        self.state = state
        self._searcher = state.searcher
        self._measures = measures
        # Caches that hold their owner would keep a state's files open until somebody looks for garbage.
        own = proxy(self)
        self._share = lru_cache(maxsize=10_000)(partial(Answers._share_of, own))
        self._is_current = lru_cache(maxsize=10_000)(measures.is_current)
        self._found = lru_cache(maxsize=_REMEMBERED)(partial(Answers._find, own))
        self._values = lru_cache(maxsize=_REMEMBERED)(partial(Answers._all_values, own))
        self._facets = lru_cache(maxsize=_REMEMBERED)(partial(Answers._counted, own))

    def found(self, question: SearchQuery, hidden: frozenset[str]) -> Found:
        """Return what a question finds, whatever its page."""
        hour = int(self._measures.now() // _HOUR)
        return self._found(replace(question, page=1, per_page=1), hidden, hour)

    def page(self, found: Found, first: int, count: int) -> list[Hit]:
        """Return the hits from one place on, in their order."""
        if first >= found.total:
            return []
        numbers = list(found.best[first : first + count])
        if len(numbers) < count and found.total > len(found.best):
            start = max(first, len(found.best))
            numbers += self._numbers(found.query, found.order, limit=count - len(numbers), offset=start)
        return self.state.entries.hits(numbers)

    def values(self, facet: Facet, hidden: frozenset[str]) -> Mapping[str, int]:
        """Return all values of a facet with the number of projects that have each."""
        return self._values(facet, hidden)

    def suggest(self, text: str, limit: int, hidden: Collection[str]) -> list[Suggestion]:
        """Return the names that somebody may be typing, the likeliest first."""
        typed = normalize_prefix(text)
        if not typed:
            return []
        ranked: dict[int, Ranked] = {}
        like: dict[int, int] = {}
        for worth, way in questions.begun_with(typed, slips=get_allowed_typos(typed)).items():
            # Where those that are likelier are enough, nobody of this way is suggested.
            if sum(each > worth for each in like.values()) < limit and get_min_prefix_rank(like.values()) <= worth:
                query = questions.narrowed(way, (), hidden)
                numbers = self._numbers(query, _KEYS[Sort.DOWNLOADS], limit=_CANDIDATES + limit)
                ranked |= self.state.entries.ranked([each for each in numbers if each not in ranked])
                like = {
                    number: rank_prefix(typed, each.searched.name_normalized, self._measures.lexicon)
                    for number, each in ranked.items()
                }
        scale = self.state.progress.popularity
        least = get_min_prefix_rank(like.values())
        order = sorted(
            (-like[number], -scale.to_percentile(each.standing.downloads), each.searched.name_normalized, number)
            for number, each in ranked.items()
            if like[number] >= least
        )
        hits = self.state.entries.hits([number for *_, number in order[:limit]])
        return [Suggestion(name=hit.name, name_normalized=hit.name_normalized, summary=hit.summary) for hit in hits]

    def similar(self, name: str, limit: int, hidden: Collection[str]) -> list[Hit]:
        """Return the projects most like one, without itself."""
        own = self._numbers(questions.named([name]), "", limit=1)
        ranked = self.state.entries.ranked(own)
        if not ranked:
            return []
        (project,) = ranked.values()
        weights = get_significant_terms(project.searched, self._measures.lexicon, document_frequency=self._share)
        if not weights:
            return []
        query = questions.narrowed(questions.alike(weights), (), {*hidden, name})
        return self.state.entries.hits(self._numbers(query, "", limit=limit))

    def dependents(self, name: str, limit: int, hidden: Collection[str]) -> list[Hit]:
        """Return the projects that require one, most downloaded first."""
        query = questions.narrowed(questions.requiring(name), (), hidden)
        return self.state.entries.hits(self._numbers(query, _KEYS[Sort.DOWNLOADS], limit=limit))

    def pick(self, names: Iterable[str], hidden: Collection[str]) -> list[Hit]:
        """Return the named projects, in their order."""
        asked = [name for name in dict.fromkeys(names) if name not in hidden]
        numbers = self._numbers(questions.named(asked), "", limit=len(asked)) if asked else []
        found = {hit.name_normalized: hit for hit in self.state.entries.hits(numbers)}
        return [found[name] for name in asked if name in found]

    def _find(self, question: SearchQuery, hidden: frozenset[str], hour: int) -> Found:
        query = None
        if question.text.strip():
            query = self._query(question)
            if query is None:  # there is text, and no word in it
                return Found(questions.everything(), _BY_MERIT, 0, (), dict.fromkeys(Facet, ()))
        text = questions.asked(query) if query else questions.everything()
        now = self._measures.now()
        asked = questions.narrowed(text, questions.filters(question, now=now), hidden)
        order = _KEYS.get(question.sort, "" if query else _BY_MERIT)
        ranks = question.sort is Sort.RELEVANCE
        total, numbers = self._searched(asked, order, limit=_RANKED if ranks else 1)
        return Found(
            query=asked,
            order=order,
            total=total,
            best=self._in_order(numbers, query) if ranks else (),
            facets=self._facets(replace(question, sort=Sort.RELEVANCE), hidden, hour),
        )

    def _in_order(self, numbers: Sequence[int], query: ParsedQuery | None) -> tuple[int, ...]:
        """Return numbers in the order that the domain puts their projects in."""
        scale, lexicon, today = self.state.progress.popularity, self._measures.lexicon, self._measures.today
        ranked = self.state.entries.ranked(numbers)
        placed = []
        for number, each in ranked.items():
            bucket = 0 if query is None else get_tier(query, each.searched, lexicon) or 0
            current = self._is_current(each.standing.framework_versions, today)
            value = compute_quality(each.standing, scale, is_current=current)
            placed.append((-bucket, -value, each.searched.name_normalized, number))
        return tuple(number for *_, number in sorted(placed))

    def _numbers(self, query: tantivy.Query, order: str, *, limit: int, offset: int = 0) -> list[int]:
        return self._searched(query, order, limit=limit, offset=offset)[1]

    def _searched(self, query: tantivy.Query, order: str, *, limit: int, offset: int = 0) -> tuple[int, list[int]]:
        """Return how many a query finds, and the numbers of the first, by a field or by what they are worth."""
        if order:
            found = self._searcher.search(query, limit, offset=offset, order_by_field=order)
        else:
            found = self._searcher.search(query, limit, offset=offset, weight_by_field="lift")
        numbers = self._searcher.fast_field_values("number", [address for _, address in found.hits])
        return int(found.count), [int(number) for number in numbers if number is not None]  # type: ignore[attr-defined]

    def _counted(self, question: SearchQuery, hidden: frozenset[str], _hour: int) -> dict[Facet, Sequence[FacetCount]]:
        """Count the values of each facet, as if it were not narrowed itself."""
        query = self._query(question)
        text = questions.asked(query) if query else questions.everything()
        asked = questions.narrowed(text, questions.filters(question, now=self._measures.now()), hidden)
        open_facets = [facet for facet in Facet if not question.get_selected(facet)]
        counts = self._counts(asked, open_facets)
        for facet in Facet:
            if facet not in counts:
                held = questions.filters(question, now=self._measures.now(), but=facet)
                others = questions.narrowed(text, held, hidden)
                counts |= self._counts(others, [facet])
                known = {each.value for each in counts[facet]}
                missing = [value for value in question.get_selected(facet) if value not in known]
                counts[facet] += self._also(others, facet, missing)
        return {facet: _shown(counts[facet], question.get_selected(facet)) for facet in Facet}

    def _also(self, query: tantivy.Query, facet: Facet, values: Sequence[str]) -> list[FacetCount]:
        """Count single values, without those that nobody has."""
        held = [(value, questions.having(facet, value)) for value in values]
        counts = [(value, self._searcher.search(questions.narrowed(query, [each], ()), 1)) for value, each in held]
        totals = [FacetCount(value=value, count=int(found.count)) for value, found in counts]  # type: ignore[attr-defined]
        return [each for each in totals if each.count]

    def _all_values(self, facet: Facet, hidden: frozenset[str]) -> Mapping[str, int]:
        counted = self._counts(questions.narrowed(questions.everything(), (), hidden), [facet], most=_ALL)
        return {each.value: each.count for each in counted[facet]}

    def _counts(
        self, query: tantivy.Query, facets: Iterable[Facet], *, most: int = _COUNTED
    ) -> dict[Facet, list[FacetCount]]:
        # A part of the index tells ten times as many values, for what is rare in it may be frequent in others.
        told = {"segment_size": most} if self._searcher.num_segments == 1 else {}
        wanted = {facet.value: {"terms": {"field": facet.value, "size": most, **told}} for facet in facets}
        if not wanted:
            return {}
        counted = self._searcher.aggregate(query, wanted)
        return {
            Facet(name): [FacetCount(value=each["key"], count=each["doc_count"]) for each in found["buckets"]]
            for name, found in counted.items()
        }

    def _query(self, question: SearchQuery) -> ParsedQuery | None:
        return parse_query(
            question.text, self._measures.lexicon, document_frequency=self._share, favored=question.frameworks
        )

    def _share_of(self, stem: str) -> float:
        """Return the part of all projects that have a stem; those that have left may count for a while."""
        projects = self._searcher.num_docs
        return sum(self._searcher.doc_freq(field, stem) for field in TEXTS) / projects if projects else 0.0


def _shown(counts: list[FacetCount], chosen: Sequence[str]) -> tuple[FacetCount, ...]:
    ordered = sorted(counts, key=lambda each: (-each.count, each.value))
    return (*ordered[:MAX_FACET_VALUES], *(each for each in ordered[MAX_FACET_VALUES:] if each.value in chosen))
