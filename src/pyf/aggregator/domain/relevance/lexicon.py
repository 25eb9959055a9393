"""The lexicon of searches: names of frameworks, prefixes, stop words, synonyms, related phrases and concepts."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property

from msgspec import Struct

from .tokenizer import get_allowed_typos, stem, tokenize

Phrase = tuple[str, ...]

# The most words of a query between those of a concept's phrase: more are another thought.
_MAX_GAP = 5


class Concept(Struct, frozen=True, eq=False):
    """One subject in the words of people and in the words of packages.

    Attributes:
        asked: What people call it; the words match a query in any order and form, also with words between them.
        search: What packages call it.
    """

    asked: tuple[Phrase, ...]
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
        family_phrases: The first stem of a family by its phrases that mean one word ("log in"), as they are written.
    """

    frameworks: frozenset[str] = frozenset()
    prefixes: frozenset[str] = frozenset()
    stop_words: frozenset[str] = frozenset()
    synonyms: Mapping[Phrase, tuple[Phrase, ...]] = {}
    related: Mapping[Phrase, tuple[Phrase, ...]] = {}
    concepts: tuple[Concept, ...] = ()
    families: Mapping[str, str] = {}
    family_phrases: Mapping[Phrase, str] = {}

    @cached_property
    def max_phrase_length(self) -> int:
        """The maximum number of words in a phrase with an entry."""
        return max(map(len, (*self.synonyms, *self.related)), default=0)

    @cached_property
    def long_frameworks(self) -> tuple[str, ...]:
        """The frameworks of which the name may be misspelled."""
        return tuple(name for name in self.frameworks if get_allowed_typos(name))

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
    def _concepts_by_family(self) -> Mapping[str, list[tuple[frozenset[str], Concept]]]:
        """The phrases of all concepts by their rarest family, so that few are compared with a query."""
        pairs = [
            (frozenset(family for family, _, _ in self._iter_families(phrase)), concept)
            for concept in self.concepts
            for phrase in concept.asked
        ]
        counts = Counter(family for phrase, _ in pairs for family in phrase)
        by_family: dict[str, list[tuple[frozenset[str], Concept]]] = {}
        for phrase, concept in pairs:
            rarest = min(phrase, key=lambda family: (counts[family], family))
            by_family.setdefault(rarest, []).append((phrase, concept))
        return by_family

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

    def find_concepts(self, words: Sequence[str]) -> Iterator[tuple[Phrase, Concept]]:
        """Yield the concepts that a query asks for, each with words of the query that are near together.

        A phrase that is part of a longer one ("video" of "embed video") asks for nothing more.
        """
        places = [*self._iter_families(words)]
        lasts = {family: position for family, _, position in places}
        firsts = {family: position for family, _, position in reversed(places)}
        families = frozenset(lasts)
        found = [
            (phrase, concept)
            for family in lasts
            for phrase, concept in self._concepts_by_family.get(family, ())
            if phrase <= families
            and (
                len(words) <= len(phrase) + _MAX_GAP
                or max(firsts[word] for word in phrase) - min(lasts[word] for word in phrase) < len(phrase) + _MAX_GAP
            )
        ]
        if not found:
            return
        words_by_family = {family: word for family, word, _ in reversed(places)}
        for phrase, concept in found:
            if not any(phrase < longer for longer, _ in found):
                yield tuple(words_by_family[family] for family in sorted(phrase)), concept

    def find_phrase(self, tokens: Sequence[str], start: int) -> Phrase:
        """Return the longest phrase with an entry that starts at a word, or the word itself."""
        for length in range(min(self.max_phrase_length, len(tokens) - start), 1, -1):
            phrase = tuple(tokens[start : start + length])
            if self.get_synonyms(phrase) or self.get_related(phrase):
                return phrase
        return (tokens[start],)

    @cached_property
    def _family_phrases_by_word(self) -> Mapping[str, list[Phrase]]:
        """The phrases of families by their first word, the longest first."""
        by_word: dict[str, list[Phrase]] = {}
        for phrase in sorted(self.family_phrases, key=len, reverse=True):
            by_word.setdefault(phrase[0], []).append(phrase)
        return by_word

    def _iter_families(self, words: Sequence[str]) -> Iterator[tuple[str, str, int]]:
        """Yield the family of each word or phrase, the word (for a phrase the family), and its position."""
        families, phrases_by_word = self.families, self._family_phrases_by_word
        start = 0
        while start < len(words):
            for phrase in phrases_by_word.get(words[start], ()):
                if phrase == tuple(words[start : start + len(phrase)]):
                    yield self.family_phrases[phrase], self.family_phrases[phrase], start
                    start += len(phrase)
                    break
            else:
                word_stem = stem(words[start])
                yield families.get(word_stem, word_stem), words[start], start
                start += 1


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
    families, family_phrases = _index_families(entries.families)
    return Lexicon(
        frameworks=frozenset(word for name in entries.frameworks for word in tokenize(name)),
        prefixes=frozenset(word for name in entries.prefixes for word in tokenize(name)),
        stop_words=frozenset(word for stop_word in entries.stop_words for word in tokenize(stop_word)),
        synonyms={phrase: tuple(alternatives) for phrase, alternatives in synonyms_by_phrase.items() if phrase},
        related={
            _parse_phrase(phrase): tuple(map(_parse_phrase, phrases)) for phrase, phrases in entries.related.items()
        },
        concepts=tuple(
            Concept(tuple(map(_parse_phrase, asked)), tuple(map(_parse_phrase, search)))
            for asked, search in entries.concepts
        ),
        families=families,
        family_phrases=family_phrases,
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


def _index_families(families: Iterable[Iterable[str]]) -> tuple[dict[str, str], dict[Phrase, str]]:
    """Return the first stem of each family by the stems of its words, and by its phrases."""
    by_stem: dict[str, str] = {}
    by_phrase: dict[Phrase, str] = {}
    for family in families:
        phrases = [_parse_phrase(text) for text in family]
        for phrase in phrases:
            if len(phrase) == 1:
                by_stem.setdefault(stem(phrase[0]), stem(phrases[0][0]))
            else:
                by_phrase.setdefault(phrase, stem(phrases[0][0]))
    return by_stem, by_phrase


def _parse_phrase(text: str) -> Phrase:
    return tuple(tokenize(text))
