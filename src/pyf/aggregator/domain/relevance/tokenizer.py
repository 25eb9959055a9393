"""Split text into words and stems, and compare words with typos, the same way for queries and documents.

So "redirects" finds a redirector, "websockets" finds WebSockets, and "cafe" finds "café". Scripts without spaces
between words are split into pairs of neighboring letters. A typo is an added, missing or replaced letter, or two
swapped ones.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from functools import cache, lru_cache
from itertools import chain

# Longer words are encoded data or an attack.
_MAX_WORD_LENGTH = 40
_MIN_STEMMED_LENGTH = 4
_MAX_CACHED_TOKENS = 100_000

_WORD = re.compile(r"[^\W_]+")
# The ASCII characters that are in no word become spaces: splitting takes a fifth of the time that a pattern takes.
_ASCII_SEPARATORS = {code: " " for code in range(128) if not (chr(code).isalnum() or chr(code) == "-")}
# Letters, digits and the vowel signs of Indic scripts, which are no letters to `re`; texts have no underscore then.
_LETTER = r"[\w\u0900-\u0963\u0966-\u0dff]"
_ANY_WORD = re.compile(f"{_LETTER}+")
_TOKEN = re.compile(f"{_LETTER}+(?:-{_LETTER}+)*")
# Also the points of Hebrew, and the points and the lengthening of Arabic.
_DIACRITICS = re.compile(
    "[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06ed]+"
)
# Latin letters that Unicode does not decompose, and two letters of Persian as Arabic writes them.
_UNDECOMPOSED = str.maketrans(
    {"ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ı": "i"}
    | {"þ": "th", "Þ": "Th", "ð": "d", "Ð": "D", "\u06cc": "\u064a", "\u06a9": "\u0643", "_": " "}
)
# Scripts without spaces between words, or with long compounds: Thai, Lao, Burmese, Khmer, Japanese, Chinese, Korean.
_UNSPACED = re.compile(
    "[\u0e01-\u0e4e\u0e81-\u0ece\u1000-\u109f\u1780-\u17d3\u3005\u3041-\u3096\u3099\u309a\u30a1-\u30fa\u30fc-\u30fe"
    "\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff]+"
)
_CAMEL_CASE = re.compile(r"(?<![^\W_])[A-Za-z]*[a-z][A-Z][a-z][A-Za-z]*(?![^\W_])")
_CAMEL_CASE_BOUNDARY = re.compile(r"(?<=[a-z])(?=[A-Z][a-z])")
_TRAILING_DIGITS = re.compile(r"([^\W\d_]{2,})\d+")
# The English suffix of agents ("limiter"), which Snowball keeps.
_AGENT = re.compile(r"([a-z]{4,})(?:er|or)")
# Words that mean something else than others with the stem of the rules: "restore" is not "rest". Their first form is
# their stem.
_DISTINCT_WORDS = (
    ("accounting", "accountant", "accountants"),
    ("author", "authors"),
    ("booking", "bookings"),
    ("customer", "customers"),
    ("different", "differently"),
    ("excellent",),
    ("information",),
    ("important", "importantly"),
    ("marketing", "marketer", "marketers"),
    ("poster", "posters"),
    ("production",),
    ("responsive", "responsiveness"),
    ("restore", "restores", "restored", "restoring"),
    ("settings", "setting"),
    ("try", "tries", "tried", "trying"),
    ("visitor", "visitors"),
    ("worker", "workers"),
)
_DISTINCT_STEMS = {word: forms[0] for forms in _DISTINCT_WORDS for word in forms}


def tokenize(text: str) -> list[str]:
    """Return the words of a text in lower case, without overlong ones."""
    words = (_WORD if text.isascii() else _ANY_WORD).findall(_normalize(text).casefold())
    return [word for word in words if len(word) <= _MAX_WORD_LENGTH]


@lru_cache(maxsize=100_000)
def stem(word: str) -> str:
    """Return the stem of a word: "limit" for limits, limited, limiting and limiter."""
    if len(word) < _MIN_STEMMED_LENGTH or not word.isascii():
        return word
    if word in _DISTINCT_STEMS:
        return _DISTINCT_STEMS[word]
    stemmed = _apply_snowball(word)
    agent = _AGENT.fullmatch(stemmed)
    return _apply_snowball(agent[1]) if agent else stemmed


def iter_stems(text: str, *, is_unique: bool = False) -> Iterator[str]:
    """Yield the stems of a text in order.

    A word with trailing digits also gives the word without them, and a compound ("e-commerce", `WebSockets`) gives the
    joined word and its parts.

    Args:
        is_unique: Yield the stems of repeated words once; different words may still have the same stem.
    """
    tokens = text.translate(_ASCII_SEPARATORS).split() if text.isascii() else _TOKEN.findall(_normalize(text))
    return chain.from_iterable(map(_stems.__getitem__, dict.fromkeys(tokens) if is_unique else tokens))


def split_camel_case(text: str) -> dict[str, list[str]]:
    """Return the parts of each word of a text in camel case, by the word: "get current user" of getCurrentUser."""
    parts = {word: _CAMEL_CASE_BOUNDARY.sub("-", word).casefold().split("-") for word in _CAMEL_CASE.findall(text)}
    return {word.casefold(): word_parts for word, word_parts in parts.items()}


def strip_trailing_digits(word: str) -> str:
    """Return a word without trailing digits ("oauth" for "oauth2"), "" if it has none."""
    match = word[-1:].isdigit() and _TRAILING_DIGITS.fullmatch(word)  # the first check is fast and mostly false
    return match[1] if match else ""


class _StemCache(dict[str, tuple[str, ...]]):
    """The stems of each token, looked up in half the time of `lru_cache`; a full cache starts again."""

    def __missing__(self, token: str) -> tuple[str, ...]:
        if len(self) >= _MAX_CACHED_TOKENS:
            self.clear()
        stems = self[token] = _stem_token(token)
        return stems


_stems = _StemCache()


def _stem_token(token: str) -> tuple[str, ...]:
    """Return the stems of a word or of a compound with hyphens, in all spellings."""
    tokens = _TOKEN.findall(token)
    if tokens != [token]:  # hyphens at an end, or several in a row
        return tuple(chain.from_iterable(map(_stems.__getitem__, tokens)))
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
    # Lone surrogates are dropped.
    if text.isascii():
        return text
    decomposed = unicodedata.normalize("NFKD", text.encode(errors="ignore").decode())
    folded = unicodedata.normalize("NFKC", _DIACRITICS.sub("", decomposed)).translate(_UNDECOMPOSED)
    return _UNSPACED.sub(lambda run: f" {_split_pairs(run[0])} ", folded)


def _split_pairs(run: str) -> str:
    """Return all pairs of neighboring letters, so that any part of a run is found; marks are left out."""
    run = "".join(filter(str.isalnum, run))
    return " ".join(run[start : start + 2] for start in range(max(1, len(run) - 1)))


def _apply_snowball(word: str) -> str:
    # Imported on use, because most commands don't search. A stemmer has state and must not be shared by threads; a new
    # one takes a microsecond.
    from Stemmer import Stemmer

    return str(Stemmer("english", 0).stemWord(word))


# The minimum lengths of words with one and two typos: shorter words have too many similar ones.
_ONE_TYPO_LENGTH, _TWO_TYPOS_LENGTH = 4, 7


def get_allowed_typos(word: str) -> int:
    """Return how many typos a word may have."""
    if len(word) < _ONE_TYPO_LENGTH or word.isdigit():
        return 0
    return 1 if len(word) < _TWO_TYPOS_LENGTH else 2


def list_swaps(word: str) -> frozenset[str]:
    """Return a word with each two neighboring letters swapped: the only typos of a word that may have none."""
    swaps = {word[:start] + word[start + 1] + word[start] + word[start + 2 :] for start in range(len(word) - 1)}
    return frozenset(swaps - {word})


def is_within_typos(word: str, other: str, max_typos: int) -> bool:
    """Return whether two words differ by at most `max_typos`."""
    return count_typos(word, other, max_typos) <= max_typos


def count_typos(word: str, other: str, max_typos: int) -> int:
    """Return by how many typos two words differ, `max_typos + 1` for more."""
    if abs(len(word) - len(other)) > max_typos:
        return max_typos + 1
    return int(_get_distance_function()(word, other, score_cutoff=max_typos))


@cache
def _get_distance_function() -> Callable[..., int]:
    # Imported on use: the import takes as long as all others together, and most commands don't search.
    from rapidfuzz.distance import OSA

    return OSA.distance
