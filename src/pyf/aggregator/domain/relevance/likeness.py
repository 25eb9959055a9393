"""What a project is about in a few stems, by which others are like it."""

from collections.abc import Callable
from math import log

from .lexicon import Lexicon
from .searchable import Searchable
from .words import stem

# So many stems are compared; what more than this part of all projects has says nothing.
_MAX_TERMS = 15
_MAX_FREQUENCY = 0.2

# What a stem is worth by where it stands.
_KEYWORD_WEIGHT, _SUMMARY_WEIGHT = 1.5, 1.0


def get_significant_terms(project: Searchable, lexicon: Lexicon, *, document_frequency: Callable[[str], float]) -> list[tuple[str, float]]:
    """Return the stems that tell most of a project, each with its weight, the heaviest first.

    `share` tells which part of all projects has a stem. Stems that nobody else has tell nothing either.
    """
    ignored = {stem(word) for word in lexicon.stop_words | lexicon.frameworks | lexicon.prefixes}
    field_weights = dict.fromkeys(project.summary.split(), _SUMMARY_WEIGHT) | dict.fromkeys(project.name.split(), _KEYWORD_WEIGHT)
    field_weights |= dict.fromkeys(project.keywords.split(), _KEYWORD_WEIGHT)
    weights = [
        (term, field_weight * -log(frequency))
        for term, field_weight in field_weights.items()
        if term not in ignored and 0 < (frequency := document_frequency(term)) < _MAX_FREQUENCY
    ]
    return sorted(weights, key=lambda pair: (-pair[1], pair[0]))[:_MAX_TERMS]
