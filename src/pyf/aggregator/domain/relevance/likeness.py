"""What a project is about in a few stems, by which others are like it."""

from collections.abc import Callable, Mapping
from math import fsum, log

from .lexicon import Lexicon
from .searchable import Searchable
from .words import stem

# So many stems are compared; what more than this part of all projects has says nothing.
_MOST = 15
_COMMON = 0.2

# What a stem is worth by where it stands.
_KEYWORD, _SUMMARY = 1.5, 1.0


def telling_stems(project: Searchable, lexicon: Lexicon, *, share: Callable[[str], float]) -> list[tuple[str, float]]:
    """Return the stems that tell most of a project, each with its weight, the heaviest first.

    `share` tells which part of all projects has a stem. Stems that nobody else has tell nothing either.
    """
    ignored = {stem(word) for word in lexicon.fillers | lexicon.frameworks | lexicon.prefixes}
    worth = dict.fromkeys(project.summary.split(), _SUMMARY) | dict.fromkeys(project.name.split(), _KEYWORD)
    worth |= dict.fromkeys(project.keywords.split(), _KEYWORD)
    weights = [
        (each, value * -log(part))
        for each, value in worth.items()
        if each not in ignored and 0 < (part := share(each)) < _COMMON
    ]
    return sorted(weights, key=lambda pair: (-pair[1], pair[0]))[:_MOST]


def similarity(project: Searchable, weights: Mapping[str, float]) -> float:
    """Return what the stems weigh that a project has in its name, summary or keywords."""
    return fsum(weights[stem] for stem in weights.keys() & "".join(project.parts[:3]).split())
