"""Search a collection and print the results as a table or as JSON."""

from typing import Any

import click
from msgspec import to_builtins
from rich.table import Table
from rich.text import Text

from ...bootstrap import open_dependencies
from ...domain.documents.facets import HealthBand
from ...domain.documents.schema import FACETS
from ...domain.search import Hit, SearchQuery, SearchResults, count_missing
from ...domain.text import to_date
from ...usecases.read.search import UnknownValue, search_with_hints
from ..collection_option import Selection, suggest_collection
from ..config import read_settings
from ..exit_codes import ExitCode
from ..output import create_stdout_console, print_json, print_line, print_renderable

_HEALTH_COLORS = {
    HealthBand.EXCELLENT: "green",
    HealthBand.GOOD: "green",
    HealthBand.FAIR: "yellow",
    HealthBand.POOR: "red",
    HealthBand.UNKNOWN: "dim",
}
# Widest columns, and the width of summaries on the narrowest terminal.
_MAX_WIDTHS = {"package": 36, "version": 12, "date": 10, "health": 6, "a month": 11}
_MIN_SUMMARY_WIDTH = 12

# Values of a facet that a terminal shows.
_MAX_FACET_VALUES = 8


def run_search(
    selection: Selection, query: SearchQuery, *, with_facets: bool = False, as_json: bool = False
) -> ExitCode:
    """Search a collection and print the results."""
    settings = read_settings()
    target = selection.resolve(settings).target
    with open_dependencies(settings, must_exist=True) as deps, suggest_collection(deps, target.collection):
        response = search_with_hints(deps, target, query)
    results, query = response.results, response.query
    for unknown_value in response.unknown_values:
        click.echo(_format_unknown_value(unknown_value), err=True)
    if as_json:
        print_json(to_dict(results, query))
    else:
        _print_results(results, query, with_facets=with_facets)
    return ExitCode.SUCCESS


def to_dict(results: SearchResults, query: SearchQuery) -> dict[str, Any]:
    """Return results as printed as JSON; unknown values are null."""
    return {
        "total": results.total,
        "page": query.page,
        "per_page": query.per_page,
        "missing": count_missing(results, query),
        "hits": [to_builtins(hit) | {"health_band": hit.health_band.value} for hit in results.hits],
        "facets": to_builtins(results.facets),
    }


def _print_results(results: SearchResults, query: SearchQuery, *, with_facets: bool) -> None:
    if results.hits:
        print_renderable(_build_results_table(results))
    if with_facets:
        print_renderable(_build_facets_table(results))
    if missing := count_missing(results, query):
        click.echo(f"The index counts {missing:,} more packages on this page than it returns: try again.", err=True)
    if not results.total:
        click.echo("No package matches. Try fewer words, or fewer filters.", err=True)
    elif not results.hits and not missing:
        last_page = -(-results.total // query.per_page)
        click.echo(f"Page {query.page} does not exist (last page: {last_page}).", err=True)
    elif results.hits:
        first = (query.page - 1) * query.per_page + 1
        print_line(f"{first}-{first + len(results.hits) - 1} of {results.total:,}")


def _build_results_table(results: SearchResults) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    widths = {column: _fit_width(results, column, most) for column, most in _MAX_WIDTHS.items()}
    for column, width in widths.items():
        is_numeric = column in ("health", "a month")
        table.add_column(column, no_wrap=True, width=width, justify="right" if is_numeric else "left")
    remaining_width = create_stdout_console().width - sum(widths.values()) - 2 * len(widths)
    table.add_column("summary", no_wrap=True, width=max(remaining_width, _MIN_SUMMARY_WIDTH))
    for hit in results.hits:
        table.add_row(
            Text(_strip_control_characters(hit.name), style="bold"),
            _strip_control_characters(hit.version),
            _format_date(hit.uploaded),
            _format_health(hit),
            "-" if hit.downloads is None else f"{hit.downloads:,}",
            Text(_strip_control_characters(_format_flags(hit) + hit.summary)),
        )
    return table


def _fit_width(results: SearchResults, column: str, maximum: int) -> int:
    """Return the width that a column needs, so that only summaries are cut on a narrow terminal."""
    cells = {"package": [hit.name for hit in results.hits], "version": [hit.version for hit in results.hits]}
    return min(maximum, max(map(len, [column, *cells[column]]))) if column in cells else maximum


def _build_facets_table(results: SearchResults) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for facet, counts in results.facets.items():
        values = ", ".join(
            f"{_strip_control_characters(value_count.value)} ({value_count.count:,})"
            for value_count in counts[:_MAX_FACET_VALUES]
        )
        if values:
            table.add_row(FACETS[facet].label, Text(values))
    return table


def _format_health(hit: Hit) -> Text:
    score = "-" if hit.health_score is None else str(hit.health_score)
    return Text(score, style=_HEALTH_COLORS[hit.health_band])


def _format_flags(hit: Hit) -> str:
    flags = [hit.project_status] if hit.project_status != "active" else []
    flags += ["yanked"] if hit.yanked else []
    flags += ["vulnerable"] if hit.vulnerabilities else []
    flags += ["repository archived"] if hit.repository_archived else []
    return f"[{', '.join(flags)}] " if flags else ""


def _format_date(timestamp: int) -> str:
    return to_date(timestamp).isoformat() if timestamp else "-"


def _format_unknown_value(unknown_value: UnknownValue) -> str:
    """Return a line that says that no package has a value, and which values exist."""
    line = f"No package has {unknown_value.facet.label} {_strip_control_characters(unknown_value.value)}"
    return (
        f"{line}. Did you mean: {', '.join(map(_strip_control_characters, unknown_value.suggestions))}?"
        if unknown_value.suggestions
        else f"{line}."
    )


def _strip_control_characters(text: str) -> str:
    """Replace control characters, which a terminal would obey, by spaces."""
    return "".join(character if character.isprintable() else " " for character in text)
