"""Keeps for a while what a ranking needs of a collection as a whole: how common words are, and how downloads spread.

Both cost the server some work, and change little. What this process writes is seen at once.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from msgspec import Struct
from msgspec.json import Decoder

from ...domain.relevance import Lexicon, ParsedQuery, PopularityScale, build_popularity_scale, parse_query
from .lines import export_of
from .multi_search import counted
from .search_filters import SHOWN, every, having
from .server import Server

# Seconds for which what others write may be missed.
_LASTS = 30.0


class _Row(Struct, frozen=True):
    download_last_month: int | None = None


_ROW = Decoder(_Row)


@dataclass
class _Known:
    """What is known of a collection since some moment, and how many writes of ours there had been."""

    since: float
    writes: int
    projects: int
    having: dict[str, int] = field(default_factory=dict)
    popularity: PopularityScale | None = None


class Shares:
    """How common words are in collections, and how their projects' downloads spread; `writes` counts our own writes."""

    def __init__(
        self, server: Server, writes: Callable[[], int], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._server = server
        self._writes = writes
        self._clock = clock
        self._known: dict[str, _Known] = {}

    def query(
        self, collection: str, text: str, lexicon: Lexicon, *, favoured: Sequence[str] = ()
    ) -> tuple[ParsedQuery | None, Mapping[str, float]]:
        """Return what a text asks of a collection, by its own name, and the shares of the stems that it goes by.

        Projects of `favoured` frameworks come first of those that answer alike.
        """
        known = self._of(collection)
        while True:
            unknown: dict[str, None] = {}

            def share(stem: str, unknown: dict[str, None] = unknown) -> float:
                if stem not in known.having:
                    unknown[stem] = None
                    return 0.0
                return known.having[stem] / max(known.projects, 1)

            query = parse_query(text, lexicon, document_frequency=share, favored=favoured)
            if not unknown:
                break
            self._count(collection, known, [*unknown, *(_stems_of(query) if query else ())])
        return query, {stem: number / max(known.projects, 1) for stem, number in known.having.items()}

    def shares(self, collection: str, stems: Iterable[str]) -> Mapping[str, float]:
        """Return the part of all projects of a collection that have each of these stems."""
        known, wanted = self._of(collection), list(dict.fromkeys(stems))
        self._count(collection, known, wanted)
        return {stem: known.having[stem] / max(known.projects, 1) for stem in wanted}

    def popularity(self, collection: str) -> PopularityScale:
        """Return the scale of the downloads that are known."""
        known = self._of(collection)
        if known.popularity is None:
            query = {"filter_by": SHOWN, "include_fields": "download_last_month"}
            rows = self._server.read(export_of(collection), query, lambda lines: [_ROW.decode(line) for line in lines])
            known.popularity = build_popularity_scale(n for row in rows if (n := row.download_last_month) is not None)
        return known.popularity

    def _of(self, collection: str) -> _Known:
        known, writes, now = self._known.get(collection), self._writes(), self._clock()
        if known is None or known.writes != writes or known.since + _LASTS < now:
            (projects,) = counted(self._server, collection, [SHOWN])
            known = self._known[collection] = _Known(now, writes, projects)
        return known

    def _count(self, collection: str, known: _Known, stems: Iterable[str]) -> None:
        new = [stem for stem in dict.fromkeys(stems) if stem not in known.having]
        numbers = counted(self._server, collection, [every(SHOWN, having(stem)) for stem in new])
        known.having |= dict(zip(new, numbers, strict=True))


def _stems_of(query: ParsedQuery) -> Iterable[str]:
    return (stem for concept in query.terms for way in concept.variants for stem in way.stems)
