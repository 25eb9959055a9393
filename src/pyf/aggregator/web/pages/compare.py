"""Projects side by side: a table whose rows are what one compares."""

from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct

from ...usecases.side_by_side import MOST, Comparison, Side
from . import charts, paths, words
from .hits import HitView, hit_view
from .support import supports


class Cell(Struct, frozen=True, kw_only=True):
    """A value in the table; `is_best` where it is better than the others'; `drawn` are the points of a line."""

    text: str
    is_best: bool = False
    drawn: str = ""
    mark: str = ""


class Row(Struct, frozen=True, kw_only=True):
    """One thing that is compared."""

    title: str
    cells: tuple[Cell, ...]
    note: str = ""


class CompareView(Struct, frozen=True, kw_only=True):
    """A comparison as its template shows it; `removals` are the addresses without each of the projects."""

    hits: tuple[HitView, ...]
    rows: tuple[Row, ...]
    removals: tuple[str, ...]
    has_room: bool


def compare_view(shelf: str, comparison: Comparison) -> CompareView:
    """Return a comparison for its template."""
    names = [side.hit.name_normalized for side in comparison.sides]
    removals = [paths.comparison(shelf, [each for each in names if each != name]) for name in names]
    return CompareView(
        hits=tuple(hit_view(shelf, side.hit) for side in comparison.sides),
        rows=tuple(_rows(comparison)),
        removals=tuple(removals) if len(names) > 2 else (),
        has_room=len(names) < MOST,
    )


def _rows(comparison: Comparison) -> Iterator[Row]:
    sides = comparison.sides
    yield _row("Summary", sides, lambda side: words.told(side.hit.summary))
    yield _row(
        "Newest release", sides, lambda side: f"{words.legible(side.hit.version)}, {words.date(side.hit.uploaded)}"
    )
    yield _numbers("Downloads a month", sides, lambda side: side.downloads.last_month, drawn=True)
    yield _numbers("Stars", sides, lambda side: side.repository.stars if side.repository else None)
    for number, version in enumerate(comparison.framework_versions):
        yield Row(
            title=words.legible(version.name),
            note="ended" if version.is_supported is False else "",
            cells=tuple(_supported(side, number) for side in sides),
        )
    yield _row("Python", sides, _pythons)
    yield _row("Requires Python", sides, lambda side: words.legible(side.requires_python))
    yield _row("Licence", sides, lambda side: words.told(side.hit.license))
    yield _numbers("Releases", sides, lambda side: side.releases, is_better=False)
    yield _row("First release", sides, lambda side: words.date(side.first_uploaded))
    yield _row(
        "Last commit",
        sides,
        lambda side: words.date(side.repository.last_commit or 0) if side.repository else "",
    )
    yield _numbers(
        "Open issues", sides, lambda side: side.repository.open_issues if side.repository else None, is_better=False
    )
    yield _numbers("Maintainers", sides, lambda side: side.maintainers or None, is_better=False)
    yield _row("Requires", sides, lambda side: ", ".join(map(words.legible, side.requirements)) or "nothing")


def _row(title: str, sides: Sequence[Side], value: Callable[[Side], str]) -> Row:
    return Row(title=title, cells=tuple(Cell(text=value(side).strip(", ")) for side in sides))


def _numbers(
    title: str,
    sides: Sequence[Side],
    value: Callable[[Side], int | None],
    *,
    is_better: bool = True,
    drawn: bool = False,
) -> Row:
    numbers = [value(side) for side in sides]
    known = [number for number in numbers if number is not None]
    best = max(known) if is_better and len(known) > 1 and len(set(known)) > 1 else None
    return Row(
        title=title,
        cells=tuple(
            Cell(
                text="" if number is None else words.exactly(number),
                is_best=number is not None and number == best,
                drawn=charts.spark(side.downloads.history) if drawn else "",
            )
            for side, number in zip(sides, numbers, strict=True)
        ),
    )


def _supported(side: Side, number: int) -> Cell:
    if side.supports[number]:
        return Cell(text="supported", mark="yes")
    if side.supported_once[number]:
        return Cell(text="older releases only", mark="once")
    return Cell(text="not named", mark="no")


def _pythons(side: Side) -> str:
    return ", ".join(version for each in supports(side.hit.python_versions) for version in each.versions)
