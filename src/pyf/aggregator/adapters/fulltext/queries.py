"""Translate queries for tantivy: it finds the same packages as the domain, and scores them nearly like the domain.

Queries are built from terms, never parsed from text, so a text can't contain query syntax.
"""

from collections.abc import Collection, Iterable, Sequence
from itertools import product

import tantivy
from tantivy import Occur

from ...domain.documents.schema import INDEXED_FACETS
from ...domain.relevance import ParsedQuery
from ...domain.relevance.names import MIN_PREFIX_LENGTH, list_glued_forms
from ...domain.relevance.pasted import Pasted
from ...domain.relevance.query import QueryTerm, Variant
from ...domain.relevance.scoring import (
    HISTORY_WEIGHT,
    KEYWORDS_WEIGHT,
    NAME_WEIGHT,
    NAMED_FRAMEWORK_BONUS,
    OPENING_WEIGHT,
    REST_WEIGHT,
)
from ...domain.relevance.similarity import (
    FUZZY_PREFIX,
    NAME_PREFIX,
    SEGMENT_PREFIX,
    get_suggestion_typos,
    list_possible_stems,
)
from ...domain.relevance.tiers import (
    CORE,
    CORE_TYPO_TIERS,
    EXACT,
    LITERAL,
    NAMED,
    PASTED_MODULE,
    PASTED_NAME,
    PASTED_REPOSITORY,
    PASTED_STEP,
    PREFIX,
    STEMMED,
    UNKNOWN_PREFIX,
    WHOLE_TYPO_TIERS,
)
from ...domain.relevance.tokenizer import stem
from ...domain.search import SearchQuery
from ..encoding import replace_surrogates
from .indexed_package import PYTHON_FACETS, join_versions
from .terms import MAX_PREFIX_LENGTH, TEXT_FIELDS, build_schema, to_facet_field, to_prefix_field

_DAY = 86_400
_FIELD_WEIGHTS = dict(
    zip(TEXT_FIELDS, (NAME_WEIGHT, KEYWORDS_WEIGHT, OPENING_WEIGHT, REST_WEIGHT, HISTORY_WEIGHT), strict=True)
)
# The domain scores a multi-word variant by its weakest word. tantivy sums over the words; this factor approximates it.
_MULTI_WORD_FACTOR = 0.85

_SCHEMA = build_schema()
_Q = tantivy.Query


def match_all() -> tantivy.Query:
    """Match every package."""
    return _Q.const_score_query(_term("here", "y"), 1.0)


def match_names(names: Collection[str]) -> tantivy.Query:
    """Match packages by their normalized names."""
    return _Q.const_score_query(_Q.term_set_query(_SCHEMA, "name", list(names)), 0.0)


def match_dependents(name: str) -> tantivy.Query:
    """Match the packages that require a package, by its normalized name."""
    return _Q.const_score_query(_term("requires", name), 1.0)


def match_text(query: ParsedQuery) -> tantivy.Query:
    """Match the packages that match a query, scored by relevance."""
    tiers = [*_match_pasted(query.pasted), (EXACT, _term("whole", query.whole))]
    if query.contained_names:
        tiers.append((NAMED, _Q.term_set_query(_SCHEMA, "whole", [*query.contained_names])))
    literal = [_term(field, core) for core in query.literal_cores for field in ("whole", "own")]
    cores = [_term(field, name) for name in query.alternative_names for field in ("whole", "own")]
    cores += [_term("aliases", module) for module in query.modules]
    frameworks = [_term("belongs", framework) for framework in query.frameworks]
    frameworks += [_term(field, stem(framework)) for framework in query.frameworks for field in TEXT_FIELDS[:2]]
    stemmed = _term("own_stems", query.stems)
    if frameworks:
        stemmed = _Q.boolean_query([(Occur.Must, stemmed), (Occur.Must, _any(frameworks))])
    tiers += [(LITERAL, _any(literal)), (CORE, _any(cores)), (STEMMED, stemmed)]
    prefixes = [_match_prefix("whole", query.whole)] if query.is_prefix else []
    prefixes += [_match_prefix("own", query.core_prefix)] if query.core_prefix else []
    prefixes += [_term("runs", query.core)] if len(query.terms) > 1 else []
    if prefixes:
        tiers.append((UNKNOWN_PREFIX if query.is_misspelled else PREFIX, _any(prefixes)))
    tiers += _match_misspelled_names(query)
    by_name = [_Q.const_score_query(match, tier) for tier, match in tiers]
    matches = _Q.disjunction_max_query([*by_name, _match_terms(query)])
    if not frameworks:
        return matches
    return _Q.boolean_query(
        [(Occur.Must, matches), (Occur.Should, _Q.const_score_query(_any(frameworks), NAMED_FRAMEWORK_BONUS))]
    )


def match_in_names(query: ParsedQuery) -> tantivy.Query:
    """Match the packages whose names contain a required term of a query, the more of them the better."""
    return _any([_match_term_in_name(term) for term in query.required_terms])


def match_stems(weights: Iterable[tuple[str, float]]) -> tantivy.Query:
    """Match packages whose name, summary or keywords contain any of these stems, each with its weight."""
    clauses = [
        (Occur.Should, _Q.const_score_query(_any([_term(field, stem) for field in TEXT_FIELDS[:2]]), weight))
        for stem, weight in weights
    ]
    return _Q.boolean_query(clauses)


def match_similar_stems(word: str) -> tantivy.Query:
    """Match packages whose name, summary or keywords may have the word that another word misspells."""
    typos, stems = get_suggestion_typos(word), list_possible_stems(word)
    matches = [_match_fuzzy(field, stem(word), typos) for field in TEXT_FIELDS[:2]]
    matches += [_Q.term_set_query(_SCHEMA, field, stems) for field in TEXT_FIELDS[:2]] if stems else []
    return _Q.const_score_query(_any(matches), 1.0)


def match_prefixes(typed: str, *, max_typos: int) -> dict[int, tantivy.Query]:
    """Match names that begin like a text, by rank, the best rank first.

    The query of a rank matches all names of that rank, and may match others.
    """
    matches = {
        NAME_PREFIX: _any([_match_prefix("whole", typed), _match_prefix("own", typed)]),
        SEGMENT_PREFIX: _match_prefix("runs", typed),
    }
    if max_typos:
        matches[FUZZY_PREFIX] = _Q.fuzzy_term_query(_SCHEMA, "runs", typed, distance=max_typos, prefix=True)
    return {rank: _Q.const_score_query(match, 0.0) for rank, match in matches.items()}


def build_filters(query: SearchQuery, *, now: float, without: str = "") -> list[tantivy.Query]:
    """Build the filters of a query, all of which must match; `without` leaves out the filter of one facet."""
    filters = [
        _Q.term_set_query(_SCHEMA, to_facet_field(name), [replace_surrogates(value) for value in values])
        for name, values in query.filters
        if name != without
    ]
    for facet in PYTHON_FACETS if not (without and INDEXED_FACETS[without].is_version) else ():
        versions = (query.get_selected("framework"), query.get_selected(facet.name))
        if all(versions):
            pairs = [replace_surrogates(join_versions(facet.name, *pair)) for pair in product(*versions)]
            filters.append(_Q.term_set_query(_SCHEMA, "pairs", pairs))
    if query.updated_within is not None:
        oldest = int(now) - query.updated_within * _DAY
        filters.append(
            _Q.range_query(
                _SCHEMA, "uploaded", tantivy.FieldType.Integer, max(oldest, -(2**62)), None, include_lower=True
            )
        )
    return [_Q.const_score_query(condition, 0.0) for condition in filters]


def match_value(facet: str, value: str) -> tantivy.Query:
    """Match the packages with a facet value."""
    return _Q.const_score_query(_term(to_facet_field(facet), replace_surrogates(value)), 0.0)


def restrict(
    matches: tantivy.Query, filters: Sequence[tantivy.Query] = (), hidden: Collection[str] = ()
) -> tantivy.Query:
    """Restrict a query to packages that pass all filters and are not hidden."""
    clauses = [(Occur.Must, matches), *((Occur.Must, condition) for condition in filters)]
    if hidden:
        clauses.append((Occur.MustNot, match_names(hidden)))
    return _Q.boolean_query(clauses) if len(clauses) > 1 else matches


def _match_pasted(pasted: Pasted | None) -> list[tuple[int, tantivy.Query]]:
    """Match what a pasted text refers to, with the tiers."""
    if pasted is None:
        return []
    tiers = [(PASTED_REPOSITORY, _term("aliases", pasted.repository))] if pasted.repository else []
    for number, name in enumerate(pasted.names):
        tiers.append((PASTED_NAME - PASTED_STEP * number, _term("whole", name)))
        modules = _any([_term("own", name), _term("aliases", name)])
        tiers.append((PASTED_MODULE - PASTED_STEP * number, modules))
    return tiers


def _match_misspelled_names(query: ParsedQuery) -> list[tuple[int, tantivy.Query]]:
    """Match the names that a query misspells, with their tiers."""
    swaps = [*query.swapped_names]
    tiers = []
    if swaps:
        whole = _Q.term_set_query(_SCHEMA, "whole", swaps)
        tiers.append((WHOLE_TYPO_TIERS[0] if query.is_misspelled else PREFIX, whole))
        if query.is_misspelled:
            tiers.append((CORE_TYPO_TIERS[0], _Q.term_set_query(_SCHEMA, "own", swaps)))
    for typos in range(1, query.whole_typos + 1):
        tier = WHOLE_TYPO_TIERS[typos - 1] if query.is_misspelled else PREFIX
        tiers.append((tier, _match_fuzzy("whole", query.whole, typos)))
    for typos in range(1, query.core_typos + 1):
        tiers.append((CORE_TYPO_TIERS[typos - 1], _match_fuzzy("own", query.core, typos)))
    return tiers


def _match_terms(query: ParsedQuery) -> tantivy.Query:
    """Match the packages that have a required term of a query, scored by the weights of all terms."""
    clauses = [(term, (Occur.Should, _match_term(term, term.weight / query.total_weight))) for term in query.terms]
    required = [(term, clause) for term, clause in clauses if query.is_required(term)]
    minimum = query.min_required_terms
    if minimum == 1 or all(term.words for term, _ in required):
        enough = _Q.boolean_query([clause for _, clause in required], minimum_number_should_match=minimum)
        optional = [clause for term, clause in clauses if not query.is_required(term)]
        return _Q.boolean_query([(Occur.Must, enough), *optional]) if optional else enough
    # One concept is enough, or several words.
    words = _Q.boolean_query([clause for term, clause in required if term.words], minimum_number_should_match=minimum)
    concepts = [clause for term, clause in required if not term.words]
    condition = _Q.const_score_query(_Q.boolean_query([(Occur.Should, words), *concepts]), 0.0)
    return _Q.boolean_query([(Occur.Must, condition), *(clause for _, clause in clauses)])


def _match_term(term: QueryTerm, share: float) -> tantivy.Query:
    matches = [match for variant in term.variants for match in _match_variant(variant, share)]
    if term.words:
        matches.append(_Q.const_score_query(_term("runs", term.joined_words), NAME_WEIGHT * share))
    if term.allowed_typos:
        fuzzy = _match_fuzzy("runs", term.joined_words, term.allowed_typos)
        matches.append(_Q.const_score_query(fuzzy, NAME_WEIGHT * share))
    return _Q.disjunction_max_query(matches)


def _match_term_in_name(term: QueryTerm) -> tantivy.Query:
    words = {word for variant in term.variants for word in variant.words}
    matches = [_term(TEXT_FIELDS[0], stem(word)) for word in words]
    pieces = {form for word in words for form in list_glued_forms(word) if len(form) >= MIN_PREFIX_LENGTH}
    matches += [_term("pieces", piece) for piece in pieces]
    matches += [_term("runs", term.joined_words)] if term.words else []
    if term.allowed_typos:
        matches.append(_match_fuzzy("runs", term.joined_words, term.allowed_typos))
    return _Q.const_score_query(_any(matches), 1.0)


def _match_variant(variant: Variant, share: float) -> list[tantivy.Query]:
    if len(variant.words) == 1:
        return _match_word(variant.words[0], variant.weight * share)
    weight = variant.weight * share * _MULTI_WORD_FACTOR / len(variant.words)
    words = [_Q.disjunction_max_query(_match_word(word, weight)) for word in variant.words]
    return [_Q.boolean_query([(Occur.Must, word) for word in words])]


def _match_word(word: str, weight: float) -> list[tantivy.Query]:
    stemmed = stem(word)
    fields = [
        _Q.const_score_query(_term(field, stemmed), field_weight * weight)
        for field, field_weight in _FIELD_WEIGHTS.items()
    ]
    pieces = [_term("pieces", form) for form in list_glued_forms(word) if len(form) >= MIN_PREFIX_LENGTH]
    return [*fields, _Q.const_score_query(_any(pieces), NAME_WEIGHT * weight)] if pieces else fields


def _term(field: str, value: str) -> tantivy.Query:
    return _Q.term_query(_SCHEMA, field, value, index_option="basic")


def _match_fuzzy(field: str, value: str, typos: int) -> tantivy.Query:
    return _Q.fuzzy_term_query(_SCHEMA, field, value, distance=typos)


def _match_prefix(field: str, value: str) -> tantivy.Query:
    if len(value) <= MAX_PREFIX_LENGTH:
        return _term(to_prefix_field(field), value)
    return _Q.fuzzy_term_query(_SCHEMA, field, value, distance=0, prefix=True)


def _any(queries: Sequence[tantivy.Query]) -> tantivy.Query:
    return _Q.boolean_query([(Occur.Should, query) for query in queries])
