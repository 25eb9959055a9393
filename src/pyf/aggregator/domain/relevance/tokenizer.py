"""What counts as a word: text is taken apart, and words are cut to their stems, the same way on both sides.

Whatever somebody types and whatever a document says goes through here, so that "redirects" finds a redirector and
"websockets" finds WebSockets. Words that are not of plain letters are left as they are, in lower case.

How far a word may be from one that was meant: a letter too much, too few, another, or two of them swapped.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import chain

# Longer ones are nobody's words: encoded data, or an attack.
_MAX_WORD_LENGTH = 40
_MIN_STEMMED_LENGTH = 4

_WORD = re.compile(r"[^\W_]+")
_TOKEN = re.compile(r"[^\W_]+(?:-[^\W_]+)*")
_CAMEL_CASE_BOUNDARY = re.compile(r"(?<=[a-z])(?=[A-Z][a-z])")
_TRAILING_DIGITS = re.compile(r"([^\W\d_]{2,})\d+")
# What English adds to a verb for who or what does it, which Snowball leaves on.
_AGENT = re.compile(r"([a-z]{4,})(?:er|or)")


def tokenize(text: str) -> list[str]:
    """Return the words of a text in lower case; what is longer than any word is left out."""
    return [word for word in _WORD.findall(_normalize(text).casefold()) if len(word) <= _MAX_WORD_LENGTH]


@lru_cache(maxsize=100_000)
def stem(word: str) -> str:
    """Return what a word shares with its other forms: "limit" for limits, limited, limiting and limiter."""
    if len(word) < _MIN_STEMMED_LENGTH or not word.isascii():
        return word
    stemmed = _apply_snowball(word)
    agent = _AGENT.fullmatch(stemmed)
    return _apply_snowball(agent[1]) if agent else stemmed


def iter_stems(text: str) -> Iterator[str]:
    """Yield the stems of a text in order.

    A word with a number at its end is also the word without, and what some write as one word and some as two is both:
    "e-commerce", `WebSockets`.
    """
    return chain.from_iterable(map(_stem_token, _TOKEN.findall(_normalize(text))))


def strip_trailing_digits(word: str) -> str:
    """Return a word without the number at its end ("oauth" for "oauth2"), "" where it has none."""
    match = word[-1:].isdigit() and _TRAILING_DIGITS.fullmatch(word)  # most end with no digit, which is told sooner
    return match[1] if match else ""


@lru_cache(maxsize=100_000)
def _stem_token(token: str) -> tuple[str, ...]:
    """Return the stems of a word, or of words with hyphens between, in all ways that it may be written."""
    stems = []
    for part in token.split("-"):
        if len(part) <= _MAX_WORD_LENGTH:
            stems.append(stem(part.casefold()))
            if without_digits := strip_trailing_digits(part.casefold()):
                stems.append(stem(without_digits))
    parts = [part.casefold() for part in _CAMEL_CASE_BOUNDARY.sub("-", token).split("-")]
    if len(parts) > 1 and len(token) <= _MAX_WORD_LENGTH:
        stems += [stem("".join(parts)), *map(stem, parts)]
    return tuple(dict.fromkeys(stems))


def _normalize(text: str) -> str:
    # Half a surrogate pair is nothing that anybody can have meant.
    return text if text.isascii() else unicodedata.normalize("NFKC", text.encode(errors="ignore").decode())


def _apply_snowball(word: str) -> str:
    # It takes a while to import, of which commands that search nothing are spared. A stemmer keeps the word that it is
    # at, so one that threads share cuts words in pieces; a new one costs a tenth of what it does.
    from snowballstemmer import EnglishStemmer

    return str(EnglishStemmer().stemWord(word))


# The shortest words that may have one and two wrong letters: of a shorter one, too many others are that near.
_ONE_TYPO_LENGTH, _TWO_TYPOS_LENGTH = 5, 8


def get_allowed_typos(word: str) -> int:
    """Return how many letters of a word may be wrong."""
    if len(word) < _ONE_TYPO_LENGTH or not word.isalpha():
        return 0
    return 1 if len(word) < _TWO_TYPOS_LENGTH else 2


def is_within_typos(word: str, other: str, max_typos: int) -> bool:
    """Tell whether two words differ in so many letters at most."""
    # It takes as long to import as all else together, of which commands that search nothing are spared.
    from rapidfuzz.distance import OSA

    return abs(len(word) - len(other)) <= max_typos and OSA.distance(word, other, score_cutoff=max_typos) <= max_typos
