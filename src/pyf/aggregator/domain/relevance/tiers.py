"""How well a project answers a query: as one of a few buckets, inside of which its merit decides."""

from .lexicon import Lexicon
from .names import NameForms, build_name_forms, is_affix
from .query import ParsedQuery, QueryTerm, Variant
from .searchable import Searchable
from .tokenizer import is_within_typos, stem

# What a word is worth by where it stands; in the name it is worth more if it leaves nothing of the name unsaid.
WHOLE_NAME_WEIGHT, NAME_WEIGHT, KEYWORDS_WEIGHT, SUMMARY_WEIGHT, OPENING_WEIGHT, REST_WEIGHT, HISTORY_WEIGHT = (
    1.0,
    0.8,
    0.8,
    0.8,
    0.5,
    0.3,
    0.1,
)
# What another word that means the same adds.
_SYNONYM_BONUS = 0.1
# What words are worth that do not stand side by side.
_NOT_ADJACENT_FACTOR = 0.7
# What a project of a framework that the query names is worth above others.
NAMED_FRAMEWORK_BONUS = 0.3
# Where a query means none, what a project that is made for some framework is worth above one that stands alone.
ANY_FRAMEWORK_BONUS = 0.1

# The buckets: names that are all that was typed, those that begin with it, and steps of what the words are worth.
EXACT, CORE, STEMMED, PREFIX = 16, 13, 12, 11
WEIGHT_STEPS = 10


def get_tier(query: ParsedQuery, project: Searchable, lexicon: Lexicon) -> int | None:
    """Return the bucket that a project is in, the higher the better; None for one that is not found."""
    forms = build_name_forms(project.name_normalized, lexicon)
    if query.whole == forms.whole:
        return EXACT
    is_favored = any(_is_made_for(framework, project) for framework in query.frameworks)
    # Said in other words, a name is what is meant only where the framework is, too, if there is one.
    if is_core_match(query, forms) and (is_favored or not query.frameworks or is_literal_match(query, forms)):
        return CORE + is_favored
    if query.stems == forms.stems:
        return STEMMED + is_favored
    if is_prefix_match(query, forms):
        return PREFIX
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
    """Tell whether a project says that it is made for or with a framework, other than itself."""
    own_name = project.name_normalized
    # Every candidate of a search comes by here: most are told by the first look.
    if any(word != own_name for word in lexicon.frameworks.intersection(project.framework_words.split())):
        return True
    framework_stems = lexicon.frameworks_by_stem.keys() & "".join(project.texts[:3]).split()
    return any(name != own_name for each in framework_stems for name in lexicon.frameworks_by_stem[each])


def _is_made_for(framework: str, project: Searchable) -> bool:
    padded_name, padded_stem = f" {framework} ", f" {stem(framework)} "
    return padded_name in project.framework_words or any(padded_stem in text for text in project.texts[:3])


def is_core_match(query: ParsedQuery, forms: NameForms) -> bool:
    """Tell whether a name is what was asked for, but for what says only where it belongs."""
    return not query.core_names.isdisjoint((forms.core, forms.whole, forms.core_without_digits))


def is_literal_match(query: ParsedQuery, forms: NameForms) -> bool:
    """Tell whether a name is what was typed, in these very words, but for what says only where it belongs."""
    return query.core in (forms.core, forms.whole, forms.core_without_digits)


def is_prefix_match(query: ParsedQuery, forms: NameForms) -> bool:
    """Tell whether a name begins with what was typed, or holds all of it in a row."""
    is_name_prefix = forms.whole.startswith(query.whole) or (len(query.core) > 1 and forms.core.startswith(query.core))
    return (query.is_prefix and is_name_prefix) or (len(query.terms) > 1 and query.core in forms.joined_segments)


def _is_whole_name(query: ParsedQuery, forms: NameForms) -> bool:
    """Tell whether every part of what a name says of its own is asked for."""
    for segment, segment_stem in zip(forms.core_segments, forms.core_stems, strict=True):
        if (
            segment in query.vocabulary
            or segment_stem in query.vocabulary
            or segment.startswith(query.prefixes)
            or segment.endswith(query.suffixes)
        ):
            continue
        if not any(is_within_typos(term.joined, segment, term.allowed_typos) for term in query.fuzzy_terms):
            return False
    return True


def _score_term(term: QueryTerm, project: Searchable, forms: NameForms, name_weight: float) -> float:
    best = 0.0
    for variant in term.variants:
        # No place is worth more than the name: a way that can't do better need not be looked for.
        if variant.weight * name_weight > best:
            best = max(best, variant.weight * _score_variant(variant, project, forms, name_weight))
    if best and any(_score_variant(way, project, forms, name_weight) for way in term.synonyms):
        best += _SYNONYM_BONUS
    if best < name_weight and term.joined in forms.joined_segments:
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
    # A word that the name is glued together with counts as the name's, said elsewhere or not: the best place counts.
    # Most names hold neither form of it, which is told at once.
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
    return any(is_within_typos(term.joined, segment, term.allowed_typos) for segment in forms.joined_segments)
