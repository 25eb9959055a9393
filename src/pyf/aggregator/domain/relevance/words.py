"""What counts as a word: text is taken apart, and words are cut to their stems, the same way on both sides.

Whatever somebody types and whatever a document says goes through here, so that "redirects" finds a redirector and
"websockets" finds WebSockets. Words that are not of plain letters are left as they are, in lower case.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from snowballstemmer import EnglishStemmer

# Longer ones are nobody's words: encoded data, or an attack.
_LONGEST = 40
_SHORTEST_TO_CUT = 4

_WORD = re.compile(r"[^\W_]+")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z][a-z])")
_COMPOUND = re.compile(r"[^\W_]+(?:-[^\W_]+)+|[A-Z][a-z]+(?:[A-Z][a-z]+)+")
_NUMBERED = re.compile(r"([^\W\d_]{2,})\d+")
# What English adds to a verb for who or what does it, which Snowball leaves on.
_AGENT = re.compile(r"([a-z]{4,})(?:er|or)")


def words(text: str) -> list[str]:
    """Return the words of a text in lower case; what is longer than any word is left out."""
    if not text.isascii():
        # Half a surrogate pair is nothing that anybody can have meant.
        text = unicodedata.normalize("NFKC", text.encode(errors="ignore").decode())
    return [word for word in _WORD.findall(text.casefold()) if len(word) <= _LONGEST]


@lru_cache(maxsize=100_000)
def stem(word: str) -> str:
    """Return what a word shares with its other forms: "limit" for limits, limited, limiting and limiter."""
    if len(word) < _SHORTEST_TO_CUT or not word.isascii():
        return word
    cut = _cut(word)
    agent = _AGENT.fullmatch(cut)
    return _cut(agent[1]) if agent else cut


def stems(text: str) -> Iterator[str]:
    """Yield the stems of a text in order, and then those that it has if it is written otherwise.

    A word with a number at its end is also the word without, and what some write as one word is one: "e-commerce",
    `WebSockets`.
    """
    for word in words(text):
        yield stem(word)
        if bare := unnumbered(word):
            yield stem(bare)
    for compound in _COMPOUND.findall(text):
        parts = words(_HUMP.sub(" ", compound))
        yield stem("".join(parts))
        yield from map(stem, parts)


def unnumbered(word: str) -> str:
    """Return a word without the number at its end ("oauth" for "oauth2"), "" where it has none."""
    numbered = _NUMBERED.fullmatch(word)
    return numbered[1] if numbered else ""


def _cut(word: str) -> str:
    return str(_stemmer().stemWord(word))


@lru_cache(maxsize=1)
def _stemmer() -> "EnglishStemmer":
    # It takes a while to import, of which commands that search nothing are spared.
    from snowballstemmer import EnglishStemmer

    return EnglishStemmer()
