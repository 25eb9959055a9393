"""Similar projects by significant stems, and completion of names."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from math import fsum, log

from .lexicon import Lexicon
from .names import NameForms, build_name_forms
from .searchable import Searchable
from .tokenizer import count_typos, get_allowed_typos, is_within_typos, stem, tokenize

# The number of compared stems; stems of more than this fraction of projects are ignored.
_MAX_TERMS = 15
_MAX_FREQUENCY = 0.2

# Words that are looked up in the spelling of others, of the beginning of a text.
_MAX_MISSPELLED, _MAX_MISSPELLED_LENGTH = 4, 400
_MIN_STEM_LENGTH = 4
# Words of this many letters may differ from suggested ones by this many typos.
_MIN_SUGGESTION_LENGTH, _SUGGESTION_TYPOS = 5, 2

# Weights of stems by field.
_KEYWORD_WEIGHT, _SUMMARY_WEIGHT = 1.5, 1.0


def get_significant_terms(
    project: Searchable, lexicon: Lexicon, *, document_frequency: Callable[[str], float]
) -> list[tuple[str, float]]:
    """Return the most significant stems of a project with their weights, the heaviest first.

    Args:
        document_frequency: Returns the fraction of projects that have a stem; stems with 0 are ignored.
    """
    ignored = {stem(word) for word in lexicon.stop_words | lexicon.frameworks | lexicon.prefixes}
    field_weights = dict.fromkeys(project.summary.split(), _SUMMARY_WEIGHT) | dict.fromkeys(
        project.name.split(), _KEYWORD_WEIGHT
    )
    field_weights |= dict.fromkeys(project.keywords.split(), _KEYWORD_WEIGHT)
    weights = [
        (term, field_weight * -log(frequency))
        for term, field_weight in field_weights.items()
        if term not in ignored and 0 < (frequency := document_frequency(term)) < _MAX_FREQUENCY
    ]
    return sorted(weights, key=lambda pair: (-pair[1], pair[0]))[:_MAX_TERMS]


def compute_similarity(project: Searchable, weights: Mapping[str, float]) -> float:
    """Return the total weight of the stems that a project has in its name, summary or keywords."""
    return fsum(weights[stem] for stem in weights.keys() & "".join(project.texts[:3]).split())


def get_suggestion_typos(word: str) -> int:
    """Return by how many typos a suggested word may differ: a suggestion may be bolder than a match."""
    return _SUGGESTION_TYPOS if len(word) >= _MIN_SUGGESTION_LENGTH else get_allowed_typos(word)


def list_misspelled_words(text: str, count_in_heads: Callable[[str], int]) -> list[str]:
    """Return the first words of a text that may have typos and that no name, summary or keyword has."""
    words = dict.fromkeys(tokenize(text[:_MAX_MISSPELLED_LENGTH]))
    return [word for word in words if get_suggestion_typos(word) and not count_in_heads(stem(word))][:_MAX_MISSPELLED]


def list_possible_stems(word: str) -> list[str]:
    """Return the beginnings of a misspelled word that may be the stem of the right one."""
    return [word[:length] for length in range(_MIN_STEM_LENGTH, len(word))]


def select_similar_words(word: str, texts: Iterable[str]) -> list[str]:
    """Return the words of texts that differ from a word by its allowed typos, if an index of stems can find them.

    Their stems differ from the word's stem by as many typos, or are the beginning of the word. The most similar word
    comes first, and of equally similar ones that of the most texts.
    """
    typos, word_stem = get_suggestion_typos(word), stem(word)
    counts = Counter(other for text in texts for other in set(tokenize(text)))
    typos_by_word = {other: count_typos(word, other, typos) for other in counts}
    similar = [
        other
        for other, count in typos_by_word.items()
        if count <= typos
        and (is_within_typos(word_stem, stem(other), typos) or stem(other) in list_possible_stems(word))
    ]
    # More typos than a match may have count only if no word has fewer.
    limit = max(get_allowed_typos(word), min((typos_by_word[other] for other in similar), default=0))
    nearest = [other for other in similar if typos_by_word[other] <= limit]
    return sorted(nearest, key=lambda other: (typos_by_word[other], -counts[other], other))


# Ranks of a prefix: the beginning of the name, of a segment, or similar to one of these.
NAME_PREFIX, SEGMENT_PREFIX, FUZZY_PREFIX = 3, 2, 1


def normalize_prefix(text: str) -> str:
    """Normalize typed text for the comparison with names: letters and digits only."""
    return "".join(tokenize(text))


def rank_prefix(prefix: str, name_normalized: str, lexicon: Lexicon) -> int:
    """Return the rank of a prefix for a name; higher is more similar, 0 is no match."""
    forms = build_name_forms(name_normalized, lexicon)
    if not prefix:
        return 0
    if forms.whole.startswith(prefix) or forms.core.startswith(prefix):
        return NAME_PREFIX
    if prefix in forms.whole and any(segment.startswith(prefix) for segment in forms.joined_segments):
        return SEGMENT_PREFIX
    return FUZZY_PREFIX if _is_fuzzy_prefix(prefix, forms) else 0


def get_min_prefix_rank(ranks: Iterable[int]) -> int:
    """Return the minimum rank to suggest: fuzzy matches only if there is no exact prefix."""
    return SEGMENT_PREFIX if max(ranks, default=0) > FUZZY_PREFIX else FUZZY_PREFIX


def _is_fuzzy_prefix(prefix: str, forms: NameForms) -> bool:
    max_typos = get_allowed_typos(prefix)
    name_prefixes = {
        segment[: len(prefix) + extra]
        for segment in forms.joined_segments
        for extra in range(-max_typos, max_typos + 1)
    }
    return bool(max_typos) and any(is_within_typos(prefix, name_prefix, max_typos) for name_prefix in name_prefixes)
