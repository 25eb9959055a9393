"""The lexicon of searches: names of frameworks, prefixes, stop words, synonyms, related phrases and concepts."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property

from msgspec import Struct

from .tokenizer import stem, tokenize

Phrase = tuple[str, ...]


class Concept(Struct, frozen=True):
    """One subject in the words of people and in the words of packages.

    Attributes:
        asked: The stems of each phrase that people use; they match a query in any order, also with words between them.
        search: What packages call it.
    """

    asked: tuple[frozenset[str], ...]
    search: tuple[Phrase, ...]


class Lexicon(Struct, frozen=True, kw_only=True, eq=False, dict=True):
    """Words with a special meaning in searches.

    Phrases are looked up by stems: an entry for "image" also applies to "images".

    Attributes:
        frameworks: Names that a query may leave out or add.
        prefixes: Prefixes of package names that only mark an ecosystem.
        stop_words: Words without meaning for a search.
        synonyms: Phrases with the same meaning, by phrase.
        related: Phrases with a similar meaning, by phrase.
        concepts: Subjects that people describe in other words than packages do.
        families: The first stem of each family of words that concepts do not distinguish, by the stems of all.
    """

    frameworks: frozenset[str] = frozenset()
    prefixes: frozenset[str] = frozenset()
    stop_words: frozenset[str] = frozenset()
    synonyms: Mapping[Phrase, tuple[Phrase, ...]] = {}
    related: Mapping[Phrase, tuple[Phrase, ...]] = {}
    concepts: tuple[Concept, ...] = ()
    families: Mapping[str, str] = {}

    @cached_property
    def max_phrase_length(self) -> int:
        """The maximum number of words in a phrase with an entry."""
        return max(map(len, (*self.synonyms, *self.related)), default=0)

    @cached_property
    def fingerprint(self) -> str:
        """A text that is equal for lexicons that split names alike."""
        return " ".join((*sorted(self.frameworks), "/", *sorted(self.prefixes)))

    @cached_property
    def _synonyms_by_stems(self) -> Mapping[Phrase, tuple[Phrase, ...]]:
        return _index_by_stems(self.synonyms)

    @cached_property
    def _related_by_stems(self) -> Mapping[Phrase, tuple[Phrase, ...]]:
        return _index_by_stems(self.related)

    @cached_property
    def _concepts_by_stem(self) -> Mapping[str, list[tuple[frozenset[str], frozenset[str], Concept]]]:
        """The phrases of all concepts by one of their stems; first as families."""
        by_stem: dict[str, list[tuple[frozenset[str], frozenset[str], Concept]]] = {}
        for concept in self.concepts:
            for phrase in concept.asked:
                families = self._to_families(phrase)
                by_stem.setdefault(min(families), []).append((families, phrase, concept))
        return by_stem

    @cached_property
    def frameworks_by_stem(self) -> Mapping[str, frozenset[str]]:
        """The frameworks by the stems of their names."""
        return {
            framework_stem: frozenset(framework for framework in self.frameworks if stem(framework) == framework_stem)
            for framework_stem in map(stem, self.frameworks)
        }

    def get_synonyms(self, phrase: Phrase) -> tuple[Phrase, ...]:
        """Return the phrases with the same meaning, for any form of the phrase's words."""
        return self._synonyms_by_stems.get(to_stems(phrase), ())

    def get_related(self, phrase: Phrase) -> tuple[Phrase, ...]:
        """Return the phrases with a similar meaning, for any form of the phrase's words."""
        return self._related_by_stems.get(to_stems(phrase), ())

    def find_concepts(self, words: Iterable[str]) -> Iterator[tuple[frozenset[str], Concept]]:
        """Yield the concepts that a query asks for, each with the stems of a phrase that it contains."""
        stems = self._to_families(map(stem, words))
        for word_stem in sorted(stems):
            for families, phrase, concept in self._concepts_by_stem.get(word_stem, ()):
                if families <= stems:
                    yield phrase, concept

    def find_phrase(self, tokens: list[str], start: int) -> Phrase:
        """Return the longest phrase with an entry that starts at a word, or the word itself."""
        for length in range(min(self.max_phrase_length, len(tokens) - start), 1, -1):
            phrase = tuple(tokens[start : start + length])
            if self.get_synonyms(phrase) or self.get_related(phrase):
                return phrase
        return (tokens[start],)

    def _to_families(self, stems: Iterable[str]) -> frozenset[str]:
        return frozenset(self.families.get(word_stem, word_stem) for word_stem in stems)


class LexiconEntries(Struct, frozen=True, kw_only=True):
    """The entries of a lexicon as text.

    Attributes:
        synonyms: Groups of phrases with the same meaning.
        related: Phrases with a similar meaning, by phrase.
        concepts: What people ask, and what packages call it.
        families: Groups of words that concepts do not distinguish.
    """

    frameworks: Iterable[str] = ()
    prefixes: Iterable[str] = ()
    stop_words: Iterable[str] = ()
    synonyms: Iterable[Iterable[str]] = ()
    related: Mapping[str, Iterable[str]] = {}
    concepts: Iterable[tuple[Iterable[str], Iterable[str]]] = ()
    families: Iterable[Iterable[str]] = ()


def build_lexicon(entries: LexiconEntries) -> Lexicon:
    """Build a lexicon from text."""
    synonyms_by_phrase: dict[Phrase, dict[Phrase, None]] = {}
    for group in entries.synonyms:
        phrases = [_parse_phrase(text) for text in group]
        for phrase in phrases:
            synonyms_by_phrase.setdefault(phrase, {}).update(
                dict.fromkeys(other for other in phrases if other != phrase)
            )
    return Lexicon(
        frameworks=frozenset(word for name in entries.frameworks for word in tokenize(name)),
        prefixes=frozenset(word for name in entries.prefixes for word in tokenize(name)),
        stop_words=frozenset(word for stop_word in entries.stop_words for word in tokenize(stop_word)),
        synonyms={phrase: tuple(alternatives) for phrase, alternatives in synonyms_by_phrase.items() if phrase},
        related={
            _parse_phrase(phrase): tuple(map(_parse_phrase, phrases)) for phrase, phrases in entries.related.items()
        },
        concepts=tuple(
            Concept(
                tuple(frozenset(to_stems(_parse_phrase(phrase))) for phrase in asked), tuple(map(_parse_phrase, search))
            )
            for asked, search in entries.concepts
        ),
        families=_index_families(entries.families),
    )


def to_stems(phrase: Phrase) -> Phrase:
    """Return the stems of a phrase's words."""
    return tuple(map(stem, phrase))


def _index_by_stems(phrases_by_phrase: Mapping[Phrase, tuple[Phrase, ...]]) -> Mapping[Phrase, tuple[Phrase, ...]]:
    by_stems: dict[Phrase, dict[Phrase, None]] = {}
    for phrase, alternatives in phrases_by_phrase.items():
        phrase_stems = to_stems(phrase)
        by_stems.setdefault(phrase_stems, {}).update(
            dict.fromkeys(alternative for alternative in alternatives if to_stems(alternative) != phrase_stems)
        )
    return {phrase: tuple(alternatives) for phrase, alternatives in by_stems.items()}


def _index_families(families: Iterable[Iterable[str]]) -> Mapping[str, str]:
    by_stem: dict[str, str] = {}
    for family in families:
        stems = [stem(word) for text in family for word in tokenize(text)]
        for word_stem in stems:
            by_stem.setdefault(word_stem, stems[0])
    return by_stem


def _parse_phrase(text: str) -> Phrase:
    return tuple(tokenize(text))
