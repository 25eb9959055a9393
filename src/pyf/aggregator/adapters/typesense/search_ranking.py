"""Puts candidates that a server has found in the domain's order."""

from collections.abc import Callable, Iterable, Sequence

from ...domain.documents.project import ProjectStatus
from ...domain.relevance import Lexicon, ParsedQuery, PopularityScale, QualitySignals, compute_quality, get_tier
from ...domain.relevance.similarity import get_significant_terms
from .multi_search import MOST_HITS, documents, searched
from .schema import TERMS, Json
from .search_filters import every, headed
from .search_shares import Shares
from .searched import HEAD, searchable_from
from .server import Server

# Who has one of the most telling stems that a project has: so many stems, and so many projects for each.
_STEMS, _OF_EACH = 5, 60


def ranked(
    query: ParsedQuery | None,
    likely: Iterable[Json],
    found: Sequence[Json],
    popularity: PopularityScale,
    lexicon: Lexicon,
    *,
    is_current: Callable[[Sequence[str]], bool | None],
) -> list[str]:
    """Return the names of candidates, each once: by how well they answer a query, then by what speaks for them.

    Without a query only the latter counts. Of the `likely` those count that answer it, all of those `found` do: the
    ones that do not by the domain's rules come last.
    """
    counting = {flat["name_normalized"] for flat in found}
    placed: dict[str, tuple[int, float, str]] = {}
    for flat in (*likely, *found):
        name = flat["name_normalized"]
        if name not in placed:
            bucket = 0 if query is None else get_tier(query, searchable_from(flat), lexicon)
            if bucket is None and name not in counting:
                continue
            standing = _standing(flat)
            value = compute_quality(standing, popularity, is_current=is_current(standing.framework_versions))
            placed[name] = (1 if bucket is None else -bucket, -value, name)
    return [name for *_, name in sorted(placed.values())]


def similar_first(
    server: Server, collection: str, own: Json, shares: Shares, lexicon: Lexicon, *, within: str, by: str
) -> list[str]:
    """Return the names of those who have telling words of their name, summary or keywords in common with a project."""
    searchable = searchable_from(own)
    share = shares.shares(collection, sorted(set("".join(searchable.texts[:3]).split())))
    weights = dict(get_significant_terms(searchable, lexicon, document_frequency=lambda stem: share.get(stem, 0.0)))
    if not weights:
        return []
    asked = [(headed([stem]), _OF_EACH) for stem in list(weights)[:_STEMS]] + [(headed(weights), MOST_HITS)]
    fields = {"sort_by": by, "include_fields": f"name_normalized,{TERMS}"}
    answers = searched(
        server, collection, [{"filter_by": every(within, text), "limit": most, **fields} for text, most in asked]
    )
    found: dict[str, tuple[float, str]] = {}
    for flat in documents(answers):
        common = sum(weights[stem] for stem in weights.keys() & _head(flat))
        found[flat["name_normalized"]] = (-common, flat["name_normalized"])
    return [name for _, name in sorted(found.values())]


def _standing(flat: Json) -> QualitySignals:
    given_up = (ProjectStatus.ARCHIVED, ProjectStatus.DEPRECATED)
    return QualitySignals(
        downloads=flat.get("download_last_month"),
        health=flat.get("health_score"),
        framework_versions=tuple(flat.get("framework_versions", ())),
        is_abandoned=flat.get("github_archived") is True or flat.get("project_status") in given_up,
    )


def _head(flat: Json) -> set[str]:
    return {term[1:] for term in flat.get(TERMS, ()) if term[0] in HEAD}
