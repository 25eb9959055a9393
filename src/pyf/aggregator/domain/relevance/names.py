"""A project's name in the forms that people type it in."""

from collections.abc import Iterable
from functools import lru_cache
from itertools import accumulate, compress

from msgspec import Struct

from .lexicon import Lexicon
from .words import stem, unnumbered

# What has been cut off a name must leave so many letters to know it by, and a framework's name have so many to be told
# from the beginning of another word.
_LEAST_LEFT = 3
_LEAST_GLUED = 4

# The shortest beginning and end of a part of a name that are taken for words: reptiles are no tiles.
LEAST_BEGINNING, LEAST_END = 4, 5


class NameForms(Struct, frozen=True):
    """A name in its forms, all without separators.

    `whole` is all of it, `own` is without what says only where it belongs ("debugtoolbar" for
    `plone.app.debugtoolbar`), `bare` is that without numbers, and `stems` in stems as well. `runs` are all neighbouring
    parts written together. `own_parts` are those of its own that are not mere numbers, and `own_stems` are the stems
    of these without their numbers.
    """

    whole: str
    own: str
    bare: str
    stems: str
    runs: frozenset[str]
    parts: tuple[str, ...]
    own_parts: tuple[str, ...]
    own_stems: tuple[str, ...]


@lru_cache(maxsize=50_000)
def name_forms(name_normalized: str, lexicon: Lexicon) -> NameForms:
    """Return the forms of a normalised name."""
    parts = tuple(name_normalized.split("-"))
    own = _own(parts, lexicon)
    joined, bare = "".join(own), [unnumbered(part) or part for part in own]
    stems = tuple(map(stem, bare))
    runs = {joined}
    for start in range(len(parts)):
        runs.update(accumulate(parts[start:]))
    is_told = [not part.isdigit() for part in own]
    return NameForms(
        whole="".join(parts),
        own=joined,
        bare="".join(bare),
        stems="".join(stems),
        runs=frozenset(runs),
        parts=parts,
        own_parts=tuple(compress(own, is_told)),
        own_stems=tuple(compress(stems, is_told)),
    )


def pieces(parts: Iterable[str]) -> set[str]:
    """Return all beginnings and ends of parts for which `is_piece` holds."""
    found = {part[:end] for part in parts for end in range(LEAST_BEGINNING, len(part) + 1)}
    return found | {part[start:] for part in parts for start in range(len(part) - LEAST_END + 1)}


def is_piece(word: str, part: str) -> bool:
    """Tell whether a part of a name begins or ends with a word that is long enough to be told."""
    return (part.startswith(word) and len(word) >= LEAST_BEGINNING) or (part.endswith(word) and len(word) >= LEAST_END)


def _own(parts: tuple[str, ...], lexicon: Lexicon) -> tuple[str, ...]:
    start, end = 0, len(parts)
    while end - start > 1 and (parts[start] in lexicon.frameworks or parts[start] in lexicon.prefixes):
        start += 1
    while end - start > 1 and parts[end - 1] in lexicon.frameworks:
        end -= 1
    return parts[start:end] if end - start > 1 else (_unglued(parts[start], lexicon),)


def _unglued(word: str, lexicon: Lexicon) -> str:
    """Return a word without the framework's name that it begins with: "restframework" for "djangorestframework"."""
    for end in range(_LEAST_GLUED, len(word) - _LEAST_LEFT + 1):
        if word[:end] in lexicon.frameworks:
            return word[end:]
    return word
