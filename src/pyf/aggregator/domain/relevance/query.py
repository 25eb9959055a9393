"""What somebody typed, taken apart into what it asks for."""

from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from math import log10, prod

from msgspec import Struct

from .lexicon import Lexicon, Phrase, stemmed
from .names import LEAST_BEGINNING, LEAST_END
from .slips import slips_in
from .words import stem, unnumbered, words

# What a text may have of characters and of words that are looked at; nobody means more.
_LONGEST_TEXT = 400
_MOST_WORDS = 12

# What another way to say something is worth, of what the words themselves are.
_PHRASE, _SYNONYM, _UNNUMBERED, _RELATED = 0.97, 0.9, 0.8, 0.7

# A word weighs by the part of all projects that have it, 1 for a hundredth and less; what weighs less than `_LIGHT`
# need not be found beside what weighs more.
_LEAST_WEIGHT, _MOST_WEIGHT, _LIGHT = 0.2, 1.0, 0.35
# The part of what is asked for that has to be found.
_NEEDED = 0.4
# A word of a smaller part of all projects is one that somebody may not have typed to its end.
_RARE = 0.001


class Way(Struct, frozen=True, dict=True):
    """One way to say something: words that all have to be there, and what that is worth (0 to 1)."""

    words: Phrase
    worth: float = 1.0

    @cached_property
    def stems(self) -> tuple[str, ...]:
        """The stems of its words."""
        return tuple(map(stem, self.words))

    @cached_property
    def marks(self) -> tuple[str, ...]:
        """The stems as they stand in what is searched, each by itself."""
        return tuple(f" {each} " for each in self.stems)

    @cached_property
    def together(self) -> str:
        """The stems as they stand in what is searched, side by side."""
        return f" {' '.join(self.stems)} "


class Concept(Struct, frozen=True, kw_only=True, dict=True):
    """One thing that is asked for: the words for it, all ways to say it, and its weight (0 to about 2).

    `others` are what else the text says that means the same: having one of them as well says a little more.

    `slips` is how many letters may be wrong: 0 for a word that some project uses.
    """

    words: Phrase
    ways: tuple[Way, ...]
    weight: float
    slips: int = 0
    others: tuple[Way, ...] = ()

    @cached_property
    def joined(self) -> str:
        """Its words as one."""
        return "".join(self.words)


class Query(Struct, frozen=True, kw_only=True, dict=True):
    """A text taken apart.

    `whole` are its words as one, `own` those that say what is looked for, `stems` their stems as one; `names` are
    other ways to say all of it, as one word. `frameworks` are those that it names or means beside what it asks for.
    `is_begun` tells whether it may be the beginning of a name.
    """

    whole: str
    own: str
    stems: str
    names: frozenset[str]
    frameworks: frozenset[str]
    concepts: tuple[Concept, ...]
    is_begun: bool

    @cached_property
    def own_names(self) -> frozenset[str]:
        """What is looked for, and other ways to say it, each as one word."""
        return self.names | {self.own}

    @cached_property
    def heavy(self) -> tuple[Concept, ...]:
        """The concepts that count for whether a project is found; there is one at least."""
        return tuple(each for each in self.concepts if each.weight >= _LIGHT) or self.concepts

    @cached_property
    def slipped(self) -> tuple[Concept, ...]:
        """The concepts that may have wrong letters."""
        return tuple(each for each in self.concepts if each.slips)

    @cached_property
    def weight(self) -> float:
        """What all concepts weigh together."""
        return sum(each.weight for each in self.concepts)

    @cached_property
    def said(self) -> frozenset[str]:
        """All words that ask for something, and their stems."""
        words = {word for concept in self.concepts for way in concept.ways for word in way.words}
        return frozenset(words | set(map(stem, words)))

    @cached_property
    def beginnings(self) -> tuple[str, ...]:
        """Those of all words that a part of a name may begin with, to be about what is asked for."""
        return tuple(each for each in self.said if len(each) >= LEAST_BEGINNING)

    @cached_property
    def ends(self) -> tuple[str, ...]:
        """Those of all words that a part of a name may end with, to be about what is asked for."""
        return tuple(each for each in self.said if len(each) >= LEAST_END)

    def is_heavy(self, concept: Concept) -> bool:
        """Tell whether a concept counts for whether a project is found."""
        return concept.weight >= _LIGHT or len(self.heavy) == len(self.concepts)

    @cached_property
    def needed(self) -> int:
        """How many of the heavy concepts a project has to have."""
        return max(1, round(len(self.heavy) * _NEEDED))


def query_of(
    text: str, lexicon: Lexicon, *, share: Callable[[str], float], favoured: Iterable[str] = ()
) -> Query | None:
    """Return what a text asks for, None for one without a word.

    `share` tells which part of all projects has a stem in any of its texts (0 to 1). `favoured` are frameworks that it
    means without naming them.
    """
    typed = words(text[:_LONGEST_TEXT])[:_MOST_WORDS]
    if not typed:
        return None
    asked = [word for word in typed if word not in lexicon.frameworks] or typed
    phrases = tuple(_phrases(asked, lexicon))
    telling = tuple(each for each in phrases if len(each) > 1 or each[0] not in lexicon.fillers) or phrases
    own = [word for phrase in telling for word in phrase]
    concepts = tuple(_concept(same, lexicon, share) for same in _together(telling, lexicon))
    return Query(
        whole="".join(typed),
        own="".join(own),
        stems="".join(stem(unnumbered(word) or word) for word in own),
        names=frozenset("".join(each) for said in (typed, own) for each in lexicon.synonyms_of(tuple(said))),
        frameworks=(frozenset(typed) - frozenset(asked)) | {word for name in favoured for word in words(name)},
        concepts=concepts,
        is_begun=len(typed) > 1 or share(stem(typed[-1])) < _RARE,
    )


def _phrases(said: list[str], lexicon: Lexicon) -> Iterator[Phrase]:
    start = 0
    while start < len(said):
        phrase = lexicon.phrase_at(said, start)
        start += len(phrase)
        yield phrase


def _together(phrases: Iterable[Phrase], lexicon: Lexicon) -> list[tuple[Phrase, ...]]:
    """Put those together that mean the same: whoever says it twice asks for one thing."""
    groups: list[tuple[Phrase, ...]] = []
    for phrase in dict.fromkeys(phrases):
        same = {stemmed(phrase), *map(stemmed, lexicon.synonyms_of(phrase))}
        at = next((number for number, group in enumerate(groups) if stemmed(group[0]) in same), None)
        if at is None:
            groups.append((phrase,))
        else:
            groups[at] += (phrase,)
    return groups


def _concept(same: tuple[Phrase, ...], lexicon: Lexicon, share: Callable[[str], float]) -> Concept:
    phrase, *others = same
    weight = _rarity(phrase, share)
    ways: dict[Phrase, Way] = {}
    for way in _ways(phrase, lexicon):
        # What a common word says instead of a rare one says less: "translation" is not all of "i18n".
        less = 1.0 if way.worth == _RELATED else min(1.0, _rarity(way.words, share) / weight) ** 0.5
        ways.setdefault(way.words, Way(way.words, way.worth * less))
    is_used = any(all(share(stem(word)) for word in way) for way in ways)
    return Concept(
        words=phrase,
        ways=tuple(ways.values()),
        weight=len(phrase) ** 0.5 * weight,
        slips=0 if is_used or len(phrase) > 1 else slips_in(phrase[0]),
        others=tuple(map(Way, others)),
    )


def _ways(phrase: Phrase, lexicon: Lexicon) -> Iterator[Way]:
    yield Way(phrase, 1.0)
    if len(phrase) > 1:
        yield Way(("".join(phrase),), 1.0)
    elif bare := unnumbered(phrase[0]):
        yield Way((bare,), _UNNUMBERED)
    for other in lexicon.synonyms_of(phrase):
        yield Way(other, _SYNONYM if len(other) == 1 else _PHRASE)
        if len(other) > 1:
            yield Way(("".join(other),), _PHRASE)
    for other in lexicon.related_to(phrase):
        yield Way(other, _RELATED)


def _rarity(phrase: Phrase, share: Callable[[str], float]) -> float:
    return _weight(prod(share(stem(word)) for word in phrase))


def _weight(share: float) -> float:
    return max(_LEAST_WEIGHT, min(_MOST_WEIGHT, -log10(share) / 2)) if share else _MOST_WEIGHT
