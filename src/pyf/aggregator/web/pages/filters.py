"""What a list can be narrowed to and ordered by, and what is set of it."""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from ...domain.search import LONGEST_VALUE, Facet, FacetCount, HealthBand, Question, Results, Sort
from . import asked, paths, words
from .asked import PARAMETERS, PERIODS, WITHIN, WITHOUT, Asked
from .room import Room, Way, way
from .support import in_order

TITLES: dict[Facet, str] = {
    Facet.FRAMEWORK_VERSIONS: "Framework version",
    Facet.PYTHON_VERSIONS: "Python version",
    Facet.HEALTH: "Health",
    Facet.LICENSES: "Licence",
    Facet.STATUSES: "Status",
    Facet.MAINTAINERS: "Maintainer",
    Facet.CLASSIFIERS: "Classifier",
}
SORTS: dict[Sort, str] = {
    Sort.RELEVANCE: "Relevance",
    Sort.DOWNLOADS: "Downloads",
    Sort.STARS: "Stars",
    Sort.HEALTH: "Health",
    Sort.NEWEST: "Newest release",
    Sort.NAME: "Name",
}
# How many values of a facet are listed; the others are a click away.
_LISTED = {Facet.FRAMEWORK_VERSIONS: 8, Facet.PYTHON_VERSIONS: 8, Facet.HEALTH: 5, Facet.STATUSES: 4}
_FEW = 6
# Bytes of HTML that a filter above the list takes at most: beside the list it is named whole.
_LONGEST_CHIP = 100
# Bytes of HTML that a value takes beside itself and what it is called.
_MARKUP = 110


class Choice(Struct, frozen=True, kw_only=True):
    """A value that can be chosen: what it is called, and how many projects have it."""

    value: str
    label: str
    count: str = ""
    is_chosen: bool = False


class FacetView(Struct, frozen=True, kw_only=True):
    """One filter; `more` is the way to where more of its values are listed, None where there is none."""

    parameter: str
    title: str
    choices: tuple[Choice, ...]
    more: Way | None = None

    @property
    def is_used(self) -> bool:
        """Whether something is chosen."""
        return any(choice.is_chosen for choice in self.choices)


class Chip(Struct, frozen=True, kw_only=True):
    """A filter that is set, and the way to the list without it."""

    label: str
    way: Way


def filters(shelf: str, asked_for: Asked, results: Results, room: Room) -> Iterator[FacetView]:
    """Yield all filters, each with its first values, as far as there is room for them, and those that are chosen."""
    left = room.values
    for facet, parameter in PARAMETERS.items():
        chosen = [str(value) for value in asked_for.question.chosen(facet)]
        counts = _ordered(facet, results.facets.get(facet, ()), chosen)
        if not counts:
            continue
        listed = len(counts) if facet in asked_for.whole else _LISTED.get(facet, _FEW)
        left, fitting = _fitting(counts[:listed], left)
        shown = [each for each in counts if each.value in chosen or each in fitting]
        if not shown:
            continue
        is_whole = facet in asked_for.whole or len(shown) == len(counts)
        whole = Asked(question=asked.at(asked_for, 1).question, whole=asked_for.whole | {facet})
        yield FacetView(
            parameter=parameter,
            title=TITLES[facet],
            choices=tuple(
                Choice(
                    value=each.value,
                    label=words.fitting(label_of(facet, each.value), room.label),
                    count=words.exactly(each.count),
                    is_chosen=each.value in chosen,
                )
                for each in shown
            ),
            more=None if is_whole else way(address(shelf, whole), "all", parameter, room),
        )


def _fitting(counts: Sequence[FacetCount], left: int) -> tuple[int, Sequence[FacetCount]]:
    """Return as many values as there is room for, and the room that is left; too long ones can't be chosen anyway."""
    found = []
    for each in counts:
        weight = _MARKUP + 2 * words.weight(each.value)
        if len(each.value) <= LONGEST_VALUE and weight <= left:
            found.append(each)
            left -= weight
    return left, found


def _ordered(facet: Facet, counts: Sequence[FacetCount], chosen: Sequence[str]) -> list[FacetCount]:
    """Order versions by themselves and health from the best; what is chosen is listed though nothing has it."""
    known = {each.value: each for each in counts}
    known |= {value: FacetCount(value=value, count=0) for value in chosen if value not in known}
    if facet is Facet.HEALTH:
        return [known[band] for band in HealthBand if band in known]
    if facet in (Facet.FRAMEWORK_VERSIONS, Facet.PYTHON_VERSIONS):
        listed = in_order(known)
        return [known[value] for value in listed if value in known] + [
            each for value, each in known.items() if value not in set(listed) and value in chosen
        ]
    return list(known.values())


def label_of(facet: Facet, value: str) -> str:
    """Return what a facet's value is called."""
    return value.capitalize() if facet is Facet.HEALTH else words.told(value)


def periods(question: Question) -> tuple[Choice, ...]:
    """Return the periods within which a release may have been uploaded."""
    days = question.updated_within
    known = dict(PERIODS)
    if days is not None and days not in known:
        known = dict(sorted([*PERIODS, (days, words.counted(days, "day"))]))
    anytime = Choice(value="", label="any time", is_chosen=days is None)
    return (anytime, *(Choice(value=str(d), label=name, is_chosen=d == days) for d, name in known.items()))


def sorts(question: Question) -> tuple[Choice, ...]:
    """Return what a list can be ordered by."""
    return tuple(Choice(value=sort.value, label=name, is_chosen=sort is question.sort) for sort, name in SORTS.items())


def chips(shelf: str, asked_for: Asked, room: Room) -> Iterator[Chip]:
    """Yield what is set, each with the way that takes it away."""
    for facet in PARAMETERS:
        for value in asked_for.question.chosen(facet):
            label = words.fitting(f"{TITLES[facet]}: {label_of(facet, str(value))}", _LONGEST_CHIP)
            target = address(shelf, asked.without(asked_for, facet, value))
            yield Chip(label=label, way=way(target, WITHOUT, asked.key_of(facet, str(value)), room))
    period = next((each for each in periods(asked_for.question) if each.is_chosen and each.value), None)
    if period is not None:
        target = address(shelf, asked.at_any_time(asked_for))
        yield Chip(label=f"Updated within {period.label}", way=way(target, WITHOUT, WITHIN, room))


def address(shelf: str, asked_for: Asked) -> str:
    """Return the address of the list that answers a question."""
    return paths.search(shelf, asked.written(asked_for))
