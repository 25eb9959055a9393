"""Finds projects by what somebody has typed of their names: with wrong letters in it, or not to its end."""

from collections.abc import Mapping

from ...domain.relevance import Lexicon, ParsedQuery, PopularityScale
from ...domain.relevance.names import build_name_forms
from ...domain.relevance.query import QueryTerm
from ...domain.relevance.similarity import get_min_prefix_rank, rank_prefix
from ...domain.relevance.tokenizer import get_allowed_typos, is_within_typos
from .multi_search import MOST_HITS, documents, searched
from .schema import RUNS, Json
from .search_filters import SHOWN, every, typed_in
from .server import Server

# Names that are looked at of each kind, for a suggestion.
_CANDIDATES = 100


def near(server: Server, collection: str, query: ParsedQuery, lexicon: Lexicon) -> Mapping[QueryTerm, frozenset[str]]:
    """Return for each concept that may have wrong letters which projects have something like it in their names."""
    slipped = [each for each in query.terms if each.allowed_typos]
    if not slipped:
        return {}
    answers = searched(server, collection, [_like(each.joined, each.allowed_typos, SHOWN) for each in slipped])
    return {
        concept: frozenset(
            name
            for name in (flat["name_normalized"] for flat in documents([answer]))
            if any(
                is_within_typos(concept.joined, run, concept.allowed_typos)
                for run in build_name_forms(name, lexicon).joined_segments
            )
        )
        for concept, answer in zip(slipped, answers, strict=True)
    }


def begun(
    server: Server, collection: str, typed: str, popularity: PopularityScale, lexicon: Lexicon, *, within: str, by: str
) -> list[Json]:
    """Return the projects whose name somebody may be typing, without separators so far; the likeliest first."""
    shown = {"include_fields": "name,name_normalized,summary,download_last_month"}
    asked: list[Json] = [
        {"filter_by": every(within, filter_), "limit": _CANDIDATES, "sort_by": by, **shown}
        for filter_ in typed_in(typed)
    ]
    if slips := get_allowed_typos(typed):
        asked.append({**_like(typed, slips, within), "prefix": True, **shown})
    found = {flat["name_normalized"]: flat for flat in documents(searched(server, collection, asked))}
    like = {name: rank_prefix(typed, name, lexicon) for name in found}
    least = get_min_prefix_rank(like.values())
    likely = [name for name in found if like[name] >= least]
    likely.sort(key=lambda name: (-like[name], -popularity.to_percentile(found[name].get("download_last_month")), name))
    return [found[name] for name in likely]


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
