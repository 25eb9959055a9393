"""Tiers of matches: how well a project matches a query. Within a tier quality decides."""

from .lexicon import Lexicon
from .names import NameForms, build_name_forms, is_affix
from .pasted import Pasted
from .query import ParsedQuery, QueryTerm, Variant
from .searchable import Searchable
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
# Bonus for a project of a framework that the query names.
NAMED_FRAMEWORK_BONUS = 0.3
# Bonus for a project of any framework, if the query names none.
ANY_FRAMEWORK_BONUS = 0.1

# The tiers of matching names; other matches have the tiers 0 to WEIGHT_STEPS, by the weight of their words, and more
# for a named framework. The beginning of a name, and names with a typo, rank above words if a word of the query is
# unknown.
EXACT, CORE, STEMMED, PREFIX = 24, 21, 20, 11
UNKNOWN_PREFIX = 18
# The tiers of what a pasted text refers to: a repository, and names, of which each further one has two tiers less.
PASTED_REPOSITORY, PASTED_NAME, PASTED_MODULE, PASTED_STEP = 40, 39, 38, 2
# The tiers of a name with one typo or two in the complete name, and in its core; a named framework adds one.
WHOLE_TYPO_TIERS, CORE_TYPO_TIERS = (18, 16), (17, 15)
WEIGHT_STEPS = 10


def get_tier(query: ParsedQuery, project: Searchable, lexicon: Lexicon) -> int | None:
    """Return the tier of a project, the higher the better; None if it does not match."""
    forms = build_name_forms(project.name_normalized, lexicon)
    if query.pasted and (pasted_tier := _get_pasted_tier(query.pasted, project, forms)):
        return pasted_tier
    if query.whole == forms.whole:
        return EXACT
    is_favored = any(_is_made_for(framework, project) for framework in query.frameworks)
    # A synonym of a name matches only if the framework matches as well, if the query has one.
    if is_core_match(query, forms) and (is_favored or not query.frameworks or is_literal_match(query, forms)):
        return CORE + is_favored
    if any(f" {module} " in project.aliases for module in query.modules):
        return CORE + is_favored
    if query.stems == forms.stems:
        return STEMMED + is_favored
    if is_prefix_match(query, forms):
        return UNKNOWN_PREFIX if query.is_misspelled else PREFIX
    if typo_tier := _get_typo_tier(query, forms, is_favored=is_favored):
        return typo_tier
    name_weight = WHOLE_NAME_WEIGHT if _is_whole_name(query, forms) else NAME_WEIGHT
    required_found, term_weights = 0, 0.0
    for term in query.terms:
        if value := _score_term(term, project, forms, name_weight):
            required_found += query.is_required(term)
            term_weights += term.weight * value
    if required_found < query.min_required_terms:
        return None
    value = term_weights / query.total_weight
    if query.frameworks:
        value += NAMED_FRAMEWORK_BONUS * is_favored
    elif is_made_for_framework(project, lexicon):
        value = min(1.0, value + ANY_FRAMEWORK_BONUS)
    return int(value * WEIGHT_STEPS + 0.5)


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


def is_core_match(query: ParsedQuery, forms: NameForms) -> bool:
    """Return whether the core of a name is the core of the query or a synonym of it."""
    return not query.core_names.isdisjoint((forms.core, forms.whole, forms.core_without_digits))


def is_literal_match(query: ParsedQuery, forms: NameForms) -> bool:
    """Return whether the core of a name is the core of the query, in the same words."""
    return not query.literal_cores.isdisjoint((forms.core, forms.whole, forms.core_without_digits))


def is_prefix_match(query: ParsedQuery, forms: NameForms) -> bool:
    """Return whether a name begins with the query, or contains all of its words in a row."""
    is_name_prefix = forms.whole.startswith(query.whole) or (len(query.core) > 1 and forms.core.startswith(query.core))
    return (query.is_prefix and is_name_prefix) or (len(query.terms) > 1 and query.core in forms.joined_segments)


def _get_pasted_tier(pasted: Pasted, project: Searchable, forms: NameForms) -> int:
    """Return the tier of a project that a pasted text refers to, 0 for another one."""
    if pasted.repository and f" {pasted.repository} " in project.aliases:
        return PASTED_REPOSITORY
    for number, name in enumerate(pasted.names):
        if name == forms.whole:
            return PASTED_NAME - PASTED_STEP * number
        if name == forms.core or f" {name} " in project.aliases:
            return PASTED_MODULE - PASTED_STEP * number
    return 0


def _get_typo_tier(query: ParsedQuery, forms: NameForms, *, is_favored: bool) -> int:
    """Return the tier of a name that the query misspells, 0 for another name."""
    if forms.whole in query.swapped_names:
        return WHOLE_TYPO_TIERS[0] if query.is_misspelled else PREFIX
    if query.is_misspelled and not query.swapped_names.isdisjoint((forms.core, forms.core_without_digits)):
        return CORE_TYPO_TIERS[0] + is_favored
    max_typos = query.name_typos if query.is_misspelled else min(query.name_typos, 1)
    for typos in range(1, max_typos + 1):
        if is_within_typos(query.whole, forms.whole, typos):
            return WHOLE_TYPO_TIERS[typos - 1] if query.is_misspelled else PREFIX
        cores = (forms.core, forms.core_without_digits)
        if query.is_misspelled and any(is_within_typos(query.core, core, typos) for core in cores):
            return CORE_TYPO_TIERS[typos - 1] + is_favored
    return 0


def _is_whole_name(query: ParsedQuery, forms: NameForms) -> bool:
    """Return whether the query covers every segment of a name's core."""
    for segment, segment_stem in zip(forms.core_segments, forms.core_stems, strict=True):
        if (
            segment in query.vocabulary
            or segment_stem in query.vocabulary
            or segment.startswith(query.prefixes)
            or segment.endswith(query.suffixes)
        ):
            continue
        if not any(is_within_typos(term.joined_words, segment, term.allowed_typos) for term in query.fuzzy_terms):
            return False
    return True


def _score_term(term: QueryTerm, project: Searchable, forms: NameForms, name_weight: float) -> float:
    best = 0.0
    for variant in term.variants:
        # No field weighs more than the name, so that a variant that can't be better is skipped.
        if variant.weight * name_weight > best:
            best = max(best, variant.weight * _score_variant(variant, project, forms, name_weight))
    if best and any(_score_variant(synonym, project, forms, name_weight) for synonym in term.synonyms):
        best += _SYNONYM_BONUS
    if best < name_weight and term.joined_words in forms.joined_segments:
        return name_weight
    if term.allowed_typos and best < name_weight and _is_misspelled(term, forms):
        return name_weight
    return best


def _score_variant(variant: Variant, project: Searchable, forms: NameForms, name_weight: float) -> float:
    if len(variant.words) == 1:
        return _score_word(variant.words[0], variant.padded_stems[0], project, forms, name_weight)
    value = min(
        [
            _score_word(word, padded_stem, project, forms, name_weight)
            for word, padded_stem in zip(variant.words, variant.padded_stems, strict=True)
        ]
    )
    if value and not any(variant.phrase in part for part in project.texts[:4]):
        return value * _NOT_ADJACENT_FACTOR
    return value


def _score_word(word: str, padded_stem: str, project: Searchable, forms: NameForms, name_weight: float) -> float:
    if padded_stem in project.name:
        return name_weight
    head_weight = (
        KEYWORDS_WEIGHT
        if padded_stem in project.keywords
        else SUMMARY_WEIGHT
        if padded_stem in project.summary
        else 0.0
    )
    # A word that is glued to a segment of the name counts as part of the name. The containment check is fast and false
    # for most names.
    word_stem = padded_stem[1:-1]
    if (
        head_weight < name_weight
        and (word_stem in forms.whole or word in forms.whole)
        and any(is_affix(word, part) or is_affix(word_stem, part) for part in forms.segments)
    ):
        return name_weight
    if head_weight:
        return head_weight
    if padded_stem in project.opening:
        return OPENING_WEIGHT
    if padded_stem in project.rest:
        return REST_WEIGHT
    return HISTORY_WEIGHT if padded_stem in project.history else 0.0


def _is_misspelled(term: QueryTerm, forms: NameForms) -> bool:
    return any(is_within_typos(term.joined_words, segment, term.allowed_typos) for segment in forms.joined_segments)
