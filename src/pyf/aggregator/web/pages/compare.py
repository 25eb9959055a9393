"""The comparison page: a table with a column for each package."""

from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct

from ...usecases.read.comparison import MAX_COMPARED, ComparedPackage, Comparison
from .. import urls
from . import charts, formatting
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
    names = [package.hit.name_normalized for package in comparison.packages]
    remove_urls = [
        urls.build_compare_path(collection, [remaining for remaining in names if remaining != name]) for name in names
    ]
    return CompareView(
        hits=tuple(build_hit_view(collection, package.hit) for package in comparison.packages),
        rows=tuple(_build_rows(comparison)),
        remove_urls=tuple(remove_urls) if len(names) > 2 else (),
        can_add=len(names) < MAX_COMPARED,
    )


def _build_rows(comparison: Comparison) -> Iterator[Row]:
    packages = comparison.packages
    yield _build_text_row("Summary", packages, lambda package: formatting.sanitize(package.hit.summary))
    yield _build_text_row(
        "Newest release",
        packages,
        lambda package: (
            f"{formatting.to_clean_line(package.hit.version)}, {formatting.format_date(package.hit.uploaded)}"
        ),
    )
    yield _build_number_row(
        "Downloads a month", packages, lambda package: package.downloads.last_month, with_sparkline=True
    )
    yield _build_number_row("Stars", packages, lambda package: package.repository.stars if package.repository else None)
    for number, version in enumerate(comparison.framework_versions):
        yield Row(
            title=formatting.to_clean_line(version.name),
            note="ended" if version.is_supported is False else "",
            cells=tuple(_build_support_cell(package, number) for package in packages),
        )
    yield _build_text_row("Python", packages, _format_python_versions)
    yield _build_text_row(
        "Requires Python", packages, lambda package: formatting.to_clean_line(package.requires_python)
    )
    yield _build_text_row("License", packages, lambda package: formatting.sanitize(package.hit.license))
    yield _build_number_row("Releases", packages, lambda package: package.releases, highlight_highest=False)
    yield _build_text_row("First release", packages, lambda package: formatting.format_date(package.first_uploaded))
    yield _build_text_row(
        "Last commit",
        packages,
        lambda package: formatting.format_date(package.repository.last_commit or 0) if package.repository else "",
    )
    yield _build_number_row(
        "Open issues",
        packages,
        lambda package: package.repository.open_issues if package.repository else None,
        highlight_highest=False,
    )
    yield _build_number_row(
        "Maintainers", packages, lambda package: package.maintainers or None, highlight_highest=False
    )
    yield _build_text_row(
        "Requires",
        packages,
        lambda package: ", ".join(map(formatting.to_clean_line, package.requirements)) or "nothing",
    )


def _build_text_row(title: str, packages: Sequence[ComparedPackage], get_text: Callable[[ComparedPackage], str]) -> Row:
    return Row(title=title, cells=tuple(Cell(text=get_text(package).strip(", ")) for package in packages))


def _build_number_row(
    title: str,
    packages: Sequence[ComparedPackage],
    get_number: Callable[[ComparedPackage], int | None],
    *,
    highlight_highest: bool = True,
    with_sparkline: bool = False,
) -> Row:
    numbers = [get_number(package) for package in packages]
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
                sparkline=charts.build_sparkline(package.downloads.history) if with_sparkline else "",
            )
            for package, number in zip(packages, numbers, strict=True)
        ),
    )


def _build_support_cell(package: ComparedPackage, column: int) -> Cell:
    if package.supports[column]:
        return Cell(text="supported", css_class="yes")
    if package.ever_supported[column]:
        return Cell(text="older releases only", css_class="once")
    return Cell(text="not declared", css_class="no")


def _format_python_versions(package: ComparedPackage) -> str:
    return formatting.format_pythons(package.hit.python_versions, package.hit.supported_python_versions)


def format_compare_hint(names: list[str]) -> str:
    """Return what to do if the number of packages cannot be compared."""
    if len(names) > 1:
        return f"At most {MAX_COMPARED} packages can be compared; this URL names {len(names)}. Go back and pick fewer."
    if names:
        return f"Comparing {names[0]}: add another package."
    return "Enter the names of two to four packages, or pick them in a list."
