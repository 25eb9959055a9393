"""The words of a query, how frequent they are in a collection, and the names that a query contains."""

import re
from collections.abc import Callable, Iterable, Sequence
from math import log

from msgspec import Struct

from .lexicon import Lexicon
from .tokenizer import count_typos, get_allowed_typos, split_camel_case, stem, tokenize

# Further characters and words of a text are ignored.
_MAX_TEXT_LENGTH = 400
_MAX_WORDS = 40
# A name inside of a text, unless more packages have the joined word: "django-filter", but not "real-time".
_NAME_SEPARATOR = re.compile(r"\w[-._]\w")
_MAX_CONTAINED_NAMES, _MAX_NAME_COUNT = 4, 5


class WordFrequencies(Struct, frozen=True):
    """How frequent words are in a collection; the functions count the packages with a stem.

    Attributes:
        count_in_texts: Counts the stem in names and all texts.
        count_in_heads: Counts the stem in names, summaries and keywords.
    """

    package_count: int
    count_in_texts: Callable[[str], int]
    count_in_heads: Callable[[str], int]

    def get_share(self, stem: str) -> float:
        """Return the fraction of packages with a stem (0 to 1)."""
        return self.count_in_texts(stem) / self.package_count if self.package_count else 0.0

    def weigh(self, words: Iterable[str]) -> float:
        """Return the weight of words: the rarer they are, the heavier (inverse document frequency)."""
        count = self.package_count + 1
        return sum([log(count / (self.count_in_texts(stem(word)) + 0.5)) for word in words])


class QueryWords(Struct, frozen=True):
    """The words of a query.

    Attributes:
        typed: As in the text.
        corrected: With the right spelling of frameworks.
        frameworks: Those that are not the only words.
        core: Without frameworks.
    """

    typed: Sequence[str]
    corrected: Sequence[str]
    frameworks: Sequence[str]
    core: Sequence[str]

    @property
    def whole(self) -> str:
        """All words, joined; a single word may be a name that resembles a framework's."""
        return "".join(self.corrected if len(self.typed) > 1 else self.typed)

    def is_general(self, lexicon: Lexicon) -> bool:
        """Return whether a framework is the only subject: "best Django packages", "Plone 6"."""
        return bool(self.frameworks) and all(
            word.isdigit() or word in lexicon.stop_words or (word[-1] == "s" and word[:-1] in lexicon.stop_words)
            for word in self.core
        )


def read_words(text: str, lexicon: Lexicon, frequencies: WordFrequencies) -> QueryWords:
    """Return the words of a text, without further ones of a long text."""
    typed = tokenize(text[:_MAX_TEXT_LENGTH])[:_MAX_WORDS]
    if not text.islower():
        typed = _split_unknown_words(text[:_MAX_TEXT_LENGTH], typed, frequencies)
    corrected = [_correct_framework(word, lexicon, frequencies) for word in typed]
    frameworks = [word for word in corrected if word in lexicon.frameworks]
    if len(frameworks) in (0, len(corrected)):
        return QueryWords(typed, corrected, (), corrected)
    return QueryWords(typed, corrected, frameworks, [word for word in corrected if word not in lexicon.frameworks])


def find_contained_names(
    text: str, words: QueryWords, lexicon: Lexicon, frequencies: WordFrequencies
) -> frozenset[str]:
    """Return what a query names in other words, each joined: its plural, singular, and names among its words."""
    if len(words.corrected) < 2:
        return frozenset()
    whole, stop_words = words.whole, lexicon.stop_words
    names = {whole[:-1] if whole.endswith("s") else f"{whole}s"}
    # "python django-otp package" names django-otp.
    first, last = 0, len(words.corrected)
    while first < last and words.corrected[first] in stop_words:
        first += 1
    while last > first and words.corrected[last - 1] in stop_words:
        last -= 1
    if 1 < last - first < len(words.corrected):
        names.add("".join(words.corrected[first:last]))
    if not _NAME_SEPARATOR.search(text):
        return frozenset(names)
    parts = [part for part in text[:_MAX_TEXT_LENGTH].split() if _NAME_SEPARATOR.search(part)]
    for part in parts[:_MAX_CONTAINED_NAMES]:
        name = "".join(tokenize(part))
        if frequencies.count_in_heads(stem(name)) <= _MAX_NAME_COUNT:
            names.add(name)
    return frozenset(names)


def _split_unknown_words(text: str, words: list[str], frequencies: WordFrequencies) -> list[str]:
    """Return words, with the parts of those in camel case that no package has: "get current user"."""
    parts = {
        word: word_parts
        for word, word_parts in split_camel_case(text).items()
        if not frequencies.count_in_texts(stem(word))
    }
    return [part for word in words for part in parts.get(word, [word])] if parts else words


def _correct_framework(word: str, lexicon: Lexicon, frequencies: WordFrequencies) -> str:
    """Return the framework that an unknown word misspells, or the word."""
    typos = get_allowed_typos(word)
    if not typos or word in lexicon.frameworks or frequencies.count_in_heads(stem(word)):
        return word
    similar = [
        (count_typos(word, name, typos), name)
        for name in lexicon.long_frameworks
        if abs(len(word) - len(name)) <= typos
    ]
    count, name = min(similar, default=(typos + 1, word))
    return name if count <= typos else word
