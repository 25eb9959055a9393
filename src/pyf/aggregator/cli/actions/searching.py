"""Search a collection and print the results as a table or as JSON."""

from collections.abc import Sequence
from typing import Any

import click
from msgspec import to_builtins
from rich.table import Table
from rich.text import Text

from ...bootstrap import open_dependencies
from ...domain.documents.facets import HealthBand
from ...domain.documents.schema import FACETS
from ...domain.search import Hit, SearchQuery, SearchResults, count_missing
from ...domain.text import join_names, to_date
from ...usecases.read.search import UnknownValue, search_with_hints
from ..collection_option import Selection, suggest_collection
from ..config import read_settings
from ..exit_codes import ExitCode
from ..output import print_json, print_line, print_renderable, print_table
from ..tables import Column

_HEALTH_COLORS = {
    HealthBand.EXCELLENT: "green",
    HealthBand.GOOD: "green",
    HealthBand.FAIR: "yellow",
    HealthBand.POOR: "red",
    HealthBand.UNKNOWN: "dim",
}
# Longer names of packages are folded on a terminal.
_MAX_NAME_WIDTH = 36

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
        "did_you_mean": results.did_you_mean,
        "hits": [to_builtins(hit) | {"health_band": hit.health_band.value} for hit in results.hits],
        "facets": to_builtins(results.facets),
    }


def _print_results(results: SearchResults, query: SearchQuery, *, with_facets: bool) -> None:
    if results.hits:
        print_table(_build_results_columns(results.hits))
    if with_facets:
        print_renderable(_build_facets_table(results))
    if missing := count_missing(results, query):
        click.echo(f"The index counts {missing:,} more packages on this page than it returns: try again.", err=True)
    if results.did_you_mean:
        names = join_names(map(_strip_control_characters, results.did_you_mean), "or")
        click.echo(f"No package matches. Did you mean {names}?", err=True)
    elif not results.total:
        click.echo("No package matches. Try fewer words, or fewer filters.", err=True)
    elif not results.hits and not missing:
        last_page = -(-results.total // query.per_page)
        click.echo(f"Page {query.page} does not exist (last page: {last_page}).", err=True)
    elif results.hits:
        first = (query.page - 1) * query.per_page + 1
        print_line(f"{first}-{first + len(results.hits) - 1} of {results.total:,}")


def _build_results_columns(hits: Sequence[Hit]) -> list[Column]:
    names = [Text(_strip_control_characters(hit.name), style="bold") for hit in hits]
    downloads = ["-" if hit.downloads is None else f"{hit.downloads:,}" for hit in hits]
    summaries = [Text(_strip_control_characters(_format_flags(hit) + hit.summary)) for hit in hits]
    return [
        Column(header="package", cells=names, max_width=_MAX_NAME_WIDTH),
        Column(header="version", cells=[_strip_control_characters(hit.version) for hit in hits], rank=1),
        Column(header="date", cells=[_format_date(hit.uploaded) for hit in hits], rank=3),
        Column(header="health", cells=[_format_health(hit) for hit in hits], rank=2, is_numeric=True),
        Column(header="a month", cells=downloads, rank=4, is_numeric=True),
        Column(header="summary", cells=summaries, rank=5, is_flexible=True),
    ]


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
    flags += [f"use {hit.replaced_by}"] if hit.replaced_by else []
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
