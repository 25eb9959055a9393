"""The list: what was found, what it can be narrowed to, and the way to its other pages."""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from ...domain.search import Facet, FacetCount, HealthBand, Question, Results, Sort
from . import asked, paths, words
from .asked import PARAMETERS, PERIODS, Asked
from .hits import HitView, hit_view
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
_NEIGHBOURS = 1


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


class PageLink(Struct, frozen=True, kw_only=True):
    """A page of the answer; number 0 stands for pages that are left out."""

    number: int
    address: str = ""
    is_current: bool = False


class ListPage(Struct, frozen=True, kw_only=True):
    """A list as its template shows it. `count` is a sentence; `range` tells which hits these are."""

    text: str
    problem: str
    count: str
    range: str
    hits: tuple[HitView, ...]
    facets: tuple[FacetView, ...]
    periods: tuple[Choice, ...]
    sorts: tuple[Choice, ...]
    chips: tuple[Chip, ...]
    cleared: str
    pages: tuple[PageLink, ...]
    previous: str
    next: str
    whole: tuple[str, ...]
    everything: str
    feed: str

    @property
    def advice(self) -> tuple[str, ...]:
        """What may help whoever found nothing."""
        found = ["Take filters away: a package has to pass all of them."] if self.chips else []
        if self.text:
            found += [
                "Use fewer words, or the beginning of a name.",
                "Look for what it does instead of what it is called.",
            ]
        return tuple(found)


def list_page(shelf: str, asked_for: Asked, results: Results, *, feed: str) -> ListPage:
    """Return a list for its template; `feed` is the address of its feed."""
    question = asked_for.question
    last = max(1, -(-results.total // question.per_page))
    return ListPage(
        text=question.text,
        problem=asked_for.problem,
        count=words.counted(results.total, "package"),
        range=_range(question, results),
        hits=tuple(hit_view(shelf, hit) for hit in results.hits),
        facets=tuple(_facets(shelf, asked_for, results)),
        periods=_periods(question),
        sorts=tuple(Choice(value=s.value, label=n, is_chosen=s is question.sort) for s, n in SORTS.items()),
        chips=tuple(_chips(shelf, asked_for)),
        cleared=_address(shelf, asked.unfiltered(asked_for)),
        pages=tuple(_pages(shelf, asked_for, last)),
        previous=_address(shelf, asked.at(asked_for, min(question.page - 1, last))) if question.page > 1 else "",
        next=_address(shelf, asked.at(asked_for, question.page + 1)) if question.page < last else "",
        whole=tuple(sorted(PARAMETERS[facet] for facet in asked_for.whole)),
        everything=paths.search(shelf),
        feed=feed,
    )


def _address(shelf: str, asked_for: Asked) -> str:
    return paths.search(shelf, asked.written(asked_for))


def _range(question: Question, results: Results) -> str:
    if not results.hits or results.total == len(results.hits):
        return ""
    first = (question.page - 1) * question.per_page + 1
    return f"{first:,}–{first + len(results.hits) - 1:,}"


def _facets(shelf: str, asked_for: Asked, results: Results) -> Iterator[FacetView]:
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
            more=_address(shelf, whole) if len(shown) < len(counts) else "",
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


def _periods(question: Question) -> tuple[Choice, ...]:
    days = question.updated_within
    known = dict(PERIODS)
    if days is not None and days not in known:
        known = dict(sorted([*PERIODS, (days, words.counted(days, "day"))]))
    anytime = Choice(value="", label="any time", is_chosen=days is None)
    return (anytime, *(Choice(value=str(d), label=name, is_chosen=d == days) for d, name in known.items()))


def _chips(shelf: str, asked_for: Asked) -> Iterator[Chip]:
    for facet in PARAMETERS:
        for value in asked_for.question.chosen(facet):
            label = f"{TITLES[facet]}: {label_of(facet, str(value))}"
            yield Chip(label=label, address=_address(shelf, asked.without(asked_for, facet, value)))
    period = next((each for each in _periods(asked_for.question) if each.is_chosen and each.value), None)
    if period is not None:
        yield Chip(label=f"Updated within {period.label}", address=_address(shelf, asked.at_any_time(asked_for)))


def _pages(shelf: str, asked_for: Asked, last: int) -> Iterator[PageLink]:
    """Yield links to the first and the last page and to those around this one."""
    if last == 1:
        return
    current = asked_for.question.page
    near = {n for n in range(current - _NEIGHBOURS, current + _NEIGHBOURS + 1) if 1 <= n <= last} | {1, last}
    before = 0
    for number in sorted(near):
        if number - before == 2:
            yield _page_link(shelf, asked_for, number - 1)
        elif number - before > 2:
            yield PageLink(number=0)
        yield _page_link(shelf, asked_for, number)
        before = number


def _page_link(shelf: str, asked_for: Asked, number: int) -> PageLink:
    is_current = number == asked_for.question.page
    return PageLink(number=number, address=_address(shelf, asked.at(asked_for, number)), is_current=is_current)
