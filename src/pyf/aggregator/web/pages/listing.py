"""The list: what was found, what it can be narrowed to, and the way to its other pages."""

from collections.abc import Iterator

from msgspec import Struct

from ...domain.search import Question, Results, count_missing
from . import asked, paths, words
from .asked import PARAMETERS, Asked
from .filters import Chip, Choice, FacetView, address, chips, filters, periods, sorts
from .hits import HitView, hit_view
from .room import FULL, Room, Way, way

_NEIGHBOURS = 1
# Bytes of HTML that the text takes where it is repeated.
_LONGEST_TOLD = 200


class PageLink(Struct, frozen=True, kw_only=True):
    """A page of the answer; number 0 stands for pages that are left out."""

    number: int
    way: Way | None = None
    is_current: bool = False


class ListPage(Struct, frozen=True, kw_only=True):
    """A list as its template shows it.

    `count` is a sentence; `range` tells which hits these are; `behind` is one where the page is behind the last.
    `missing` is one where the index has returned fewer hits than it has counted.
    `told` is the text, cut where it would take too much to repeat. `chips` are filters that are set, of which there
    are `more_chips`. `feed` is "" where its address is too long for a link.
    """

    text: str
    told: str
    problem: str
    count: str
    range: str
    behind: str
    missing: str
    hits: tuple[HitView, ...]
    facets: tuple[FacetView, ...]
    periods: tuple[Choice, ...]
    sorts: tuple[Choice, ...]
    chips: tuple[Chip, ...]
    more_chips: int
    cleared: str
    pages: tuple[PageLink, ...]
    previous: Way | None
    next: Way | None
    whole: tuple[str, ...]
    everything: str
    feed: str
    feed_of: str

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


def list_page(shelf: str, asked_for: Asked, results: Results, *, feed: str, room: Room = FULL) -> ListPage:
    """Return a list for its template, as far as there is room for it; `feed` is the address of its feed."""
    question = asked_for.question
    set_ = tuple(chips(shelf, asked_for, room))
    last = max(1, -(-results.total // question.per_page))
    return ListPage(
        text=question.text,
        told=words.fitting(question.text, _LONGEST_TOLD),
        problem=asked_for.problem,
        count=words.counted(results.total, "package"),
        range=_range(question, results),
        behind=f"The list ends with page {words.exactly(last)}." if results.total and question.page > last else "",
        missing=_describe_missing(count_missing(results, question)),
        hits=tuple(hit_view(shelf, hit, room) for hit in results.hits),
        facets=tuple(filters(shelf, asked_for, results, room)),
        periods=periods(question),
        sorts=sorts(question),
        chips=set_[: room.chips],
        more_chips=len(set_[room.chips :]),
        cleared=address(shelf, asked.unfiltered(asked_for)),
        pages=tuple(_pages(shelf, asked_for, last, room)),
        previous=_way(shelf, asked_for, min(question.page - 1, last), room) if question.page > 1 else None,
        next=_way(shelf, asked_for, question.page + 1, room) if question.page < last else None,
        whole=tuple(sorted(PARAMETERS[facet] for facet in asked_for.whole)),
        everything=paths.search(shelf),
        feed=way(feed, "", "", room).address,
        feed_of=paths.feed(shelf),
    )


def _describe_missing(missing: int) -> str:
    if not missing:
        return ""
    return f"The index counts {words.counted(missing, 'more package')} on this page than it returns. Try again later."


def _range(question: Question, results: Results) -> str:
    if not results.hits or results.total == len(results.hits):
        return ""
    first = (question.page - 1) * question.per_page + 1
    return f"{first:,}–{first + len(results.hits) - 1:,}"


def _pages(shelf: str, asked_for: Asked, last: int, room: Room) -> Iterator[PageLink]:
    """Yield links to the first and the last page and to those around this one."""
    if last == 1:
        return
    current = asked_for.question.page
    near = {n for n in range(current - _NEIGHBOURS, current + _NEIGHBOURS + 1) if 1 <= n <= last} | {1, last}
    before = 0
    for number in sorted(near):
        if number - before == 2:
            yield _page_link(shelf, asked_for, number - 1, room)
        elif number - before > 2:
            yield PageLink(number=0)
        yield _page_link(shelf, asked_for, number, room)
        before = number


def _page_link(shelf: str, asked_for: Asked, number: int, room: Room) -> PageLink:
    is_current = number == asked_for.question.page
    return PageLink(number=number, way=_way(shelf, asked_for, number, room), is_current=is_current)


def _way(shelf: str, asked_for: Asked, page: int, room: Room) -> Way:
    return way(address(shelf, asked.at(asked_for, page)), "page", str(page), room)
