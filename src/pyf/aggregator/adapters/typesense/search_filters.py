"""Says a question as filters: the same projects as the domain finds.

Filters are put together here from words that the domain has taken apart, and from values in quotes, so nothing that
anybody types has a syntax. The server admits so many operators in a filter and no more: a text of many words is said
more loosely then, and what it finds besides comes last.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import product

from ...domain.relevance import ParsedQuery
from ...domain.relevance.query import QueryTerm
from ...domain.relevance.tokenizer import stem
from ...domain.search import Facet, SearchQuery
from ..encoding import replace_surrogates
from .schema import BAND, FRAMEWORKS, PAIRS, PYTHONS, REQUIRES, TERMS
from .searched import (
    BEGINNING,
    BELONGS,
    HEAD,
    LONGEST,
    OWN_BEGINNING,
    PIECE,
    PLACES,
    RUN,
    RUN_BEGINNING,
    STEMMED,
    WHOLE,
    pair,
)

_DAY = 86_400

# What facets are counted and narrowed by.
FACETS = {
    Facet.FRAMEWORK_VERSIONS: FRAMEWORKS,
    Facet.PYTHON_VERSIONS: PYTHONS,
    Facet.LICENSES: "license_expression",
    Facet.CLASSIFIERS: "classifiers",
    Facet.HEALTH: BAND,
    Facet.STATUSES: "project_status",
    Facet.MAINTAINERS: "maintainers",
}

# The documents that stand for their projects, of those that may be shown.
SHOWN = "is_newest:=true && project_status:!=quarantined"
# No document has it: for values that say nothing to the server, which would find all by them.
NOTHING = "is_newest:=true && is_newest:=false"

# Operators that the text's part of a filter may have; the server takes 100 in all.
_MOST_OPERATORS = 70
_OPERATOR = re.compile(r" (?:&&|\|\|) ")

# Longer than any value; longer ones equal none.
_LONGEST_VALUE = 1000
_SAYING = re.compile(r"[^\W_]")


def every(*filters: str) -> str:
    """Return the filter of what all of these let through; empty ones let all through."""
    return " && ".join(f"({each})" if " || " in each else each for each in filters if each)


def either(*filters: str) -> str:
    """Return the filter of what one of these lets through."""
    return " || ".join(f"({each})" if " && " in each else each for each in filters if each)


def one_of(field: str, values: Iterable[str]) -> str:
    """Return the filter of the documents whose field is one of these values, or has one in its list."""
    quoted = [f"`{said}`" for each in values if (said := _said(each))]
    return f"{field}:=[{','.join(quoted)}]" if quoted else NOTHING


def none_of(field: str, values: Collection[str]) -> str:
    """Return the filter of the documents whose field is none of these values; no values let all through."""
    quoted = [f"`{said}`" for each in values if (said := _said(each))]
    return f"{field}:!=[{','.join(quoted)}]" if quoted else ""


def narrowed(question: SearchQuery, *, now: float, but: Facet | None = None) -> str:
    """Return what all projects have to hold, but for the filter of one facet."""
    chosen = [facet for facet in Facet if facet is not but and question.get_selected(facet)]
    held = [one_of(FACETS[facet], map(str, question.get_selected(facet))) for facet in chosen]
    if {Facet.FRAMEWORK_VERSIONS, Facet.PYTHON_VERSIONS} <= set(chosen):  # and one release has both
        both = product(question.framework_versions, question.python_versions)
        held.append(one_of(PAIRS, (pair(*each) for each in both)))
    if question.updated_within is not None:
        held.append(f"upload_timestamp:>={max(int(now) - question.updated_within * _DAY, 0)}")
    return every(*held)


def requiring(name: str) -> str:
    """Return what finds the projects that require one (normalised)."""
    return one_of(REQUIRES, [name])


def having(cut: str) -> str:
    """Return what finds the projects that have a stem in any of their texts."""
    return one_of(TERMS, (f"{place}{cut}" for place in PLACES))


def headed(stems: Iterable[str]) -> str:
    """Return what finds the projects whose name, summary or keywords have any of these stems."""
    return one_of(TERMS, (f"{place}{each}" for each in stems for place in HEAD))


def favoured(query: ParsedQuery) -> str:
    """Return what finds the projects of the frameworks that a query names or means, "" where it means none."""
    ours = {f"{place}{stem(each)}" for each in query.frameworks for place in HEAD}
    ours |= {f"{BELONGS}{each}" for each in query.frameworks}
    return one_of(TERMS, sorted(ours)) if ours else ""


def named(query: ParsedQuery) -> str:
    """Return what finds the projects whose name is what was typed, begins with it, or has all of it in a row."""
    terms = {f"{WHOLE}{word[:LONGEST]}" for word in (query.whole, query.core, *query.alternative_names)}
    terms.add(f"{STEMMED}{query.stems[:LONGEST]}")
    if query.is_prefix:
        terms |= {f"{BEGINNING}{query.whole}"} if len(query.whole) <= LONGEST else set()
        terms |= {f"{OWN_BEGINNING}{query.core}"} if 1 < len(query.core) <= LONGEST else set()
    if len(query.terms) > 1:
        terms.add(f"{RUN}{query.core[:LONGEST]}")
    return one_of(TERMS, sorted(terms))


def typed_in(word: str) -> list[str]:
    """Return what finds the projects of whose name somebody may be typing: the likeliest first, all of it, up to parts.

    A longer text than any name has begins none.
    """
    kinds = (WHOLE, BEGINNING, OWN_BEGINNING, RUN_BEGINNING) if len(word) <= LONGEST else ()
    return [one_of(TERMS, [f"{kind}{word}"]) for kind in kinds]


def everywhere(query: ParsedQuery, near: Mapping[QueryTerm, Collection[str]], share: Mapping[str, float]) -> str:
    """Return what finds the projects with all heavy concepts in any of their texts."""
    return every(*(_concept(each, near.get(each, ()), share, PLACES) for each in query.required_terms))


def in_head(query: ParsedQuery, near: Mapping[QueryTerm, Collection[str]], share: Mapping[str, float]) -> str:
    """Return what finds the projects with all heavy concepts in their name, summary or keywords."""
    return every(*(_concept(each, near.get(each, ()), share, HEAD) for each in query.required_terms))


def asked(query: ParsedQuery, near: Mapping[QueryTerm, Collection[str]], share: Mapping[str, float]) -> str:
    """Return what finds the projects that answer a query.

    `near` names the projects to a part of whose name a concept comes near, `share` tells which part of all projects has
    a stem.
    """
    whole = [_concept(each, near.get(each, ()), share, PLACES, whole=True) for each in query.required_terms]
    loose = [_concept(each, near.get(each, ()), share, PLACES) for each in query.required_terms]
    by_name = named(query)
    for clauses in (whole, loose):
        found = either(by_name, _at_least(query.min_required_terms, clauses))
        if _operators(found) <= _MOST_OPERATORS:
            return found
    needed = query.min_required_terms
    while needed > 1 and _operators(_at_least(needed, loose)) >= _MOST_OPERATORS:
        needed -= 1
    return either(by_name, _at_least(needed, loose))


def _at_least(needed: int, clauses: Sequence[str]) -> str:
    """Return the filter of what so many of these let through."""
    if needed == 1:
        return either(*clauses)
    if needed == len(clauses):
        return every(*clauses)
    first, *others = clauses
    return either(every(first, _at_least(needed - 1, others)), _at_least(needed, others))


def _concept(
    concept: QueryTerm,
    near: Collection[str],
    share: Mapping[str, float],
    places: Sequence[str],
    *,
    whole: bool = False,
) -> str:
    """Return what finds the projects with one of the ways to say something.

    Unless `whole`, of words that have to be there together the rarest one is enough.
    """
    by_words = [tuple(zip(way.words, way.stems, strict=True)) for way in concept.variants]
    if not whole:
        by_words = [(min(way, key=lambda word: share.get(word[1], 0.0)),) for way in by_words]
    single = {term for way in by_words if len(way) == 1 for term in _terms(*way[0], places)}
    single.add(f"{RUN}{concept.joined[:LONGEST]}")
    together = [every(*(one_of(TERMS, _terms(*word, places)) for word in way)) for way in by_words if len(way) > 1]
    by_name = one_of("name_normalized", near) if near else ""
    return either(one_of(TERMS, sorted(single)), *together, by_name)


def _terms(word: str, cut: str, places: Sequence[str]) -> list[str]:
    """Return the terms of a word that stands in one of these places, or that a part of a name begins or ends with."""
    return [*(f"{place}{cut}" for place in places), f"{PIECE}{word}", f"{PIECE}{cut}"]


def _operators(filter_: str) -> int:
    return len(_OPERATOR.findall(filter_))


def _said(value: str) -> str:
    """Return a value as it may stand in quotes, "" for one that says nothing to the server, or is longer than any."""
    said = " ".join(replace_surrogates(value).replace("`", "").split())
    return said if _SAYING.search(said) and len(said) <= _LONGEST_VALUE else ""
