"""Parse the text of a query into weighted terms with variants."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import pairwise
from math import sqrt

from msgspec import Struct

from .lexicon import Concept, Lexicon, Phrase, to_stems
from .names import MIN_PREFIX_LENGTH, MIN_SUFFIX_LENGTH, list_glued_forms
from .pasted import Pasted, parse_pasted
from .tokenizer import get_allowed_typos, list_swaps, stem, strip_trailing_digits, tokenize
from .words import WordFrequencies, find_contained_names, read_words

# Further phrases of a text are ignored.
_MAX_PHRASES = 12

# Weights of variants, relative to the words of the query.
_PHRASE_WEIGHT, _SYNONYM_WEIGHT, _WITHOUT_DIGITS_WEIGHT, _RELATED_WEIGHT = 0.97, 0.9, 0.8, 0.7

# The least weight of a word, and the least weight of a word that is required if there are others: a word that a fifth
# of the packages has.
_MIN_WEIGHT, _MIN_REQUIRED_WEIGHT = 0.3, 1.6
# The fraction of required terms that a project must match: one of four, two of five.
_REQUIRED_FRACTION = 0.3
# Variants are compared up to the weight of a word that a hundredth of the packages has.
_MAX_VARIANT_WEIGHT = 4.6
# The weight of a concept relative to the words that ask for it.
CONCEPT_WEIGHT = 1.0
# The most concepts of a query: the most specific ones.
_MAX_CONCEPTS = 3
# A word in a smaller fraction of projects may be incomplete.
_MAX_RARE_FREQUENCY = 0.001
# A word is split if at most one package has it, each part has this many letters, and this fraction of the packages (and
# this many) have each part.
_MIN_PART_LENGTH, _MIN_PART_FREQUENCY, _MIN_PART_COUNT = 3, 0.0005, 2
# More words are no name.
_MAX_NAME_WORDS = 6


class Variant(Struct, frozen=True, dict=True):
    """One variant of a term: words that must all match, and a weight (0 to 1)."""

    words: Phrase
    weight: float = 1.0

    @cached_property
    def searched_words(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """The stem of each word between spaces, to find it as a whole word, and what it may be glued to names as."""
        return tuple((f" {stem(word)} ", list_glued_forms(word)) for word in self.words)

    @cached_property
    def phrase(self) -> str:
        """All stems between spaces, to find them as a phrase in searched texts."""
        return f" {' '.join(to_stems(self.words))} "


class QueryTerm(Struct, frozen=True, kw_only=True, dict=True):
    """One term of a query: its words, all variants of them, and its weight.

    Attributes:
        words: Empty for a concept, of which the variants are what packages call it.
        allowed_typos: How many letters may be wrong; 0 for a word that some package has.
        synonyms: Phrases of the query with the same meaning; a match of one of them adds a bonus.
    """

    words: Phrase
    variants: tuple[Variant, ...]
    weight: float
    allowed_typos: int = 0
    synonyms: tuple[Variant, ...] = ()

    @cached_property
    def joined_words(self) -> str:
        """The words, joined."""
        return "".join(self.words)


class ParsedQuery(Struct, frozen=True, kw_only=True, dict=True):
    """A parsed query.

    Attributes:
        whole: All words, joined.
        core: The words without frameworks and stop words, joined.
        full_core: The words without frameworks, joined.
        stems: The stems of the core without trailing numbers, joined.
        has_number: Whether a word of the core has a trailing number.
        alternative_names: Synonyms of the whole text, each joined.
        contained_names: Complete names that the text contains, or is the plural or singular of, each joined.
        frameworks: Frameworks that the text names, in addition to the core, or that are preferred.
        is_prefix: Whether the text may be the beginning of a name.
        is_general: Whether the text asks for a framework, with stop words and numbers only.
        is_misspelled: Whether a word is in no name, summary or keyword.
        whole_typos: How many letters of a complete name may be wrong.
        core_typos: How many letters of a name's core may be wrong.
        modules: Names of modules that the text may be, without separators.
        pasted: What the text refers to if it is pasted code or a URL.
        swapped_names: The text and its core with two letters of the core swapped, if the core may have no other typo.
    """

    whole: str
    core: str
    full_core: str
    stems: str
    has_number: bool = False
    alternative_names: frozenset[str]
    contained_names: frozenset[str] = frozenset()
    frameworks: frozenset[str]
    terms: tuple[QueryTerm, ...]
    is_prefix: bool
    is_general: bool = False
    is_misspelled: bool = False
    whole_typos: int = 0
    core_typos: int = 0
    swapped_names: frozenset[str] = frozenset()
    modules: frozenset[str] = frozenset()
    pasted: Pasted | None = None

    @cached_property
    def literal_cores(self) -> frozenset[str]:
        """The cores, with and without stop words."""
        return frozenset((self.core, self.full_core))

    @property
    def core_prefix(self) -> str:
        """The beginning of a name's core that the text may be; "" for none."""
        return self.core if self.is_prefix and len(self.core) > 1 and not self.is_general else ""

    @cached_property
    def padded_modules(self) -> tuple[str, ...]:
        """Each module between spaces, to find it among the aliases of a package."""
        return tuple(f" {module} " for module in self.modules)

    @cached_property
    def required_terms(self) -> tuple[QueryTerm, ...]:
        """The terms that decide whether a project matches; at least one. A concept alone is enough."""
        return tuple(term for term in self.terms if term.weight >= _MIN_REQUIRED_WEIGHT) or self.terms

    @cached_property
    def fuzzy_terms(self) -> tuple[QueryTerm, ...]:
        """The terms with allowed typos."""
        return tuple(term for term in self.terms if term.allowed_typos)

    @cached_property
    def total_weight(self) -> float:
        """The sum of all weights."""
        return sum(term.weight for term in self.terms)

    @cached_property
    def vocabulary(self) -> frozenset[str]:
        """All words of all variants, and their stems."""
        words = {word for term in self.terms for variant in term.variants for word in variant.words}
        return frozenset(words | set(map(stem, words)))

    @cached_property
    def prefixes(self) -> tuple[str, ...]:
        """The words of all variants that count as a prefix of a segment."""
        return tuple(word for word in self._glued_words if len(word) >= MIN_PREFIX_LENGTH)

    @cached_property
    def suffixes(self) -> tuple[str, ...]:
        """The words of all variants that count as a suffix of a segment."""
        return tuple(word for word in self._glued_words if len(word) >= MIN_SUFFIX_LENGTH)

    @cached_property
    def _glued_words(self) -> frozenset[str]:
        variants = [variant for term in self.terms for variant in term.variants]
        return frozenset(form for variant in variants for word in variant.words for form in list_glued_forms(word))

    @cached_property
    def min_required_terms(self) -> int:
        """How many of the required terms a project must match."""
        return max(1, round(sum(1 for term in self.required_terms if term.words) * _REQUIRED_FRACTION))

    @cached_property
    def min_required_weight(self) -> float:
        """The least weight of a required term."""
        return min(term.weight for term in self.required_terms)

    def is_required(self, term: QueryTerm) -> bool:
        """Return whether a term is required."""
        return term.weight >= self.min_required_weight


def parse_query(
    text: str, lexicon: Lexicon, *, frequencies: WordFrequencies, favored: Iterable[str] = ()
) -> ParsedQuery | None:
    """Parse a text; None if it has no word.

    Args:
        favored: Frameworks to prefer, as if the text named them.
    """
    pasted = parse_pasted(text)
    text = pasted.text if pasted else text
    words = read_words(text, lexicon, frequencies)
    if not words.typed:
        return None
    typed, tokens = words.typed, words.corrected
    phrases = tuple(_split_phrases(words.core, lexicon))
    significant = (
        tuple(candidate for candidate in phrases if len(candidate) > 1 or candidate[0] not in lexicon.stop_words)
        or phrases
    )[:_MAX_PHRASES]
    core = [word for phrase in significant for word in phrase]
    is_general = words.is_general(lexicon)
    if is_general:
        significant = tuple((framework,) for framework in words.frameworks)
    compounds = _find_compounds(significant, frequencies)
    terms = [
        _build_term(group, lexicon, frequencies, compounds.get(group[0], ()))
        for group in _group_synonyms(significant, lexicon)
    ]
    whole, joined_core, full_core = words.whole, "".join(core), "".join(words.core)
    without_digits = [strip_trailing_digits(word) for word in core]
    is_name = len(tokens) <= _MAX_NAME_WORDS
    is_misspelled = is_name and (tokens != typed or not all(frequencies.count_in_heads(stem(word)) for word in core))
    core_typos = get_allowed_typos(joined_core) if is_name else 0
    return ParsedQuery(
        whole=whole,
        core=joined_core,
        full_core=full_core,
        stems="".join([stem(without or word) for without, word in zip(without_digits, core, strict=True)]),
        has_number=any(without_digits),
        alternative_names=frozenset(
            "".join(synonym) for name in (tokens, core) for synonym in lexicon.get_synonyms(tuple(name))
        ),
        contained_names=find_contained_names(text, words, lexicon, frequencies),
        frameworks=frozenset(words.frameworks) | {word for name in favored for word in tokenize(name)},
        terms=(*terms, *_build_concept_terms(typed, lexicon, frequencies)),
        is_prefix=len(tokens) > 1 or frequencies.get_share(stem(tokens[-1])) < _MAX_RARE_FREQUENCY,
        is_general=is_general,
        is_misspelled=is_misspelled,
        whole_typos=_get_whole_typos(whole, joined_core) if is_misspelled else min(core_typos, 1),
        core_typos=core_typos if is_misspelled else 0,
        swapped_names=_list_swapped_names(whole, joined_core) if is_name and not core_typos else frozenset(),
        modules=frozenset({whole, joined_core, full_core} - lexicon.frameworks),
        pasted=pasted,
    )


def _get_whole_typos(whole: str, core: str) -> int:
    """Return how many letters of a complete name may be wrong: not all of a short core."""
    max_typos = 2 if get_allowed_typos(core) else min(1, len(core) // 2)
    return min(get_allowed_typos(whole), max_typos)


def _list_swapped_names(whole: str, core: str) -> frozenset[str]:
    before, found, after = whole.rpartition(core)
    swaps = list_swaps(core)
    return swaps | {f"{before}{swap}{after}" for swap in swaps if found}


def _split_phrases(tokens: Sequence[str], lexicon: Lexicon) -> Iterator[Phrase]:
    start = 0
    while start < len(tokens):
        phrase = lexicon.find_phrase(tokens, start)
        start += len(phrase)
        yield phrase


def _group_synonyms(phrases: Iterable[Phrase], lexicon: Lexicon) -> list[tuple[Phrase, ...]]:
    """Group phrases with the same meaning into one term."""
    groups: list[tuple[Phrase, ...]] = []
    for phrase in dict.fromkeys(phrases):
        synonym_stems = {to_stems(phrase), *map(to_stems, lexicon.get_synonyms(phrase))}
        position = next((number for number, group in enumerate(groups) if to_stems(group[0]) in synonym_stems), None)
        if position is None:
            groups.append((phrase,))
        else:
            groups[position] += (phrase,)
    return groups


def _find_compounds(phrases: Sequence[Phrase], frequencies: WordFrequencies) -> dict[Phrase, tuple[Variant, ...]]:
    """Return other spellings of single words that the collection has: joined with a neighbor, or split in two."""
    compounds: dict[Phrase, tuple[Variant, ...]] = {}
    for pair in pairwise(phrases):
        joined = "".join(word for phrase in pair for word in phrase)
        if all(len(phrase) == 1 for phrase in pair) and frequencies.count_in_heads(stem(joined)):
            for phrase in pair:
                compounds[phrase] = (*compounds.get(phrase, ()), Variant((joined,), _PHRASE_WEIGHT))
    for phrase in phrases:
        parts = _split_compound(phrase[0], frequencies) if len(phrase) == 1 else ()
        if parts:
            compounds[phrase] = (*compounds.get(phrase, ()), Variant(parts, _PHRASE_WEIGHT))
    return compounds


def _split_compound(word: str, frequencies: WordFrequencies) -> Phrase:
    """Return the most frequent two words that an unusual word consists of: "open" and "graph"; empty for none."""
    positions = range(_MIN_PART_LENGTH, len(word) - _MIN_PART_LENGTH + 1)
    if not positions or frequencies.count_in_heads(stem(word)) > 1:
        return ()
    splits = [(word[:position], word[position:]) for position in positions]
    count, parts = max([(min([frequencies.count_in_heads(stem(part)) for part in split]), split) for split in splits])
    return parts if count >= max(_MIN_PART_COUNT, _MIN_PART_FREQUENCY * frequencies.package_count) else ()


def _build_term(
    group: tuple[Phrase, ...], lexicon: Lexicon, frequencies: WordFrequencies, compounds: Sequence[Variant]
) -> QueryTerm:
    phrase, *synonyms = group
    variant_weight = _weigh_variant(phrase, frequencies)
    variants: dict[Phrase, Variant] = {}
    for variant in _iter_variants(phrase, lexicon):
        # A common word instead of a rare one weighs less: "translation" means less than "i18n".
        factor = (
            1.0
            if variant.weight == _RELATED_WEIGHT
            else min(1.0, _weigh_variant(variant.words, frequencies) / variant_weight) ** 0.5
        )
        variants.setdefault(variant.words, Variant(variant.words, variant.weight * factor))
    is_used = any(all(frequencies.count_in_texts(stem(word)) for word in words) for words in variants)
    for compound in compounds:
        variants.setdefault(compound.words, compound)
    return QueryTerm(
        words=phrase,
        variants=tuple(variants.values()),
        weight=_weigh_term(phrase, frequencies),
        allowed_typos=0 if is_used or len(phrase) > 1 else get_allowed_typos(phrase[0]),
        synonyms=tuple(map(Variant, synonyms)),
    )


def _build_concept_terms(words: Sequence[str], lexicon: Lexicon, frequencies: WordFrequencies) -> Iterator[QueryTerm]:
    """Yield a term for each concept that a query asks for, as heavy as all words that ask for it."""
    words_by_concept: dict[Concept, dict[str, None]] = {}
    for phrase, concept in lexicon.find_concepts(words):
        words_by_concept.setdefault(concept, {}).update(dict.fromkeys(phrase))
    weights = {concept: _weigh_term([*asking], frequencies) for concept, asking in words_by_concept.items()}
    for concept in sorted(weights, key=lambda concept: (-weights[concept], concept.search))[:_MAX_CONCEPTS]:
        yield QueryTerm(
            words=(), variants=tuple(map(Variant, concept.search)), weight=CONCEPT_WEIGHT * weights[concept]
        )


def _iter_variants(phrase: Phrase, lexicon: Lexicon) -> Iterator[Variant]:
    yield Variant(phrase, 1.0)
    if len(phrase) > 1:
        yield Variant(("".join(phrase),), 1.0)
    elif without_digits := strip_trailing_digits(phrase[0]):
        yield Variant((without_digits,), _WITHOUT_DIGITS_WEIGHT)
    for alternative in lexicon.get_synonyms(phrase):
        yield Variant(alternative, _SYNONYM_WEIGHT if len(alternative) == 1 else _PHRASE_WEIGHT)
        if len(alternative) > 1:
            yield Variant(("".join(alternative),), _PHRASE_WEIGHT)
    for alternative in lexicon.get_related(phrase):
        yield Variant(alternative, _RELATED_WEIGHT)


def _weigh_term(words: Sequence[str], frequencies: WordFrequencies) -> float:
    return max(_MIN_WEIGHT, frequencies.weigh(words) / sqrt(len(words)))


def _weigh_variant(words: Phrase, frequencies: WordFrequencies) -> float:
    return max(_MIN_WEIGHT, min(_MAX_VARIANT_WEIGHT, frequencies.weigh(words)))
