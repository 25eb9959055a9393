"""How the server reads text: as words to find it by, and as a key to sort it by."""

import re
from functools import lru_cache

_PUNCTUATION = re.compile(r"[^\w]|_")

# The server writes every letter in ASCII, by the table of the C library's locale "C"; what that table lacks is dropped,
# which are accented Latin letters and all scripts but Greek and Cyrillic.
_TRANSLITERATION = str.maketrans(
    dict(zip("αβγδεζηικλμνξοπρστυφω", "avgdeziiklmnxoprstyfo", strict=True))
    | dict(zip("абвгдезийклмнопрстуфхъыэ", "abvgdezijklmnoprstufxaye", strict=True))
    | {"ς": "s", "θ": "th", "χ": "ch", "ψ": "ps", "ё": "yo", "ж": "zh", "ц": "cz", "ч": "ch", "ш": "sh", "ю": "yu"}
    | {"я": "ya", "ß": "ss", "æ": "ae", "œ": "oe", "ﬁ": "fi", "µ": "u", "×": "x", "©": "c", "®": "r"}
)
_NO_WORD = re.compile(r"[^a-z0-9]")


@lru_cache(maxsize=200_000)
def tokenize(text: str, separators: tuple[str, ...]) -> tuple[str, ...]:
    """Split at spaces, line feeds and separators; drop case and all that is neither letter nor digit."""
    for separator in (*separators, "\n"):
        text = text.replace(separator, " ")
    words = (_NO_WORD.sub("", word.lower().translate(_TRANSLITERATION)) for word in text.split(" "))
    return tuple(filter(None, words))


def sort_key(text: str) -> str:
    return _PUNCTUATION.sub("", text.lower())
