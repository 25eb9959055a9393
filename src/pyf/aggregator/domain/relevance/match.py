"""How well a project answers a query: as one of a few buckets, inside of which its merit decides."""

from .lexicon import Lexicon
from .names import NameForms, name_forms
from .query import Concept, Query
from .searchable import Searchable
from .slips import are_near

# What a word is worth by where it stands; `PIECE` is the beginning or the end of a part of the name.
NAME, KEYWORDS, SUMMARY, PIECE, OPENING, REST, HISTORY = 1.0, 0.8, 0.8, 0.8, 0.5, 0.3, 0.1
# What a part of the name is worth that the word comes near to, or that is more than one of its words.
SLIPPED, RUN = 0.8, 0.95
# What words are worth that do not stand side by side.
_APART = 0.7
# What a project of a framework that the query names is worth above others.
NAMED_FRAMEWORK = 0.1

# The shortest piece of a name that is a word.
LEAST_PIECE = 4

# The buckets: names that are all that was typed, those that begin with it, and steps of what the words are worth.
EXACT, OWN, BEGUN = 15, 12, 11
STEPS = 10


def bucket_of(query: Query, project: Searchable, lexicon: Lexicon) -> int | None:
    """Return the bucket that a project is in, the higher the better; None for one that is not found."""
    forms = name_forms(project.name_normalized, lexicon)
    if query.whole == forms.whole:
        return EXACT
    favoured = any(f" {each} " in part for each in query.frameworks for part in project.parts[:3])
    if is_named(query, forms):
        return OWN + favoured
    if is_begun(query, forms):
        return BEGUN
    values = {concept: _value(concept, project, forms) for concept in query.concepts}
    if sum(values[concept] > 0 for concept in query.heavy) < query.needed:
        return None
    weights = sum(concept.weight for concept in query.concepts)
    worth = sum(concept.weight * value for concept, value in values.items()) / weights
    return int((worth + NAMED_FRAMEWORK * favoured) * STEPS + 0.5)


def is_named(query: Query, forms: NameForms) -> bool:
    """Tell whether a name is what was asked for, but for what says only where it belongs."""
    return (
        query.own in (forms.own, forms.whole)
        or query.stems == forms.stems
        or forms.whole in query.names
        or forms.own in query.names
    )


def is_begun(query: Query, forms: NameForms) -> bool:
    """Tell whether a name begins with what was typed, or holds all of it in a row."""
    begins = forms.whole.startswith(query.whole) or forms.own.startswith(query.own)
    return (query.is_begun and begins) or (len(query.concepts) > 1 and query.own in forms.runs)


def _value(concept: Concept, project: Searchable, forms: NameForms) -> float:
    best = max(way.worth * _worth(way.stems, project, forms) for way in concept.ways)
    if best < RUN and concept.joined in forms.runs:
        return RUN
    if concept.slips and best < SLIPPED and _is_near(concept, forms):
        return SLIPPED
    return best


def _worth(stems: tuple[str, ...], project: Searchable, forms: NameForms) -> float:
    value = min(_place(each, project, forms) for each in stems)
    if value and len(stems) > 1:
        together = f" {' '.join(stems)} "
        if not any(together in part for part in project.parts[:4]):
            return value * _APART
    return value


def _place(stem: str, project: Searchable, forms: NameForms) -> float:
    word = f" {stem} "
    if word in project.name:
        return NAME
    if word in project.keywords:
        return KEYWORDS
    if word in project.summary:
        return SUMMARY
    if len(stem) >= LEAST_PIECE and any(part.startswith(stem) or part.endswith(stem) for part in forms.parts):
        return PIECE
    if word in project.opening:
        return OPENING
    if word in project.rest:
        return REST
    return HISTORY if word in project.history else 0.0


def _is_near(concept: Concept, forms: NameForms) -> bool:
    return any(are_near(concept.joined, run, concept.slips) for run in forms.runs)
