"""The comparison page: a table with a column for each package."""

from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct

from ...usecases.read.comparison import MAX_COMPARED, ComparedProject, Comparison
from .. import urls
from . import charts, formatting
from .formatting import group_versions
from .hits import HitView, build_hit_view


class Cell(Struct, frozen=True, kw_only=True):
    """A value of the table; `sparkline` holds the points of a line."""

    text: str
    is_highest: bool = False
    sparkline: str = ""
    css_class: str = ""


class Row(Struct, frozen=True, kw_only=True):
    """A row of the table."""

    title: str
    cells: tuple[Cell, ...]
    note: str = ""


class CompareView(Struct, frozen=True, kw_only=True):
    """View of a comparison; `remove_urls` are the comparisons without each of the packages."""

    hits: tuple[HitView, ...]
    rows: tuple[Row, ...]
    remove_urls: tuple[str, ...]
    can_add: bool


def build_compare_view(collection: str, comparison: Comparison) -> CompareView:
    """Build the view of a comparison."""
    names = [project.hit.name_normalized for project in comparison.projects]
    remove_urls = [
        urls.compare_path(collection, [remaining for remaining in names if remaining != name]) for name in names
    ]
    return CompareView(
        hits=tuple(build_hit_view(collection, project.hit) for project in comparison.projects),
        rows=tuple(_build_rows(comparison)),
        remove_urls=tuple(remove_urls) if len(names) > 2 else (),
        can_add=len(names) < MAX_COMPARED,
    )


def _build_rows(comparison: Comparison) -> Iterator[Row]:
    projects = comparison.projects
    yield _build_text_row("Summary", projects, lambda project: formatting.sanitize(project.hit.summary))
    yield _build_text_row(
        "Newest release",
        projects,
        lambda project: (
            f"{formatting.single_line(project.hit.version)}, {formatting.format_date(project.hit.uploaded)}"
        ),
    )
    yield _build_number_row(
        "Downloads a month", projects, lambda project: project.downloads.last_month, with_sparkline=True
    )
    yield _build_number_row("Stars", projects, lambda project: project.repository.stars if project.repository else None)
    for number, version in enumerate(comparison.framework_versions):
        yield Row(
            title=formatting.single_line(version.name),
            note="ended" if version.is_supported is False else "",
            cells=tuple(_build_support_cell(project, number) for project in projects),
        )
    yield _build_text_row("Python", projects, _format_python_versions)
    yield _build_text_row("Requires Python", projects, lambda project: formatting.single_line(project.requires_python))
    yield _build_text_row("License", projects, lambda project: formatting.sanitize(project.hit.license))
    yield _build_number_row("Releases", projects, lambda project: project.releases, highlight_highest=False)
    yield _build_text_row("First release", projects, lambda project: formatting.format_date(project.first_uploaded))
    yield _build_text_row(
        "Last commit",
        projects,
        lambda project: formatting.format_date(project.repository.last_commit or 0) if project.repository else "",
    )
    yield _build_number_row(
        "Open issues",
        projects,
        lambda project: project.repository.open_issues if project.repository else None,
        highlight_highest=False,
    )
    yield _build_number_row(
        "Maintainers", projects, lambda project: project.maintainers or None, highlight_highest=False
    )
    yield _build_text_row(
        "Requires", projects, lambda project: ", ".join(map(formatting.single_line, project.requirements)) or "nothing"
    )


def _build_text_row(title: str, projects: Sequence[ComparedProject], get_text: Callable[[ComparedProject], str]) -> Row:
    return Row(title=title, cells=tuple(Cell(text=get_text(project).strip(", ")) for project in projects))


def _build_number_row(
    title: str,
    projects: Sequence[ComparedProject],
    get_number: Callable[[ComparedProject], int | None],
    *,
    highlight_highest: bool = True,
    with_sparkline: bool = False,
) -> Row:
    numbers = [get_number(project) for project in projects]
    known_numbers = [number for number in numbers if number is not None]
    highest = (
        max(known_numbers) if highlight_highest and len(known_numbers) > 1 and len(set(known_numbers)) > 1 else None
    )
    return Row(
        title=title,
        cells=tuple(
            Cell(
                text="" if number is None else formatting.format_int(number),
                is_highest=number is not None and number == highest,
                sparkline=charts.build_sparkline(project.downloads.history) if with_sparkline else "",
            )
            for project, number in zip(projects, numbers, strict=True)
        ),
    )


def _build_support_cell(project: ComparedProject, column: int) -> Cell:
    if project.supports[column]:
        return Cell(text="supported", css_class="yes")
    if project.ever_supported[column]:
        return Cell(text="older releases only", css_class="once")
    return Cell(text="not declared", css_class="no")


def _format_python_versions(project: ComparedProject) -> str:
    return ", ".join(version for support in group_versions(project.hit.python_versions) for version in support.versions)


def format_compare_hint(names: list[str]) -> str:
    """Return what to do if the number of packages cannot be compared."""
    if len(names) > 1:
        return f"At most {MAX_COMPARED} packages can be compared; this URL names {len(names)}. Go back and pick fewer."
    if names:
        return f"Comparing {names[0]}: add another package."
    return "Enter the names of two to four packages, or pick them in a list."
