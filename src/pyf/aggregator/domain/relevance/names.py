"""A project's name in the forms that people type it in."""

from functools import lru_cache

from msgspec import Struct

from .lexicon import Lexicon
from .words import stem, unnumbered

# What has been cut off a name must leave so many letters to know it by, and a framework's name have so many to be told
# from the beginning of another word.
_LEAST_LEFT = 3
_LEAST_GLUED = 4


class NameForms(Struct, frozen=True):
    """A name in its forms, all without separators.

    `whole` is all of it, `own` is without what says only where it belongs ("debugtoolbar" for
    `plone.app.debugtoolbar`), `bare` is that without numbers, and `stems` in stems as well. `runs` are all neighbouring
    parts written together.
    """

    whole: str
    own: str
    bare: str
    stems: str
    parts: tuple[str, ...]
    own_parts: tuple[str, ...]
    runs: frozenset[str]


@lru_cache(maxsize=50_000)
def name_forms(name_normalized: str, lexicon: Lexicon) -> NameForms:
    """Return the forms of a normalised name."""
    parts = tuple(name_normalized.split("-"))
    own = _own(parts, lexicon)
    joined, bare = "".join(own), [unnumbered(part) or part for part in own]
    runs = {"".join(parts[start:end]) for start in range(len(parts)) for end in range(start + 1, len(parts) + 1)}
    return NameForms(
        whole="".join(parts),
        own=joined,
        bare="".join(bare),
        stems="".join(map(stem, bare)),
        parts=parts,
        own_parts=own,
        runs=frozenset(runs | {joined}),
    )


def _own(parts: tuple[str, ...], lexicon: Lexicon) -> tuple[str, ...]:
    start, end = 0, len(parts)
    while end - start > 1 and (parts[start] in lexicon.frameworks or parts[start] in lexicon.prefixes):
        start += 1
    while end - start > 1 and parts[end - 1] in lexicon.frameworks:
        end -= 1
    return parts[start:end] if end - start > 1 else (_unglued(parts[start], lexicon),)


def _unglued(word: str, lexicon: Lexicon) -> str:
    """Return a word without the framework's name that it begins with: "restframework" for "djangorestframework"."""
    for framework in sorted(lexicon.frameworks):
        rest = word.removeprefix(framework)
        if len(framework) >= _LEAST_GLUED and rest != word and len(rest) >= _LEAST_LEFT:
            return rest
    return word
