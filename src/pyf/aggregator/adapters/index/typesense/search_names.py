"""Finds projects by what somebody has typed of their names: with wrong letters in it, or not to its end."""

from collections.abc import Iterable, Mapping

from rapidfuzz.distance import OSA

from ....domain.relevance import Lexicon, Query
from ....domain.relevance.names import name_forms
from ....domain.relevance.query import Concept
from .multi_search import MOST_HITS, documents, searched
from .schema import RUNS, Json
from .search_filters import SHOWN, every, typed
from .server import Server

# The shortest beginnings of names that may have one and two wrong letters.
_ONE_SLIP, _TWO_SLIPS = 5, 8


def near(server: Server, collection: str, query: Query, lexicon: Lexicon) -> Mapping[Concept, frozenset[str]]:
    """Return for each concept that may have wrong letters which projects have something like it in their names."""
    slipped = [each for each in query.concepts if each.slips]
    if not slipped:
        return {}
    answers = searched(server, collection, [_like(each.joined, each.slips, SHOWN) for each in slipped])
    return {
        concept: frozenset(
            name
            for flat in documents([answer])
            if _is_near(concept.joined, name_forms(name := flat["name_normalized"], lexicon).runs, concept.slips)
        )
        for concept, answer in zip(slipped, answers, strict=True)
    }


def begun(
    server: Server, collection: str, text: str, within: str, *, limit: int, by: str, lexicon: Lexicon
) -> list[Json]:
    """Return the projects whose name somebody may be typing, without separators so far: whole names, parts, slips."""
    most = min(limit, MOST_HITS)
    fields = {"include_fields": "name,name_normalized,summary,download_last_month", "sort_by": by}
    asked = [{"filter_by": every(within, filter_), "limit": most, **fields} for filter_ in typed(text)]
    found = documents(searched(server, collection, asked))
    slips = 0 if len(text) < _ONE_SLIP or not text.isalpha() else 1 if len(text) < _TWO_SLIPS else 2
    if slips and len({flat["name_normalized"] for flat in found}) < limit:
        like = {**_like(text, slips, within), "prefix": True, "include_fields": fields["include_fields"]}
        found += [
            flat
            for flat in documents(searched(server, collection, [like]))
            if _is_near(text, _beginnings(name_forms(flat["name_normalized"], lexicon).runs, len(text)), slips)
        ]
    return list({flat["name_normalized"]: flat for flat in found}.values())[:limit]


def _like(word: str, slips: int, within: str) -> Json:
    """Return the search for names that have something like a word in them, all that there are and no more than fit."""
    return {
        "q": word,
        "query_by": RUNS,
        "filter_by": within,
        "num_typos": slips,
        "prefix": False,
        "drop_tokens_threshold": 0,
        "typo_tokens_threshold": MOST_HITS,
        "exhaustive_search": True,
        "limit": MOST_HITS,
        "include_fields": "name_normalized",
        "sort_by": "_text_match:desc,download_last_month:desc",
    }


def _is_near(word: str, runs: Iterable[str], slips: int) -> bool:
    return any(
        abs(len(run) - len(word)) <= slips and OSA.distance(word, run, score_cutoff=slips) <= slips for run in runs
    )


def _beginnings(runs: Iterable[str], length: int) -> set[str]:
    """Return the beginnings of names that have about so many letters."""
    return {run[:end] for run in runs for end in range(max(length - 2, 1), length + 3)}
