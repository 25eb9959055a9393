"""What is known of words: which are frameworks' names, which say nothing, and which mean the same."""

from collections.abc import Iterable, Mapping
from functools import cached_property

from msgspec import Struct

from .words import stem, words

Phrase = tuple[str, ...]


class Lexicon(Struct, frozen=True, kw_only=True, eq=False, dict=True):
    """The words that a search treats in their own way.

    `frameworks` are names that a question may leave out or add, `prefixes` are what names begin with to say where they
    belong, `fillers` say nothing of what is looked for. `synonyms` are phrases that mean what a phrase means, `related`
    are those that come near to it. Phrases are looked up by their stems: what is known of "image" is known of "images".
    """

    frameworks: frozenset[str] = frozenset()
    prefixes: frozenset[str] = frozenset()
    fillers: frozenset[str] = frozenset()
    synonyms: Mapping[Phrase, tuple[Phrase, ...]] = {}
    related: Mapping[Phrase, tuple[Phrase, ...]] = {}

    @cached_property
    def longest_phrase(self) -> int:
        """The most words that a phrase with other ways to say it has."""
        return max(map(len, (*self.synonyms, *self.related)), default=0)

    @cached_property
    def fingerprint(self) -> str:
        """What tells whether another lexicon takes names apart in the same way."""
        return " ".join((*sorted(self.frameworks), "/", *sorted(self.prefixes)))

    @cached_property
    def _synonyms_by_stems(self) -> Mapping[Phrase, tuple[Phrase, ...]]:
        return _by_stems(self.synonyms)

    @cached_property
    def _related_by_stems(self) -> Mapping[Phrase, tuple[Phrase, ...]]:
        return _by_stems(self.related)

    @cached_property
    def frameworks_by_stem(self) -> Mapping[str, frozenset[str]]:
        """The frameworks by the stems of their names."""
        return {
            cut: frozenset(each for each in self.frameworks if stem(each) == cut) for cut in map(stem, self.frameworks)
        }

    def synonyms_of(self, phrase: Phrase) -> tuple[Phrase, ...]:
        """Return the phrases that mean what a phrase means, in whatever form its words are."""
        return self._synonyms_by_stems.get(stemmed(phrase), ())

    def related_to(self, phrase: Phrase) -> tuple[Phrase, ...]:
        """Return the phrases that come near to what a phrase means, in whatever form its words are."""
        return self._related_by_stems.get(stemmed(phrase), ())

    def phrase_at(self, said: list[str], start: int) -> Phrase:
        """Return the longest phrase known that begins at a word, the word itself where there is none."""
        for length in range(min(self.longest_phrase, len(said) - start), 1, -1):
            phrase = tuple(said[start : start + length])
            if self.synonyms_of(phrase) or self.related_to(phrase):
                return phrase
        return (said[start],)


def lexicon_of(
    *,
    frameworks: Iterable[str] = (),
    prefixes: Iterable[str] = (),
    fillers: Iterable[str] = (),
    synonyms: Iterable[Iterable[str]] = (),
    related: Mapping[str, Iterable[str]] = {},
) -> Lexicon:
    """Return a lexicon of these words; the phrases of each group of `synonyms` mean the same."""
    same: dict[Phrase, dict[Phrase, None]] = {}
    for group in synonyms:
        phrases = [_phrase(each) for each in group]
        for phrase in phrases:
            same.setdefault(phrase, {}).update(dict.fromkeys(other for other in phrases if other != phrase))
    return Lexicon(
        frameworks=frozenset(word for name in frameworks for word in words(name)),
        prefixes=frozenset(word for name in prefixes for word in words(name)),
        fillers=frozenset(word for filler in fillers for word in words(filler)),
        synonyms={phrase: tuple(others) for phrase, others in same.items() if phrase},
        related={_phrase(phrase): tuple(map(_phrase, others)) for phrase, others in related.items()},
    )


def stemmed(phrase: Phrase) -> Phrase:
    """Return the stems of a phrase's words."""
    return tuple(map(stem, phrase))


def _by_stems(others: Mapping[Phrase, tuple[Phrase, ...]]) -> Mapping[Phrase, tuple[Phrase, ...]]:
    found: dict[Phrase, dict[Phrase, None]] = {}
    for phrase, several in others.items():
        own = stemmed(phrase)
        found.setdefault(own, {}).update(dict.fromkeys(each for each in several if stemmed(each) != own))
    return {phrase: tuple(several) for phrase, several in found.items()}


def _phrase(text: str) -> Phrase:
    return tuple(words(text))
