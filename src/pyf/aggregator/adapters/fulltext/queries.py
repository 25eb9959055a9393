"""Translates a query for tantivy, which finds the same packages as the domain and scores them nearly as it ranks them.

Queries are built from terms, never parsed from text, so no text has a syntax.
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
from .indexed_package import join_versions
from .terms import TEXT_FIELDS, build_schema

_DAY = 86_400
_WORTH = dict(
    zip(TEXT_FIELDS, (NAME_WEIGHT, KEYWORDS_WEIGHT, OPENING_WEIGHT, REST_WEIGHT, HISTORY_WEIGHT), strict=True)
)
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


def match_text(query: ParsedQuery) -> tantivy.Query:
    """Match the packages that fit a query, scored by how well they do."""
    ways = [(EXACT, _term("whole", query.whole))]
    own = [_term(field, name) for name in {query.core, *query.alternative_names} for field in ("whole", "own")]
    ways += [(CORE, _any(own)), (STEMMED, _term("own", f"={query.stems}"))]
    begun = [_begins("whole", query.whole)] if query.is_prefix else []
    begun += [_begins("own", query.core)] if query.is_prefix and len(query.core) > 1 else []
    begun += [_term("runs", query.core)] if len(query.terms) > 1 else []
    if begun:
        ways.append((PREFIX, _any(begun)))
    by_name = [_Q.const_score_query(way, bucket / WEIGHT_STEPS) for bucket, way in ways]
    matches = _Q.disjunction_max_query([*by_name, _match_concepts(query)])
    of_framework = [_term("belongs", framework) for framework in query.frameworks]
    of_framework += [_term(field, stem(framework)) for framework in query.frameworks for field in TEXT_FIELDS[:2]]
    if not of_framework:
        return matches
    return _Q.boolean_query(
        [(Occur.Must, matches), (Occur.Should, _Q.const_score_query(_any(of_framework), NAMED_FRAMEWORK_BONUS))]
    )


def match_in_names(query: ParsedQuery) -> tantivy.Query:
    """Match the packages whose names have enough of a query's concepts."""
    return _Q.boolean_query(
        [(Occur.Should, _match_concept_in_name(concept)) for concept in query.required_terms],
        minimum_number_should_match=query.min_required_terms,
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
    ways = {NAME_PREFIX: _any([_begins("whole", typed), _begins("own", typed)]), SEGMENT_PREFIX: _begins("runs", typed)}
    if slips:
        ways[FUZZY_PREFIX] = _Q.fuzzy_term_query(_SCHEMA, "runs", typed, distance=slips, prefix=True)
    return {rank: _Q.const_score_query(way, 0.0) for rank, way in ways.items()}


def build_filters(query: SearchQuery, *, now: float, without: Facet | None = None) -> list[tantivy.Query]:
    """Build the filters of a query, all of which must hold, without that of one facet."""
    filters = [
        _Q.term_set_query(_SCHEMA, facet.value, [replace_surrogates(str(value)) for value in query.get_selected(facet)])
        for facet in Facet
        if facet is not without and query.get_selected(facet)
    ]
    versions = (query.framework_versions, query.python_versions)
    if all(versions) and without not in (Facet.FRAMEWORK_VERSIONS, Facet.PYTHON_VERSIONS):
        pairs = [replace_surrogates(join_versions(*pair)) for pair in product(*versions)]
        filters.append(_Q.term_set_query(_SCHEMA, "pairs", pairs))
    if query.updated_within is not None:
        oldest = int(now) - query.updated_within * _DAY
        filters.append(
            _Q.range_query(
                _SCHEMA, "uploaded", tantivy.FieldType.Integer, max(oldest, -(2**62)), None, include_lower=True
            )
        )
    return [_Q.const_score_query(condition, 0.0) for condition in filters]


def match_value(facet: Facet, value: str) -> tantivy.Query:
    """Match the packages with a value of a facet."""
    return _Q.const_score_query(_term(facet.value, replace_surrogates(value)), 0.0)


def restrict(
    matches: tantivy.Query, filters: Sequence[tantivy.Query] = (), hidden: Collection[str] = ()
) -> tantivy.Query:
    """Restrict a query to what passes all filters and is not hidden."""
    clauses = [(Occur.Must, matches), *((Occur.Must, condition) for condition in filters)]
    if hidden:
        clauses.append((Occur.MustNot, match_names(hidden)))
    return _Q.boolean_query(clauses) if len(clauses) > 1 else matches


def _match_concepts(query: ParsedQuery) -> tantivy.Query:
    """Match the packages that have enough of a query's concepts, scored by what these are worth."""
    total = sum(concept.weight for concept in query.terms)
    heavy = _Q.boolean_query(
        [(Occur.Should, _match_concept(concept, concept.weight / total)) for concept in query.required_terms],
        minimum_number_should_match=query.min_required_terms,
    )
    light = [concept for concept in query.terms if concept not in query.required_terms]
    if not light:
        return heavy
    return _Q.boolean_query(
        [(Occur.Must, heavy), *((Occur.Should, _match_concept(concept, concept.weight / total)) for concept in light)]
    )


def _match_concept(concept: QueryTerm, share: float) -> tantivy.Query:
    ways = [match for way in concept.variants for match in _match_way(way, share)]
    ways.append(_Q.const_score_query(_term("runs", concept.joined_words), NAME_WEIGHT * share))
    if concept.allowed_typos:
        near = _Q.fuzzy_term_query(_SCHEMA, "runs", concept.joined_words, distance=concept.allowed_typos)
        ways.append(_Q.const_score_query(near, NAME_WEIGHT * share))
    return _Q.disjunction_max_query(ways)


def _match_concept_in_name(concept: QueryTerm) -> tantivy.Query:
    words = {word for way in concept.variants for word in way.words}
    terms = [_term(TEXT_FIELDS[0], stem(word)) for word in words]
    pieces = {piece for word in words for piece in (word, stem(word)) if len(piece) >= MIN_PREFIX_LENGTH}
    terms += [_term("pieces", piece) for piece in pieces]
    terms += [_term("runs", concept.joined_words)]
    if concept.allowed_typos:
        terms.append(_Q.fuzzy_term_query(_SCHEMA, "runs", concept.joined_words, distance=concept.allowed_typos))
    return _Q.const_score_query(_any(terms), 1.0)


def _match_way(way: Variant, share: float) -> list[tantivy.Query]:
    if len(way.words) == 1:
        return _match_word(way.words[0], way.weight * share)
    worth = way.weight * share * _TOGETHER / len(way.words)
    return [_Q.boolean_query([(Occur.Must, _Q.disjunction_max_query(_match_word(word, worth))) for word in way.words])]


def _match_word(word: str, worth: float) -> list[tantivy.Query]:
    stemmed = stem(word)
    fields = [_Q.const_score_query(_term(field, stemmed), value * worth) for field, value in _WORTH.items()]
    pieces = [_term("pieces", piece) for piece in {word, stemmed} if len(piece) >= MIN_PREFIX_LENGTH]
    return [*fields, _Q.const_score_query(_any(pieces), NAME_WEIGHT * worth)] if pieces else fields


def _term(field: str, value: str) -> tantivy.Query:
    return _Q.term_query(_SCHEMA, field, value, index_option="basic")


def _begins(field: str, value: str) -> tantivy.Query:
    return _Q.fuzzy_term_query(_SCHEMA, field, value, distance=0, prefix=True)


def _any(queries: Sequence[tantivy.Query]) -> tantivy.Query:
    return _Q.boolean_query([(Occur.Should, query) for query in queries])
