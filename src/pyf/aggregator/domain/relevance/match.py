"""How well a project answers a query: as one of a few buckets, inside of which its merit decides."""

from .lexicon import Lexicon, Phrase
from .names import NameForms, name_forms
from .query import Concept, Query
from .searchable import Searchable
from .slips import are_near
from .words import stem, unnumbered

# What a word is worth by where it stands; in the name it is worth more if it leaves nothing of the name unsaid.
WHOLE_NAME, NAME, KEYWORDS, SUMMARY, OPENING, REST, HISTORY = 1.0, 0.8, 0.8, 0.8, 0.5, 0.3, 0.1
# What a part of the name is worth that a word with slips comes near to, and what another word that means the same adds.
SLIPPED, MORE = 0.8, 0.1
# What words are worth that do not stand side by side.
_APART = 0.7
# What a project of a framework that the query names is worth above others.
NAMED_FRAMEWORK = 0.1

# The shortest beginning and end of a part of a name that are taken for words: reptiles are no tiles.
LEAST_PIECE, LEAST_END = 4, 5

# The buckets: names that are all that was typed, those that begin with it, and steps of what the words are worth.
EXACT, OWN, ALIKE, BEGUN = 16, 13, 12, 11
STEPS = 10


def bucket_of(query: Query, project: Searchable, lexicon: Lexicon) -> int | None:
    """Return the bucket that a project is in, the higher the better; None for one that is not found."""
    forms = name_forms(project.name_normalized, lexicon)
    if query.whole == forms.whole:
        return EXACT
    favoured = any(f" {each} " in part for each in query.frameworks for part in project.parts[:3])
    if is_named(query, forms):
        return OWN + favoured
    if query.stems == forms.stems:
        return ALIKE + favoured
    if is_begun(query, forms):
        return BEGUN
    in_name = WHOLE_NAME if _covers(query, forms) else NAME
    values = {concept: _value(concept, project, forms, in_name) for concept in query.concepts}
    if sum(values[concept] > 0 for concept in query.heavy) < query.needed:
        return None
    weights = sum(concept.weight for concept in query.concepts)
    worth = sum(concept.weight * value for concept, value in values.items()) / weights
    return int((worth + NAMED_FRAMEWORK * favoured) * STEPS + 0.5)


def is_named(query: Query, forms: NameForms) -> bool:
    """Tell whether a name is what was asked for, but for what says only where it belongs."""
    return bool({query.own, *query.names} & {forms.own, forms.whole, forms.bare})


def is_begun(query: Query, forms: NameForms) -> bool:
    """Tell whether a name begins with what was typed, or holds all of it in a row."""
    begins = forms.whole.startswith(query.whole) or forms.own.startswith(query.own)
    return (query.is_begun and begins) or (len(query.concepts) > 1 and query.own in forms.runs)


def _value(concept: Concept, project: Searchable, forms: NameForms, in_name: float) -> float:
    best = max(way.worth * _worth(way.words, project, forms, in_name) for way in concept.ways)
    if concept.others and best:
        best += MORE * any(_worth(other, project, forms, in_name) > 0 for other in concept.others)
    if best < in_name and concept.joined in forms.runs:
        return in_name
    if concept.slips and best < SLIPPED and _is_near(concept, forms):
        return SLIPPED
    return best


def _worth(words: Phrase, project: Searchable, forms: NameForms, in_name: float) -> float:
    value = min(_place(each, project, forms, in_name) for each in words)
    if value and len(words) > 1:
        together = f" {' '.join(map(stem, words))} "
        if not any(together in part for part in project.parts[:4]):
            return value * _APART
    return value


def _place(word: str, project: Searchable, forms: NameForms, in_name: float) -> float:
    cut = stem(word)
    alone = f" {cut} "
    if alone in project.name:
        return in_name
    if alone in project.keywords:
        return KEYWORDS
    if alone in project.summary:
        return SUMMARY
    if any(is_piece(each, part) for each in (word, cut) for part in forms.parts):
        return in_name
    if alone in project.opening:
        return OPENING
    if alone in project.rest:
        return REST
    return HISTORY if alone in project.history else 0.0


def is_piece(word: str, part: str) -> bool:
    """Tell whether a part of a name begins or ends with a word that is long enough to be told."""
    return (len(word) >= LEAST_PIECE and part.startswith(word)) or (len(word) >= LEAST_END and part.endswith(word))


def _covers(query: Query, forms: NameForms) -> bool:
    """Tell whether every part of a name's own is asked for."""
    said = {
        each for concept in query.concepts for way in concept.ways for word in way.words for each in (word, stem(word))
    }
    return all(
        any(part == each or is_piece(each, part) for each in said) or stem(unnumbered(part) or part) in said
        for part in forms.own_parts
        if not part.isdigit()
    )


def _is_near(concept: Concept, forms: NameForms) -> bool:
    return any(are_near(concept.joined, run, concept.slips) for run in forms.runs)
