"""Puts candidates that a server has found in the domain's order."""

from collections.abc import Callable, Iterable, Sequence
from math import log10

from ....domain.project import ProjectStatus
from ....domain.relevance import Lexicon, Popularity, Query, Standing, bucket_of, merit
from .multi_search import MOST_HITS, documents, searched
from .schema import TERMS, Json
from .search_filters import every, headed
from .search_shares import Shares
from .searched import HEAD, searchable_from
from .server import Server

# What a project is likened by: so many of its stems, the rarest first, and who has one of the rarest few.
_STEMS, _RAREST, _OF_EACH = 30, 5, 60
# A stem that more of all projects have says nothing.
_TELLING = 0.2


def ranked(
    query: Query | None,
    candidates: Iterable[Json],
    popularity: Popularity,
    lexicon: Lexicon,
    *,
    is_current: Callable[[Sequence[str]], bool | None],
) -> list[str]:
    """Return the names of candidates, each once: by how well they answer a query, then by what speaks for them.

    Without a query only the latter counts. Whoever does not answer it at all comes last.
    """
    placed: dict[str, tuple[int, float, str]] = {}
    for flat in candidates:
        name = flat["name_normalized"]
        if name not in placed:
            bucket = 0 if query is None else bucket_of(query, searchable_from(flat), lexicon)
            standing = _standing(flat)
            value = merit(standing, popularity, is_current=is_current(standing.framework_versions))
            placed[name] = (1 if bucket is None else -bucket, -value, name)
    return [name for *_, name in sorted(placed.values())]


def similar_first(server: Server, collection: str, own: Json, shares: Shares, *, within: str, by: str) -> list[str]:
    """Return the names of those who have rare words of their name, summary or keywords in common with a project."""
    share = shares.shares(collection, sorted(_head(own)))
    telling = sorted((each for each in share if share[each] <= _TELLING), key=lambda each: (share[each], each))[:_STEMS]
    if not telling:
        return []
    rarest = [stem for stem in telling if share[stem] > 0][:_RAREST]
    asked = [(headed([stem]), _OF_EACH) for stem in rarest] + [(headed(telling), MOST_HITS)]
    answers = searched(
        server,
        collection,
        [
            {
                "filter_by": every(within, text),
                "limit": most,
                "sort_by": by,
                "include_fields": f"name_normalized,{TERMS},download_last_month",
            }
            for text, most in asked
        ],
    )
    weights = {stem: -log10(share[stem] or 1e-9) for stem in telling}
    found: dict[str, tuple[float, int, str]] = {}
    for flat in documents(answers):
        common = sum(weights[stem] for stem in _head(flat) & weights.keys())
        if common:
            name = flat["name_normalized"]
            found[name] = (-common, -(flat.get("download_last_month") or 0), name)
    return [name for *_, name in sorted(found.values())]


def _standing(flat: Json) -> Standing:
    given_up = (ProjectStatus.ARCHIVED, ProjectStatus.DEPRECATED)
    return Standing(
        downloads=flat.get("download_last_month"),
        health=flat.get("health_score"),
        framework_versions=tuple(flat.get("framework_versions", ())),
        is_given_up=flat.get("github_archived") is True or flat.get("project_status") in given_up,
    )


def _head(flat: Json) -> set[str]:
    return {term[1:] for term in flat.get(TERMS, ()) if term[0] in HEAD}
