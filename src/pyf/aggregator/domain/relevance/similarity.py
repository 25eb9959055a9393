"""Similar projects by significant stems, and completion of names."""

from collections.abc import Callable, Iterable, Mapping
from math import fsum, log

from .lexicon import Lexicon
from .names import NameForms, build_name_forms
from .searchable import Searchable
from .tokenizer import get_allowed_typos, is_within_typos, stem, tokenize

# The number of compared stems; stems of more than this fraction of projects are ignored.
_MAX_TERMS = 15
_MAX_FREQUENCY = 0.2

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


def similarity(project: Searchable, weights: Mapping[str, float]) -> float:
    """Return the total weight of the stems that a project has in its name, summary or keywords."""
    return fsum(weights[stem] for stem in weights.keys() & "".join(project.texts[:3]).split())


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
