"""Says a question in tantivy's terms: the same projects as the domain finds, scored nearly as the domain ranks them.

Terms are put together here, never parsed from text, so nothing that anybody types has a syntax.
"""

from collections.abc import Collection, Iterable, Sequence
from itertools import product

import tantivy
from tantivy import Occur

from ...domain.relevance import ParsedQuery
from ...domain.relevance.names import MIN_PREFIX_LENGTH
from ...domain.relevance.query import QueryTerm, Variant
from ...domain.relevance.similarity import FUZZY_PREFIX, NAME_PREFIX, SEGMENT_PREFIX
from ...domain.relevance.tiers import (
    CORE,
    EXACT,
    HISTORY_WEIGHT,
    KEYWORDS_WEIGHT,
    NAME_WEIGHT,
    NAMED_FRAMEWORK_BONUS,
    OPENING_WEIGHT,
    PREFIX,
    REST_WEIGHT,
    STEMMED,
    WEIGHT_STEPS,
)
from ...domain.relevance.tokenizer import stem
from ...domain.search import Facet, SearchQuery
from ..encoding import replace_surrogates
from .documents import TEXTS, schema
from .entry import pair

_DAY = 86_400
_WORTH = dict(zip(TEXTS, (NAME_WEIGHT, KEYWORDS_WEIGHT, OPENING_WEIGHT, REST_WEIGHT, HISTORY_WEIGHT), strict=True))
# Of words that have to be there together, the least counts; a sum over them comes near to that with some taken off.
_TOGETHER = 0.85

_SCHEMA = schema()
_Q = tantivy.Query


def everything() -> tantivy.Query:
    """Return what finds every project."""
    return _Q.const_score_query(_term("here", "y"), 1.0)


def named(names: Collection[str]) -> tantivy.Query:
    """Return what finds projects by their normalised names."""
    return _Q.const_score_query(_Q.term_set_query(_SCHEMA, "name", list(names)), 0.0)


def requiring(name: str) -> tantivy.Query:
    """Return what finds the projects that require one (normalised)."""
    return _Q.const_score_query(_term("requires", name), 1.0)


def asked(query: ParsedQuery) -> tantivy.Query:
    """Return what finds the projects that answer a query, scored by how well they do."""
    ways = [(EXACT, _term("whole", query.whole))]
    own = [_term(field, name) for name in {query.core, *query.alternative_names} for field in ("whole", "own")]
    ways += [(CORE, _any(own)), (STEMMED, _term("own", f"={query.stems}"))]
    begun = [_begins("whole", query.whole)] if query.is_prefix else []
    begun += [_begins("own", query.core)] if query.is_prefix and len(query.core) > 1 else []
    begun += [_term("runs", query.core)] if len(query.terms) > 1 else []
    if begun:
        ways.append((PREFIX, _any(begun)))
    by_name = [_Q.const_score_query(way, bucket / WEIGHT_STEPS) for bucket, way in ways]
    found = _Q.disjunction_max_query([*by_name, _said(query)])
    favoured = [_term("belongs", each) for each in query.frameworks]
    favoured += [_term(field, stem(each)) for each in query.frameworks for field in TEXTS[:2]]
    if not favoured:
        return found
    return _Q.boolean_query(
        [(Occur.Must, found), (Occur.Should, _Q.const_score_query(_any(favoured), NAMED_FRAMEWORK_BONUS))]
    )


def alike(weights: Iterable[tuple[str, float]]) -> tantivy.Query:
    """Return what finds projects whose name, summary or keywords have any of these stems, each of its weight."""
    clauses = [
        (Occur.Should, _Q.const_score_query(_any([_term(field, stem) for field in TEXTS[:2]]), weight))
        for stem, weight in weights
    ]
    return _Q.boolean_query(clauses)


def begun_with(typed: str, *, slips: int) -> dict[int, tantivy.Query]:
    """Return what finds names that somebody may be typing, by how like they are, the likest first.

    Each finds all that are so like, and may find others.
    """
    ways = {NAME_PREFIX: _any([_begins("whole", typed), _begins("own", typed)]), SEGMENT_PREFIX: _begins("runs", typed)}
    if slips:
        ways[FUZZY_PREFIX] = _Q.fuzzy_term_query(_SCHEMA, "runs", typed, distance=slips, prefix=True)
    return {like: _Q.const_score_query(each, 0.0) for like, each in ways.items()}


def filters(question: SearchQuery, *, now: float, but: Facet | None = None) -> list[tantivy.Query]:
    """Return what all have to hold, but for the filter of one facet."""
    held = [
        _Q.term_set_query(
            _SCHEMA, facet.value, [replace_surrogates(str(each)) for each in question.get_selected(facet)]
        )
        for facet in Facet
        if facet is not but and question.get_selected(facet)
    ]
    both = (question.framework_versions, question.python_versions)
    if all(both) and but not in (Facet.FRAMEWORK_VERSIONS, Facet.PYTHON_VERSIONS):
        held.append(_Q.term_set_query(_SCHEMA, "pairs", [replace_surrogates(pair(*each)) for each in product(*both)]))
    if question.updated_within is not None:
        oldest = int(now) - question.updated_within * _DAY
        held.append(
            _Q.range_query(
                _SCHEMA, "uploaded", tantivy.FieldType.Integer, max(oldest, -(2**62)), None, include_lower=True
            )
        )
    return [_Q.const_score_query(each, 0.0) for each in held]


def having(facet: Facet, value: str) -> tantivy.Query:
    """Return what holds for projects with a value of a facet."""
    return _Q.const_score_query(_term(facet.value, replace_surrogates(value)), 0.0)


def narrowed(found: tantivy.Query, held: Sequence[tantivy.Query], hidden: Collection[str]) -> tantivy.Query:
    """Return what finds those of `found` for which all of `held` hold and that are not hidden."""
    clauses = [(Occur.Must, found), *((Occur.Must, each) for each in held)]
    if hidden:
        clauses.append((Occur.MustNot, named(hidden)))
    return _Q.boolean_query(clauses) if len(clauses) > 1 else found


def _said(query: ParsedQuery) -> tantivy.Query:
    """Return what finds the projects with so many of the concepts as are needed, scored by what they are worth."""
    total = sum(concept.weight for concept in query.terms)
    heavy = _Q.boolean_query(
        [(Occur.Should, _concept(each, each.weight / total)) for each in query.required_terms],
        minimum_number_should_match=query.min_required_terms,
    )
    light = [each for each in query.terms if each not in query.required_terms]
    if not light:
        return heavy
    return _Q.boolean_query(
        [(Occur.Must, heavy), *((Occur.Should, _concept(each, each.weight / total)) for each in light)]
    )


def _concept(concept: QueryTerm, share: float) -> tantivy.Query:
    ways = [each for way in concept.variants for each in _way(way, share)]
    ways.append(_Q.const_score_query(_term("runs", concept.joined), NAME_WEIGHT * share))
    if concept.allowed_typos:
        near = _Q.fuzzy_term_query(_SCHEMA, "runs", concept.joined, distance=concept.allowed_typos)
        ways.append(_Q.const_score_query(near, NAME_WEIGHT * share))
    return _Q.disjunction_max_query(ways)


def _way(way: Variant, share: float) -> list[tantivy.Query]:
    if len(way.words) == 1:
        return _places(way.words[0], way.weight * share)
    each = way.weight * share * _TOGETHER / len(way.words)
    return [_Q.boolean_query([(Occur.Must, _Q.disjunction_max_query(_places(word, each))) for word in way.words])]


def _places(word: str, worth: float) -> list[tantivy.Query]:
    cut = stem(word)
    places = [_Q.const_score_query(_term(field, cut), value * worth) for field, value in _WORTH.items()]
    pieces = [_term("pieces", each) for each in {word, cut} if len(each) >= MIN_PREFIX_LENGTH]
    return [*places, _Q.const_score_query(_any(pieces), NAME_WEIGHT * worth)] if pieces else places


def _term(field: str, value: str) -> tantivy.Query:
    return _Q.term_query(_SCHEMA, field, value, index_option="basic")


def _begins(field: str, value: str) -> tantivy.Query:
    return _Q.fuzzy_term_query(_SCHEMA, field, value, distance=0, prefix=True)


def _any(queries: Sequence[tantivy.Query]) -> tantivy.Query:
    return _Q.boolean_query([(Occur.Should, each) for each in queries])
