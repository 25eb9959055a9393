"""Forms of a project's name for comparison with queries."""

from collections.abc import Iterable
from functools import lru_cache
from itertools import accumulate

from msgspec import Struct

from .lexicon import Lexicon
from .tokenizer import stem, strip_trailing_digits

# A name without its prefix must keep this many letters, and a framework's name must have this many letters to be
# recognized at the beginning of another word.
_MIN_REMAINDER = 3
_MIN_GLUED_LENGTH = 4

# The minimum lengths of a prefix and a suffix of a segment that count as words: "reptiles" does not match "tiles".
MIN_PREFIX_LENGTH, MIN_SUFFIX_LENGTH = 4, 5


class NameForms(Struct, frozen=True, gc=False):
    """The forms of a name, all without separators; without `gc`, because thousands are cached.

    Attributes:
        whole: The complete name.
        core: Without words that only mark the ecosystem: "debugtoolbar" for `plone.app.debugtoolbar`.
        core_without_digits: The core without trailing numbers.
        stems: The stems of the core without trailing numbers.
        core_words: The segments of the core that are not numbers, each with its stem without a trailing number.
        parts: The segments.
        segments: The segments, and the core if a framework's name is glued to it.
    """

    whole: str
    core: str
    core_without_digits: str
    stems: str
    core_words: tuple[tuple[str, str], ...]
    parts: tuple[str, ...]
    segments: tuple[str, ...]

    @property
    def joined_segments(self) -> frozenset[str]:
        """All sequences of neighboring segments, joined, and the core."""
        joined = {self.core}
        for start in range(len(self.parts)):
            joined.update(accumulate(self.parts[start:]))
        return frozenset(joined)

    def has_joined(self, text: str) -> bool:
        """Return whether a text is one of the joined segments."""
        # Each check is faster than the next one and mostly enough.
        return text in self.whole and (text in self.parts or text in self.joined_segments)


@lru_cache(maxsize=50_000)
def build_name_forms(name_normalized: str, lexicon: Lexicon) -> NameForms:
    """Build the forms of a normalized name."""
    parts = tuple(name_normalized.split("-"))
    core = _strip_affixes(parts, lexicon)
    joined, without_digits = "".join(core), [strip_trailing_digits(part) or part for part in core]
    stems = [stem(part) for part in without_digits]
    return NameForms(
        whole="".join(parts),
        core=joined,
        core_without_digits="".join(without_digits),
        stems="".join(stems),
        core_words=tuple([pair for pair in zip(core, stems, strict=True) if not pair[0].isdigit()]),
        parts=parts,
        segments=parts if len(core) > 1 or joined in parts else (*parts, joined),
    )


def list_glued_forms(word: str) -> tuple[str, ...]:
    """Return the forms of a word that are found as a part of a segment: the word, and its singular.

    Not its stem: plone.registry begins with the stem of "registration", and is something else.
    """
    word_stem = stem(word)
    return (word, word_stem) if word in (f"{word_stem}s", f"{word_stem}es") else (word,)


def list_affixes(segments: Iterable[str]) -> set[str]:
    """Return all prefixes and suffixes of segments for which `is_affix` is true."""
    prefixes = {part[:end] for part in segments for end in range(MIN_PREFIX_LENGTH, len(part) + 1)}
    return prefixes | {part[start:] for part in segments for start in range(len(part) - MIN_SUFFIX_LENGTH + 1)}


def is_affix(word: str, segment: str) -> bool:
    """Return whether a segment begins or ends with a word that is long enough."""
    return (segment.startswith(word) and len(word) >= MIN_PREFIX_LENGTH) or (
        segment.endswith(word) and len(word) >= MIN_SUFFIX_LENGTH
    )


def _strip_affixes(segments: tuple[str, ...], lexicon: Lexicon) -> tuple[str, ...]:
    start, end = 0, len(segments)
    while end - start > 1 and (segments[start] in lexicon.frameworks or segments[start] in lexicon.prefixes):
        start += 1
    while end - start > 1 and segments[end - 1] in lexicon.frameworks:
        end -= 1
    return segments[start:end] if end - start > 1 else (_strip_framework_prefix(segments[start], lexicon),)


def _strip_framework_prefix(word: str, lexicon: Lexicon) -> str:
    """Strip a framework's name from the beginning of a word: "restframework" for "djangorestframework"."""
    for end in range(_MIN_GLUED_LENGTH, len(word) - _MIN_REMAINDER + 1):
        if word[:end] in lexicon.frameworks:
            return word[end:]
    return word
