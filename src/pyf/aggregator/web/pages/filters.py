"""What a list can be narrowed to and ordered by, and what is set of it."""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from ...domain.search import Facet, FacetCount, HealthBand, Question, Results, Sort
from . import asked, paths, words
from .asked import PARAMETERS, PERIODS, Asked
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


class Choice(Struct, frozen=True, kw_only=True):
    """A value that can be chosen: what it is called, and how many projects have it."""

    value: str
    label: str
    count: str = ""
    is_chosen: bool = False


class FacetView(Struct, frozen=True, kw_only=True):
    """One filter; `more` is the address where all of its values are listed, "" where they are."""

    parameter: str
    title: str
    choices: tuple[Choice, ...]
    more: str = ""

    @property
    def is_used(self) -> bool:
        """Whether something is chosen."""
        return any(choice.is_chosen for choice in self.choices)


class Chip(Struct, frozen=True, kw_only=True):
    """A filter that is set, and the address without it."""

    label: str
    address: str


def filters(shelf: str, asked_for: Asked, results: Results) -> Iterator[FacetView]:
    """Yield all filters, each with its first values and those that are chosen."""
    for facet, parameter in PARAMETERS.items():
        chosen = [str(value) for value in asked_for.question.chosen(facet)]
        counts = _ordered(facet, results.facets.get(facet, ()), chosen)
        if not counts:
            continue
        listed = len(counts) if facet in asked_for.whole else _LISTED.get(facet, _FEW)
        shown = counts[:listed] + [each for each in counts[listed:] if each.value in chosen]
        whole = Asked(question=asked.at(asked_for, 1).question, whole=asked_for.whole | {facet})
        yield FacetView(
            parameter=parameter,
            title=TITLES[facet],
            choices=tuple(
                Choice(
                    value=each.value,
                    label=label_of(facet, each.value),
                    count=words.exactly(each.count),
                    is_chosen=each.value in chosen,
                )
                for each in shown
            ),
            more=address(shelf, whole) if len(shown) < len(counts) else "",
        )


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


def chips(shelf: str, asked_for: Asked) -> Iterator[Chip]:
    """Yield what is set, each with the address that takes it away."""
    for facet in PARAMETERS:
        for value in asked_for.question.chosen(facet):
            label = f"{TITLES[facet]}: {label_of(facet, str(value))}"
            yield Chip(label=label, address=address(shelf, asked.without(asked_for, facet, value)))
    period = next((each for each in periods(asked_for.question) if each.is_chosen and each.value), None)
    if period is not None:
        yield Chip(label=f"Updated within {period.label}", address=address(shelf, asked.at_any_time(asked_for)))


def address(shelf: str, asked_for: Asked) -> str:
    """Return the address of the list that answers a question."""
    return paths.search(shelf, asked.written(asked_for))
