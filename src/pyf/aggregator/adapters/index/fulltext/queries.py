"""Translates a query for tantivy, which finds the same packages as the domain and scores them nearly as it ranks them.

Queries are built from terms, never parsed from text, so no text has a syntax.
"""

from collections.abc import Collection, Iterable, Sequence
from itertools import product

import tantivy
from tantivy import Occur

from ....domain.relevance import Query
from ....domain.relevance.match import (
    ALIKE,
    BEGUN,
    EXACT,
    HISTORY,
    KEYWORDS,
    NAME,
    NAMED_FRAMEWORK,
    OPENING,
    OWN,
    REST,
    STEPS,
)
from ....domain.relevance.names import LEAST_BEGINNING
from ....domain.relevance.query import Concept, Way
from ....domain.relevance.suggesting import BEGINS, NEAR, PART_BEGINS
from ....domain.relevance.words import stem
from ....domain.search import Facet, Question
from ..encoding import storable
from .indexed_package import join_versions
from .terms import TEXT_FIELDS, build_schema

_DAY = 86_400
_WORTH = dict(zip(TEXT_FIELDS, (NAME, KEYWORDS, OPENING, REST, HISTORY), strict=True))
# Of words that have to be there together, the least counts; a sum over them comes near to that with some taken off.
_TOGETHER = 0.85

_SCHEMA = build_schema()
_Q = tantivy.Query


def match_all() -> tantivy.Query:
    """Match every package."""
    return _Q.const_score_query(_term("here", "y"), 1.0)


def match_names(names: Collection[str]) -> tantivy.Query:
    """Match packages by their normalized names."""
    return _Q.const_score_query(_Q.term_set_query(_SCHEMA, "name", list(names)), 0.0)


def match_dependents(name: str) -> tantivy.Query:
    """Match the packages that require one (normalized)."""
    return _Q.const_score_query(_term("requires", name), 1.0)


def match_text(query: Query) -> tantivy.Query:
    """Match the packages that fit a query, scored by how well they do."""
    ways = [(EXACT, _term("whole", query.whole))]
    own = [_term(field, name) for name in {query.own, *query.names} for field in ("whole", "own")]
    ways += [(OWN, _any(own)), (ALIKE, _term("own", f"={query.stems}"))]
    begun = [_begins("whole", query.whole)] if query.is_begun else []
    begun += [_begins("own", query.own)] if query.is_begun and len(query.own) > 1 else []
    begun += [_term("runs", query.own)] if len(query.concepts) > 1 else []
    if begun:
        ways.append((BEGUN, _any(begun)))
    by_name = [_Q.const_score_query(way, bucket / STEPS) for bucket, way in ways]
    matches = _Q.disjunction_max_query([*by_name, _match_concepts(query)])
    of_framework = [_term("belongs", framework) for framework in query.frameworks]
    of_framework += [_term(field, stem(framework)) for framework in query.frameworks for field in TEXT_FIELDS[:2]]
    if not of_framework:
        return matches
    return _Q.boolean_query(
        [(Occur.Must, matches), (Occur.Should, _Q.const_score_query(_any(of_framework), NAMED_FRAMEWORK))]
    )


def match_in_names(query: Query) -> tantivy.Query:
    """Match the packages whose names have enough of a query's concepts."""
    return _Q.boolean_query(
        [(Occur.Should, _match_concept_in_name(concept)) for concept in query.heavy],
        minimum_number_should_match=query.needed,
    )


def match_stems(weights: Iterable[tuple[str, float]]) -> tantivy.Query:
    """Match packages whose name, summary or keywords have any of these stems, each with its weight."""
    clauses = [
        (Occur.Should, _Q.const_score_query(_any([_term(field, stem) for field in TEXT_FIELDS[:2]]), weight))
        for stem, weight in weights
    ]
    return _Q.boolean_query(clauses)


def match_prefixes(typed: str, *, slips: int) -> dict[int, tantivy.Query]:
    """Match names that begin like a text, by the rank of the match, the best first.

    The query of a rank matches all names of that rank, and may match others.
    """
    ways = {BEGINS: _any([_begins("whole", typed), _begins("own", typed)]), PART_BEGINS: _begins("runs", typed)}
    if slips:
        ways[NEAR] = _Q.fuzzy_term_query(_SCHEMA, "runs", typed, distance=slips, prefix=True)
    return {rank: _Q.const_score_query(way, 0.0) for rank, way in ways.items()}


def build_filters(question: Question, *, now: float, without: Facet | None = None) -> list[tantivy.Query]:
    """Build the filters of a question, all of which must hold, without that of one facet."""
    filters = [
        _Q.term_set_query(_SCHEMA, facet.value, [storable(str(value)) for value in question.chosen(facet)])
        for facet in Facet
        if facet is not without and question.chosen(facet)
    ]
    versions = (question.framework_versions, question.python_versions)
    if all(versions) and without not in (Facet.FRAMEWORK_VERSIONS, Facet.PYTHON_VERSIONS):
        pairs = [storable(join_versions(*pair)) for pair in product(*versions)]
        filters.append(_Q.term_set_query(_SCHEMA, "pairs", pairs))
    if question.updated_within is not None:
        oldest = int(now) - question.updated_within * _DAY
        filters.append(
            _Q.range_query(
                _SCHEMA, "uploaded", tantivy.FieldType.Integer, max(oldest, -(2**62)), None, include_lower=True
            )
        )
    return [_Q.const_score_query(condition, 0.0) for condition in filters]


def match_value(facet: Facet, value: str) -> tantivy.Query:
    """Match the packages with a value of a facet."""
    return _Q.const_score_query(_term(facet.value, storable(value)), 0.0)


def restrict(
    matches: tantivy.Query, filters: Sequence[tantivy.Query] = (), hidden: Collection[str] = ()
) -> tantivy.Query:
    """Restrict a query to what passes all filters and is not hidden."""
    clauses = [(Occur.Must, matches), *((Occur.Must, condition) for condition in filters)]
    if hidden:
        clauses.append((Occur.MustNot, match_names(hidden)))
    return _Q.boolean_query(clauses) if len(clauses) > 1 else matches


def _match_concepts(query: Query) -> tantivy.Query:
    """Match the packages that have enough of a query's concepts, scored by what these are worth."""
    total = sum(concept.weight for concept in query.concepts)
    heavy = _Q.boolean_query(
        [(Occur.Should, _match_concept(concept, concept.weight / total)) for concept in query.heavy],
        minimum_number_should_match=query.needed,
    )
    light = [concept for concept in query.concepts if concept not in query.heavy]
    if not light:
        return heavy
    return _Q.boolean_query(
        [(Occur.Must, heavy), *((Occur.Should, _match_concept(concept, concept.weight / total)) for concept in light)]
    )


def _match_concept(concept: Concept, share: float) -> tantivy.Query:
    ways = [match for way in concept.ways for match in _match_way(way, share)]
    ways.append(_Q.const_score_query(_term("runs", concept.joined), NAME * share))
    if concept.slips:
        near = _Q.fuzzy_term_query(_SCHEMA, "runs", concept.joined, distance=concept.slips)
        ways.append(_Q.const_score_query(near, NAME * share))
    return _Q.disjunction_max_query(ways)


def _match_concept_in_name(concept: Concept) -> tantivy.Query:
    words = {word for way in concept.ways for word in way.words}
    terms = [_term(TEXT_FIELDS[0], stem(word)) for word in words]
    pieces = {piece for word in words for piece in (word, stem(word)) if len(piece) >= LEAST_BEGINNING}
    terms += [_term("pieces", piece) for piece in pieces]
    terms += [_term("runs", concept.joined)]
    if concept.slips:
        terms.append(_Q.fuzzy_term_query(_SCHEMA, "runs", concept.joined, distance=concept.slips))
    return _Q.const_score_query(_any(terms), 1.0)


def _match_way(way: Way, share: float) -> list[tantivy.Query]:
    if len(way.words) == 1:
        return _match_word(way.words[0], way.worth * share)
    worth = way.worth * share * _TOGETHER / len(way.words)
    return [_Q.boolean_query([(Occur.Must, _Q.disjunction_max_query(_match_word(word, worth))) for word in way.words])]


def _match_word(word: str, worth: float) -> list[tantivy.Query]:
    stemmed = stem(word)
    fields = [_Q.const_score_query(_term(field, stemmed), value * worth) for field, value in _WORTH.items()]
    pieces = [_term("pieces", piece) for piece in {word, stemmed} if len(piece) >= LEAST_BEGINNING]
    return [*fields, _Q.const_score_query(_any(pieces), NAME * worth)] if pieces else fields


def _term(field: str, value: str) -> tantivy.Query:
    return _Q.term_query(_SCHEMA, field, value, index_option="basic")


def _begins(field: str, value: str) -> tantivy.Query:
    return _Q.fuzzy_term_query(_SCHEMA, field, value, distance=0, prefix=True)


def _any(queries: Sequence[tantivy.Query]) -> tantivy.Query:
    return _Q.boolean_query([(Occur.Should, query) for query in queries])
