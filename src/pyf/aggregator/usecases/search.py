"""Find projects in a collection, without those that its profile hides, and without e-mail addresses.

Values of filters are taken as people write them (`domain/filter_values.py`), here and so everywhere.
"""

from collections.abc import Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from ..domain.addresses import without_addresses
from ..domain.filter_values import meant, near
from ..domain.search import Facet, Question, Results, Suggestion
from ..ports import Services
from .page_parts import presentable
from .target import Target, existing


class Unknown(Struct, frozen=True, kw_only=True):
    """A value that no package of the collection has, and such as may be meant."""

    facet: Facet
    value: str
    near: tuple[str, ...]


class Answer(Struct, frozen=True, kw_only=True):
    """What was found, the question as it was understood, and the values that were not."""

    results: Results
    question: Question
    unknown: tuple[Unknown, ...] = ()


def search(services: Services, target: Target, question: Question) -> Results:
    """Return a page of what a question finds, as `answer` does, whatever was not understood."""
    return answer(services, target, question).results


def answer(services: Services, target: Target, question: Question) -> Answer:
    """Return a page of what a question finds; raises `NotFound` for a collection that is not there.

    Where the target brings a profile, its framework is favoured: somebody who asks in one collection of several
    frameworks means one of them.
    """
    if target.filter and not question.frameworks:
        question = replace(question, frameworks=target.filter.frameworks)
    not_shown = hidden(services, target)
    found = services.search.search(target.collection, question, hidden=not_shown)
    understood, unknown = _understood(services, target, question, found, not_shown)
    if understood != question:
        found = services.search.search(target.collection, understood, hidden=not_shown)
    shown = replace(found, hits=tuple(presentable(hit) for hit in found.hits))
    return Answer(results=shown, question=understood, unknown=unknown)


def suggest(services: Services, target: Target, text: str, *, limit: int = 8) -> Sequence[Suggestion]:
    """Return the projects that somebody may be about to type, the likeliest first."""
    found = services.search.suggest(target.collection, text, limit=limit, hidden=hidden(services, target))
    return [replace(each, summary=without_addresses(each.summary)) for each in found]


def hidden(services: Services, target: Target) -> frozenset[str]:
    """Return who is not shown (normalised): whom the profile excludes now, and whom it did when it filled this.

    A project that somebody excludes is hidden at once, not with the next run.
    """
    remembered = existing(services, target).filter.exclude
    return frozenset(remembered) | frozenset(target.filter.exclude if target.filter else ())


def _understood(
    services: Services, target: Target, question: Question, found: Results, not_shown: frozenset[str]
) -> tuple[Question, tuple[Unknown, ...]]:
    """Return the question with the values that packages have for those that it names, and those that none has.

    All values are asked for only where one that was named has found nothing.
    """
    changed: Mapping[str, tuple[str, ...]] = {}
    unknown: list[Unknown] = []
    for facet in Facet:
        asked = question.chosen(facet)
        counted = {each.value for each in found.facets[facet]}
        if facet is Facet.HEALTH or counted.issuperset(asked):
            continue
        known = services.search.values(target.collection, facet, hidden=not_shown)
        values: list[str] = []
        for value in asked:
            there = meant(facet, value, known, question.frameworks)
            values += there or [value]
            if not there:
                unknown.append(Unknown(facet=facet, value=value, near=near(value, known)))
        changed = {**changed, facet.value: tuple(dict.fromkeys(values))}
    return replace(question, **changed), tuple(unknown)
