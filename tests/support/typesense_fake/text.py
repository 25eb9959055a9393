"""What the server makes of text: tokens to find it by, and a key to sort it by."""

import re
from functools import lru_cache

_PUNCTUATION = re.compile(r"[^\w]|_")


@lru_cache(maxsize=200_000)
def tokens(text: str, separators: tuple[str, ...]) -> tuple[str, ...]:
    """Part at white space and separators; what else is no letter or digit is dropped, and so is case."""
    for separator in separators:
        text = text.replace(separator, " ")
    return tuple(filter(None, (_PUNCTUATION.sub("", word.lower()) for word in text.split())))


def sort_key(text: str) -> str:
    return _PUNCTUATION.sub("", text.lower())
