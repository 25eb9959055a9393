"""What counts as a word: text is taken apart, and words are cut to their stems, the same way on both sides.

Whatever somebody types and whatever a document says goes through here, so that "redirects" finds a redirector and
"websockets" finds WebSockets. Words that are not of plain letters are left as they are, in lower case.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import chain

# Longer ones are nobody's words: encoded data, or an attack.
_LONGEST = 40
_SHORTEST_TO_CUT = 4

_WORD = re.compile(r"[^\W_]+")
_TOKEN = re.compile(r"[^\W_]+(?:-[^\W_]+)*")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z][a-z])")
_NUMBERED = re.compile(r"([^\W\d_]{2,})\d+")
# What English adds to a verb for who or what does it, which Snowball leaves on.
_AGENT = re.compile(r"([a-z]{4,})(?:er|or)")


def words(text: str) -> list[str]:
    """Return the words of a text in lower case; what is longer than any word is left out."""
    return [word for word in _WORD.findall(_sayable(text).casefold()) if len(word) <= _LONGEST]


@lru_cache(maxsize=100_000)
def stem(word: str) -> str:
    """Return what a word shares with its other forms: "limit" for limits, limited, limiting and limiter."""
    if len(word) < _SHORTEST_TO_CUT or not word.isascii():
        return word
    cut = _cut(word)
    agent = _AGENT.fullmatch(cut)
    return _cut(agent[1]) if agent else cut


def stems(text: str) -> Iterator[str]:
    """Yield the stems of a text in order.

    A word with a number at its end is also the word without, and what some write as one word and some as two is both:
    "e-commerce", `WebSockets`.
    """
    return chain.from_iterable(map(_readings, _TOKEN.findall(_sayable(text))))


def unnumbered(word: str) -> str:
    """Return a word without the number at its end ("oauth" for "oauth2"), "" where it has none."""
    numbered = word[-1:].isdigit() and _NUMBERED.fullmatch(word)  # most end with no digit, which is told sooner
    return numbered[1] if numbered else ""


@lru_cache(maxsize=100_000)
def _readings(token: str) -> tuple[str, ...]:
    """Return the stems of a word, or of words with hyphens between, in all ways that it may be written."""
    found = []
    for part in token.split("-"):
        if len(part) <= _LONGEST:
            found.append(stem(part.casefold()))
            if bare := unnumbered(part.casefold()):
                found.append(stem(bare))
    parts = [part.casefold() for part in _HUMP.sub("-", token).split("-")]
    if len(parts) > 1 and len(token) <= _LONGEST:
        found += [stem("".join(parts)), *map(stem, parts)]
    return tuple(dict.fromkeys(found))


def _sayable(text: str) -> str:
    # Half a surrogate pair is nothing that anybody can have meant.
    return text if text.isascii() else unicodedata.normalize("NFKC", text.encode(errors="ignore").decode())


def _cut(word: str) -> str:
    # It takes a while to import, of which commands that search nothing are spared. A stemmer keeps the word that it is
    # at, so one that threads share cuts words in pieces; a new one costs a tenth of what it does.
    from snowballstemmer import EnglishStemmer

    return str(EnglishStemmer().stemWord(word))
