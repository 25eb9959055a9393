"""Finds projects in a collection of a Typesense server: the server finds and counts, the domain says what comes first.

The answers of a search are too many to rank all of them here, so those are fetched that can be among the first: by
name, with all words where they weigh most, with all words anywhere, and the most downloaded. They come in the domain's
order, and the others after them, by downloads.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from msgspec import UNSET, Struct

from ...domain.documents.project import ProjectStatus, normalize_name
from ...domain.errors import NotFound
from ...domain.health import ScoringConfig
from ...domain.health.compatibility import has_supported_version
from ...domain.health.rules import to_date
from ...domain.relevance import Lexicon, ParsedQuery
from ...domain.relevance.similarity import normalize_prefix
from ...domain.search import MAX_FACET_VALUES, Facet, FacetCount, Hit, SearchQuery, SearchResults, Sort, Suggestion
from ...ports.index import NO_NAMES
from . import search_filters as filters
from .collections import Collections, Found
from .multi_search import MOST_HITS, documents, pages, searched
from .projects import Projects
from .schema import ORDER, TERMS, Json
from .search_names import begun, near
from .search_ranking import ranked, similar_first
from .search_shares import Shares
from .search_shown import shown
from .search_upkeep import Upkeep
from .server import Server

Answer = TypeVar("Answer")

_BY_NAME = f"{ORDER}:asc"
_BY_DOWNLOADS = f"download_last_month:desc,{_BY_NAME}"
_SORTED_BY = {
    Sort.RELEVANCE: _BY_DOWNLOADS,
    Sort.DOWNLOADS: _BY_DOWNLOADS,
    Sort.STARS: f"github_stars:desc,{_BY_NAME}",
    Sort.HEALTH: f"health_score:desc,{_BY_NAME}",
    Sort.NEWEST: f"upload_timestamp:desc,{_BY_NAME}",
    Sort.NAME: _BY_NAME,
}

# What a ranking needs of a project, and how many of each kind of candidates are fetched for one.
_RANKED_BY = (
    f"name_normalized,{TERMS},download_last_month,health_score,framework_versions,project_status,github_archived"
)
_CANDIDATES = 120

# Values of a facet that are asked for: of those that are equally frequent the server gives any.
_VALUES = 250
# All that there are.
_ALL_VALUES = 100_000

# A page that nobody turns to: the server counts hits in 32 bits.
_FURTHEST = 2**31 - 1


class _Asked(Struct, frozen=True, kw_only=True):
    """What a text comes to: who is found, and the filters by which those are found that can come first."""

    query: ParsedQuery | None = None
    found: str = ""
    first: tuple[str, ...] = ("",)


class TypesenseSearch:
    """The port `SearchEngine` on a Typesense server."""

    def __init__(
        self,
        server: Server,
        collections: Collections,
        projects: Projects,
        *,
        lexicon: Lexicon,
        standards: ScoringConfig | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._server = server
        self._shares = Shares(server, lambda: projects.writes)
        self._upkeep = Upkeep(server, collections, projects, lexicon)
        self._lexicon = lexicon
        self._standards = standards
        self._now = now

    def search(self, collection: str, query: SearchQuery, *, hidden: frozenset[str] = NO_NAMES) -> SearchResults:
        return self._on(collection, lambda found: self._search(found, query, hidden))

    def count_values(self, collection: str, facet: Facet, *, hidden: frozenset[str] = NO_NAMES) -> Mapping[str, int]:
        asked = _counting([facet], filters.every(filters.SHOWN, _not_among(hidden))) | {"max_facet_values": _ALL_VALUES}

        def counted(found: Found) -> Mapping[str, int]:
            (answer,) = searched(self._server, found.name, [asked])
            return _values(answer["facet_counts"][0])

        return self._on(collection, counted)

    def suggest(
        self, collection: str, text: str, *, limit: int, hidden: frozenset[str] = NO_NAMES
    ) -> Sequence[Suggestion]:
        typed = normalize_prefix(text)
        within = filters.every(filters.SHOWN, _not_among(hidden))

        def candidates(found: Found) -> list[Json]:
            if not typed or limit < 1:
                return []
            scale = self._shares.popularity(found.name)
            return begun(self._server, found.name, typed, scale, self._lexicon, within=within, by=_BY_DOWNLOADS)

        return [
            Suggestion(name=each["name"], name_normalized=each["name_normalized"], summary=each["summary"])
            for each in self._on(collection, candidates)[:limit]
        ]

    def find_similar(
        self, collection: str, name: str, *, limit: int, hidden: frozenset[str] = NO_NAMES
    ) -> Sequence[Hit]:
        return self._on(collection, lambda found: self._similar(found, normalize_name(name), limit, hidden))

    def find_dependents(
        self, collection: str, name: str, *, limit: int, hidden: frozenset[str] = NO_NAMES
    ) -> Sequence[Hit]:
        requiring = filters.every(filters.SHOWN, _not_among(hidden), filters.requiring(normalize_name(name)))
        asked = pages(_naming(requiring, _BY_DOWNLOADS), first=0, most=max(limit, 0))

        def hits(found: Found) -> Sequence[Hit]:
            answers = searched(self._server, found.name, asked)
            return shown(self._server, found.name, _names(documents(answers)), SearchQuery())

        return self._on(collection, hits)

    def get_hits(self, collection: str, names: Iterable[str], *, hidden: frozenset[str] = NO_NAMES) -> Sequence[Hit]:
        wanted = [name for name in dict.fromkeys(names) if name not in hidden]
        hits = self._on(collection, lambda found: shown(self._server, found.name, wanted, SearchQuery()))
        return [hit for hit in hits if hit.project_status != ProjectStatus.QUARANTINED]

    def _on(self, collection: str, work: Callable[[Found], Answer]) -> Answer:
        """Return what `work` gives of a collection, or of the one that has taken its place meanwhile."""
        found = self._upkeep.searchable(collection)
        try:
            return work(found)
        except NotFound:
            successor = self._upkeep.searchable(collection)
            if successor.name == found.name:
                raise
            return work(successor)

    def _search(self, found: Found, question: SearchQuery, hidden: frozenset[str]) -> SearchResults:
        asked = self._asked(found, question.text, question.frameworks)

        def held(text: str, but: Facet | None = None) -> str:
            narrowed = filters.narrowed(question, now=self._now(), but=but)
            return filters.every(filters.SHOWN, _not_among(hidden), narrowed, text)

        per_page = max(question.per_page, 1)
        start = min((max(question.page, 1) - 1) * per_page, _FURTHEST)
        chosen = [facet for facet in Facet if question.get_selected(facet)]
        counts = [_counting([facet for facet in Facet if facet not in chosen], held(asked.found))]
        counts += [_counting([facet], held(asked.found, facet)) for facet in chosen]
        by = _SORTED_BY[question.sort]
        hits = (
            self._candidates(asked, held)
            if question.sort is Sort.RELEVANCE
            else pages(_naming(held(asked.found), by), first=start, most=per_page)
        )
        answers = searched(self._server, found.name, [*counts, *hits])
        counted, listed = answers[: len(counts)], answers[len(counts) :]
        total: int = counted[0]["found"]
        if question.sort is Sort.RELEVANCE:
            scale, likely, certain = self._shares.popularity(found.name), documents(listed[:-1]), documents(listed[-1:])
            first = ranked(asked.query, likely, certain, scale, self._lexicon, is_current=self._is_current())
            names = first[start : start + per_page]
            if len(names) < per_page and start + len(names) < total:
                others = filters.every(held(asked.found), filters.none_of("name_normalized", first))
                rest = pages(_naming(others, by), first=max(start - len(first), 0), most=per_page - len(names))
                names += _names(documents(searched(self._server, found.name, rest)))
        else:
            names = _names(documents(listed))
        return SearchResults(
            total=total,
            hits=tuple(shown(self._server, found.name, names, question)),
            facets=self._facets(found, question, chosen, counted, held, asked.found),
        )

    def _similar(self, found: Found, name: str, limit: int, hidden: frozenset[str]) -> Sequence[Hit]:
        own = filters.every(filters.SHOWN, filters.one_of("name_normalized", [name]))
        (answer,) = searched(self._server, found.name, [{"filter_by": own, "limit": 1, "include_fields": _RANKED_BY}])
        if not answer["hits"] or limit < 1:
            return []
        names = similar_first(
            self._server,
            found.name,
            documents([answer])[0],
            self._shares,
            self._lexicon,
            within=filters.every(filters.SHOWN, _not_among(hidden | {name})),
            by=_BY_DOWNLOADS,
        )
        return shown(self._server, found.name, names[:limit], SearchQuery())

    def _asked(self, found: Found, text: str, frameworks: Sequence[str]) -> _Asked:
        if not text.strip():
            return _Asked()
        query, share = self._shares.query(found.name, text, self._lexicon, favoured=frameworks)
        if query is None:
            return _Asked(found=filters.NOTHING, first=())
        close = near(self._server, found.name, query, self._lexicon)
        everybody = filters.asked(query, close, share)
        # From the best to all; the last ones are the most downloaded of them.
        tiers = [filters.named(query), filters.in_head(query, close, share), filters.everywhere(query, close, share)]
        if ours := filters.favoured(query):
            tiers += [filters.every(tier, ours) for tier in (*tiers, everybody)]
        return _Asked(query=query, found=everybody, first=(*tiers, everybody))

    def _candidates(self, asked: _Asked, held: Callable[[str], str]) -> list[Json]:
        each = {"sort_by": _BY_DOWNLOADS, "include_fields": _RANKED_BY}
        last = len(asked.first) - 1
        return [
            {"filter_by": held(text), "limit": MOST_HITS if tier == last else _CANDIDATES, **each}
            for tier, text in enumerate(asked.first)
        ]

    def _is_current(self) -> Callable[[Sequence[str]], bool | None]:
        today, standards = to_date(self._now()), self._standards

        def is_current(framework_versions: Sequence[str]) -> bool | None:
            if standards is None:
                return None
            verdict = has_supported_version(framework_versions, standards, today)
            return None if verdict is UNSET else verdict

        return is_current

    def _facets(
        self,
        found: Found,
        question: SearchQuery,
        chosen: Sequence[Facet],
        counted: Sequence[Json],
        held: Callable[..., str],
        text: str,
    ) -> Mapping[Facet, Sequence[FacetCount]]:
        by_field = {each["field_name"]: each for answer in counted for each in answer["facet_counts"]}
        values = {facet: _values(by_field[filters.FACETS[facet]]) for facet in Facet}
        # A value that is chosen is shown, however rare it is.
        missing = [
            (facet, value)
            for facet in chosen
            for value in map(str, question.get_selected(facet))
            if len(values[facet]) >= _VALUES and value not in values[facet]
        ]
        if missing:
            asked = [
                {"filter_by": filters.every(held(text, facet), filters.one_of(filters.FACETS[facet], [value]))}
                for facet, value in missing
            ]
            for (facet, value), answer in zip(missing, searched(self._server, found.name, asked), strict=True):
                values[facet][value] = answer["found"]
        return {facet: _most_frequent(values[facet], set(map(str, question.get_selected(facet)))) for facet in Facet}


def _names(found: Sequence[Json]) -> list[str]:
    return [each["name_normalized"] for each in found]


def _not_among(hidden: frozenset[str]) -> str:
    return filters.none_of("name_normalized", sorted(hidden))


def _naming(filter_: str, by: str) -> Json:
    return {"filter_by": filter_, "sort_by": by, "include_fields": "name_normalized"}


def _counting(facets: Sequence[Facet], filter_: str) -> Json:
    asked: Json = {"filter_by": filter_}
    if facets:
        asked |= {"facet_by": ",".join(filters.FACETS[facet] for facet in facets), "max_facet_values": _VALUES}
    return asked


def _values(counted: Json) -> dict[str, int]:
    return {each["value"]: each["count"] for each in counted["counts"] if each["value"]}


def _most_frequent(values: Mapping[str, int], chosen: set[str]) -> tuple[FacetCount, ...]:
    ordered = sorted(((value, count) for value, count in values.items() if count), key=lambda each: (-each[1], each[0]))
    kept = ordered[:MAX_FACET_VALUES] + [each for each in ordered[MAX_FACET_VALUES:] if each[0] in chosen]
    return tuple(FacetCount(value=value, count=count) for value, count in kept)
