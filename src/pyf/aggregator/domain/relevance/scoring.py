"""Score how well a project answers a query: by its name as a whole, or else by the words that it has."""

from typing import NamedTuple

from .lexicon import Lexicon
from .names import NameForms, build_name_forms, is_affix
from .query import ParsedQuery, QueryTerm, Variant
from .searchable import Searchable
from .tiers import NAMED, get_name_tier
from .tokenizer import is_within_typos, stem

# Weights of a word by field; in the name it weighs more if the query covers the whole name.
WHOLE_NAME_WEIGHT, NAME_WEIGHT, KEYWORDS_WEIGHT, SUMMARY_WEIGHT, OPENING_WEIGHT, REST_WEIGHT, HISTORY_WEIGHT = (
    1.0,
    0.8,
    0.8,
    0.8,
    0.5,
    0.3,
    0.1,
)
# Bonus for a match of a synonym in addition.
_SYNONYM_BONUS = 0.1
# Factor for the words of a phrase that are not side by side.
_NOT_ADJACENT_FACTOR = 0.7
# Bonus for a project of a framework that the query names, and of any framework if the query names none.
NAMED_FRAMEWORK_BONUS, ANY_FRAMEWORK_BONUS = 0.3, 0.15
# Malus for a project of another framework than the query names.
_FOREIGN_MALUS = 0.2
# What quality adds to a match of words.
QUALITY_WEIGHT = 0.3
# The score of the lowest tier of names, above all matches of words.
_NAME_SCORE = 10


class _Candidate(NamedTuple):
    """A project while its words are scored.

    Attributes:
        text: All texts, joined: most words are in none of them.
        name_weight: The weight of a word in the name.
    """

    project: Searchable
    forms: NameForms
    text: str
    name_weight: float


def compute_score(query: ParsedQuery, project: Searchable, quality: float, lexicon: Lexicon) -> float | None:
    """Return the score of a project, the higher the better; None if it does not match."""
    forms = build_name_forms(project.name_normalized, lexicon)
    is_favored = any(_is_made_for(framework, project) for framework in query.frameworks)
    is_foreign = bool(query.frameworks) and not is_favored and is_made_for_framework(project, lexicon)
    tier = get_name_tier(query, project, forms, is_favored=is_favored)
    # "sso" with Plone does not ask for fastapi-sso; the complete name does.
    if tier and (tier >= NAMED or not is_foreign):
        return _NAME_SCORE + tier + quality / 2
    value = _score_words(query, project, forms)
    if value is None:
        if not tier:
            return None
        value = 0.0
    if query.frameworks:
        value += NAMED_FRAMEWORK_BONUS * is_favored - _FOREIGN_MALUS * is_foreign
    elif is_made_for_framework(project, lexicon):
        value += ANY_FRAMEWORK_BONUS
    return value + QUALITY_WEIGHT * quality


def _score_words(query: ParsedQuery, project: Searchable, forms: NameForms) -> float | None:
    """Return how much of the query's weight a project has in its texts (0 to about 1); None if it does not match."""
    name_weight = WHOLE_NAME_WEIGHT if _is_whole_name(query, forms) else NAME_WEIGHT
    candidate = _Candidate(project, forms, "".join(project.texts), name_weight)
    required_count, total = 0, 0.0
    for term in query.terms:
        if value := _score_term(term, candidate):
            if query.is_required(term):
                # A concept is what the words together ask for.
                required_count += 1 if term.words else query.min_required_terms
            total += term.weight * value
    return total / query.total_weight if required_count >= query.min_required_terms else None


def is_made_for_framework(project: Searchable, lexicon: Lexicon) -> bool:
    """Return whether a project names a framework other than itself."""
    own_name = project.name_normalized
    # This runs for every candidate, and the first check is enough for most.
    if any(word != own_name for word in lexicon.frameworks.intersection(project.framework_words.split())):
        return True
    framework_stems = lexicon.frameworks_by_stem.keys() & "".join(project.texts[:3]).split()
    return any(
        name != own_name for framework_stem in framework_stems for name in lexicon.frameworks_by_stem[framework_stem]
    )


def _is_made_for(framework: str, project: Searchable) -> bool:
    padded_name, padded_stem = f" {framework} ", f" {stem(framework)} "
    return padded_name in project.framework_words or any(padded_stem in text for text in project.texts[:3])


def _is_whole_name(query: ParsedQuery, forms: NameForms) -> bool:
    """Return whether the query covers every segment of a name's core."""
    vocabulary, prefixes, suffixes = query.vocabulary, query.prefixes, query.suffixes
    for segment, segment_stem in forms.core_words:
        if (
            segment in vocabulary
            or segment_stem in vocabulary
            or segment.startswith(prefixes)
            or segment.endswith(suffixes)
        ):
            continue
        if not any(is_within_typos(term.joined_words, segment, term.allowed_typos) for term in query.fuzzy_terms):
            return False
    return True


def _score_term(term: QueryTerm, candidate: _Candidate) -> float:
    best, name_weight = 0.0, candidate.name_weight
    for variant in term.variants:
        # No field weighs more than the name, so that a variant that can't be better is skipped.
        if variant.weight * name_weight > best:
            best = max(best, variant.weight * _score_variant(variant, candidate))
    if best and term.synonyms and any(_score_variant(synonym, candidate) for synonym in term.synonyms):
        best += _SYNONYM_BONUS
    if best >= name_weight or not term.words:
        return best
    if candidate.forms.has_joined(term.joined_words):
        return name_weight
    return name_weight if term.allowed_typos and _is_misspelled(term, candidate.forms) else best


def _score_variant(variant: Variant, candidate: _Candidate) -> float:
    value = candidate.name_weight
    for searched_word in variant.searched_words:
        value = min(value, _score_word(searched_word, candidate))
        if not value:
            return 0.0
    if len(variant.words) > 1 and not any(variant.phrase in part for part in candidate.project.texts[:4]):
        return value * _NOT_ADJACENT_FACTOR
    return value


def _score_word(searched_word: tuple[str, tuple[str, ...]], candidate: _Candidate) -> float:
    padded_stem, glued_forms = searched_word
    project, forms = candidate.project, candidate.forms
    # The containment checks are fast and false for most packages.
    if padded_stem in project.name or any(
        form in forms.whole and any(is_affix(form, segment) for segment in forms.segments) for form in glued_forms
    ):
        return candidate.name_weight
    if padded_stem not in candidate.text:
        return 0.0
    if padded_stem in project.keywords:
        return KEYWORDS_WEIGHT
    if padded_stem in project.summary:
        return SUMMARY_WEIGHT
    if padded_stem in project.opening:
        return OPENING_WEIGHT
    return REST_WEIGHT if padded_stem in project.rest else HISTORY_WEIGHT


def _is_misspelled(term: QueryTerm, forms: NameForms) -> bool:
    return any(is_within_typos(term.joined_words, segment, term.allowed_typos) for segment in forms.joined_segments)
