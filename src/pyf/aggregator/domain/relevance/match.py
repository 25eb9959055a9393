"""How well a project answers a query: as one of a few buckets, inside of which its merit decides."""

from .lexicon import Lexicon
from .names import NameForms, is_piece, name_forms
from .query import Concept, Query, Way
from .searchable import Searchable
from .slips import are_near
from .words import stem

# What a word is worth by where it stands; in the name it is worth more if it leaves nothing of the name unsaid.
WHOLE_NAME, NAME, KEYWORDS, SUMMARY, OPENING, REST, HISTORY = 1.0, 0.8, 0.8, 0.8, 0.5, 0.3, 0.1
# What another word that means the same adds.
_MORE = 0.1
# What words are worth that do not stand side by side.
_APART = 0.7
# What a project of a framework that the query names is worth above others.
NAMED_FRAMEWORK = 0.3
# Where a query means none, what a project that is made for some framework is worth above one that stands alone.
SOME_FRAMEWORK = 0.1

# The buckets: names that are all that was typed, those that begin with it, and steps of what the words are worth.
EXACT, OWN, ALIKE, BEGUN = 16, 13, 12, 11
STEPS = 10


def bucket_of(query: Query, project: Searchable, lexicon: Lexicon) -> int | None:
    """Return the bucket that a project is in, the higher the better; None for one that is not found."""
    forms = name_forms(project.name_normalized, lexicon)
    if query.whole == forms.whole:
        return EXACT
    favoured = any(_is_of(framework, project) for framework in query.frameworks)
    # Said in other words, a name is what is meant only where the framework is, too, if there is one.
    if is_named(query, forms) and (favoured or not query.frameworks or is_typed(query, forms)):
        return OWN + favoured
    if query.stems == forms.stems:
        return ALIKE + favoured
    if is_begun(query, forms):
        return BEGUN
    in_name = WHOLE_NAME if _leaves_nothing(query, forms) else NAME
    found, worth = 0, 0.0
    for concept in query.concepts:
        if value := _value(concept, project, forms, in_name):
            found += query.is_heavy(concept)
            worth += concept.weight * value
    if found < query.needed:
        return None
    value = worth / query.weight
    if query.frameworks:
        value += NAMED_FRAMEWORK * favoured
    elif is_made_for_some(project, lexicon):
        value = min(1.0, value + SOME_FRAMEWORK)
    return int(value * STEPS + 0.5)


def is_made_for_some(project: Searchable, lexicon: Lexicon) -> bool:
    """Tell whether a project says that it is made for or with a framework, other than itself."""
    itself = project.name_normalized
    # Every candidate of a search comes by here: most are told by the first look.
    if any(each != itself for each in lexicon.frameworks.intersection(project.belongs.split())):
        return True
    said = lexicon.frameworks_by_stem.keys() & "".join(project.parts[:3]).split()
    return any(name != itself for each in said for name in lexicon.frameworks_by_stem[each])


def _is_of(framework: str, project: Searchable) -> bool:
    mark, cut = f" {framework} ", f" {stem(framework)} "
    return mark in project.belongs or any(cut in part for part in project.parts[:3])


def is_named(query: Query, forms: NameForms) -> bool:
    """Tell whether a name is what was asked for, but for what says only where it belongs."""
    return not query.own_names.isdisjoint((forms.own, forms.whole, forms.bare))


def is_typed(query: Query, forms: NameForms) -> bool:
    """Tell whether a name is what was typed, in these very words, but for what says only where it belongs."""
    return query.own in (forms.own, forms.whole, forms.bare)


def is_begun(query: Query, forms: NameForms) -> bool:
    """Tell whether a name begins with what was typed, or holds all of it in a row."""
    begins = forms.whole.startswith(query.whole) or (len(query.own) > 1 and forms.own.startswith(query.own))
    return (query.is_begun and begins) or (len(query.concepts) > 1 and query.own in forms.runs)


def _leaves_nothing(query: Query, forms: NameForms) -> bool:
    """Tell whether every part of what a name says of its own is asked for."""
    for part, cut in zip(forms.own_parts, forms.own_stems, strict=True):
        if part in query.said or cut in query.said or part.startswith(query.beginnings) or part.endswith(query.ends):
            continue
        if not any(are_near(concept.joined, part, concept.slips) for concept in query.slipped):
            return False
    return True


def _value(concept: Concept, project: Searchable, forms: NameForms, in_name: float) -> float:
    best = 0.0
    for way in concept.ways:
        # No place is worth more than the name: a way that can't do better need not be looked for.
        if way.worth * in_name > best:
            best = max(best, way.worth * _worth(way, project, forms, in_name))
    if best and any(_worth(way, project, forms, in_name) for way in concept.others):
        best += _MORE
    if best < in_name and concept.joined in forms.runs:
        return in_name
    if concept.slips and best < in_name and _is_near(concept, forms):
        return in_name
    return best


def _worth(way: Way, project: Searchable, forms: NameForms, in_name: float) -> float:
    if len(way.words) == 1:
        return _place(way.words[0], way.marks[0], project, forms, in_name)
    value = min([_place(word, mark, project, forms, in_name) for word, mark in zip(way.words, way.marks, strict=True)])
    if value and not any(way.together in part for part in project.parts[:4]):
        return value * _APART
    return value


def _place(word: str, mark: str, project: Searchable, forms: NameForms, in_name: float) -> float:
    if mark in project.name:
        return in_name
    head = KEYWORDS if mark in project.keywords else SUMMARY if mark in project.summary else 0.0
    # A word that the name is glued together with counts as the name's, said elsewhere or not: the best place counts.
    # Most names hold neither form of it, which is told at once.
    cut = mark[1:-1]
    if (
        head < in_name
        and (cut in forms.whole or word in forms.whole)
        and any(is_piece(word, part) or is_piece(cut, part) for part in forms.parts)
    ):
        return in_name
    if head:
        return head
    if mark in project.opening:
        return OPENING
    if mark in project.rest:
        return REST
    return HISTORY if mark in project.history else 0.0


def _is_near(concept: Concept, forms: NameForms) -> bool:
    return any(are_near(concept.joined, run, concept.slips) for run in forms.runs)
