"""Does what the options of `pyfsearch` ask for: a question out of them, and the answer as a table or as JSON."""

from datetime import UTC, datetime
from typing import Any

import click
from msgspec import to_builtins
from rich.table import Table
from rich.text import Text

from ..bootstrap import open_dependencies
from ..config.profiles import load_profiles
from ..domain.search import Facet, HealthBand, Hit, SearchQuery, SearchResults, Sort, count_missing
from ..settings import load_settings
from ..usecases.read.search import UnknownValue, search_with_hints
from .collection_option import resolve_collection
from .exit_codes import ExitCode
from .output import create_stdout_console, print_json, print_line, print_renderable
from .search import Options

_HEALTH_COLORS = {
    HealthBand.EXCELLENT: "green",
    HealthBand.GOOD: "green",
    HealthBand.FAIR: "yellow",
    HealthBand.POOR: "red",
    HealthBand.UNKNOWN: "dim",
}
# What columns may take at most, and what is left to summaries on the narrowest terminal.
_MAX_WIDTHS = {"package": 36, "version": 12, "date": 10, "health": 6, "a month": 11}
_MIN_SUMMARY_WIDTH = 12

# What filters are called.
_FILTER_LABELS = {
    Facet.FRAMEWORK_VERSIONS: "framework version",
    Facet.PYTHON_VERSIONS: "Python version",
    Facet.LICENSES: "licence",
    Facet.CLASSIFIERS: "classifier",
    Facet.HEALTH: "health",
    Facet.STATUSES: "status",
    Facet.MAINTAINERS: "maintainer",
}

# Values of a facet that a terminal shows.
_MAX_FACET_VALUES = 8


def run(options: Options) -> ExitCode:
    """Ask and print the answer; raises what `PlainCommand` tells in one line."""
    settings = load_settings()
    choice = resolve_collection(
        load_profiles(settings.profiles_file),
        profile=options.profile,
        target=options.target,
        default_profile=settings.default_profile,
    )
    with open_dependencies(settings) as deps:
        response = search_with_hints(deps, choice.target, build_query(options))
    results, query = response.results, response.query
    for unknown_value in response.unknown_values:
        click.echo(_format_unknown_value(unknown_value), err=True)
    if options.json_:
        print_json(to_dict(results, query))
    else:
        _print_results(results, query, with_facets=options.facets)
    return ExitCode.SUCCESS


def build_query(options: Options) -> SearchQuery:
    """Return the question that options ask."""
    return SearchQuery(
        text=" ".join(options.query),
        framework_versions=options.framework,
        python_versions=options.python,
        licenses=options.license_,
        classifiers=options.classifier,
        health=tuple(HealthBand(band) for band in options.health),
        statuses=options.status,
        maintainers=options.maintainer,
        updated_within=options.updated_within,
        sort=Sort(options.sort),
        page=options.page,
        per_page=options.per_page,
    )


def to_dict(results: SearchResults, query: SearchQuery) -> dict[str, Any]:
    """Return an answer as it is printed as JSON; what nobody knows is null."""
    return {
        "total": results.total,
        "page": query.page,
        "per_page": query.per_page,
        "missing": count_missing(results, query),
        "hits": [to_builtins(hit) | {"health_band": hit.health_band.value} for hit in results.hits],
        "facets": {facet.value: to_builtins(counts) for facet, counts in results.facets.items()},
    }


def _print_results(results: SearchResults, query: SearchQuery, *, with_facets: bool) -> None:
    if results.hits:
        print_renderable(_build_results_table(results))
    if with_facets:
        print_renderable(_build_facets_table(results))
    if missing := count_missing(results, query):
        click.echo(f"The index counts {missing:,} more packages on this page than it returns: try again.", err=True)
    if not results.total:
        click.echo("Nothing was found. Try fewer words, or fewer filters.", err=True)
    elif not results.hits and not missing:
        last_page = -(-results.total // query.per_page)
        click.echo(f"Page {query.page} is behind the last one, which is {last_page}.", err=True)
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
    """Return what a column needs, so that it is the summary that gives way on a narrow terminal."""
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
            table.add_row(facet.value.replace("_", " "), Text(values))
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
    return datetime.fromtimestamp(timestamp, UTC).date().isoformat() if timestamp else "-"


def _format_unknown_value(unknown_value: UnknownValue) -> str:
    """Return in one line that a value is nobody's, and which there are."""
    line = f"No package has {_FILTER_LABELS[unknown_value.facet]} {_strip_control_characters(unknown_value.value)}"
    return (
        f"{line}; there are: {', '.join(map(_strip_control_characters, unknown_value.suggestions))}."
        if unknown_value.suggestions
        else f"{line}, nor any other."
    )


def _strip_control_characters(text: str) -> str:
    """Return text of a package without what a terminal would obey."""
    return "".join(character if character.isprintable() else " " for character in text)
