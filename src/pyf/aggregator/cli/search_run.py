"""Does what the options of `pyfsearch` ask for: a question out of them, and the answer as a table or as JSON."""

from datetime import UTC, datetime
from typing import Any

import click
from msgspec import to_builtins
from rich.table import Table
from rich.text import Text

from ..adapters.profiles import load_profiles
from ..bootstrap import open_services
from ..domain.search import Facet, HealthBand, Hit, Question, Results, Sort, count_missing
from ..settings import load_settings
from ..usecases.search import Unknown, answer
from .exits import Exit
from .output import print_drawn, print_json, print_line, stdout_console
from .search import Options
from .targets import choose

_HEALTH_COLOURS = {
    HealthBand.EXCELLENT: "green",
    HealthBand.GOOD: "green",
    HealthBand.FAIR: "yellow",
    HealthBand.POOR: "red",
    HealthBand.UNKNOWN: "dim",
}
# What columns may take at most, and what is left to summaries on the narrowest terminal.
_WIDTHS = {"package": 36, "version": 12, "date": 10, "health": 6, "a month": 11}
_LEAST_SUMMARY = 12

# What filters are called.
_NAMES = {
    Facet.FRAMEWORK_VERSIONS: "framework version",
    Facet.PYTHON_VERSIONS: "Python version",
    Facet.LICENSES: "licence",
    Facet.CLASSIFIERS: "classifier",
    Facet.HEALTH: "health",
    Facet.STATUSES: "status",
    Facet.MAINTAINERS: "maintainer",
}

# Values of a facet that a terminal shows.
_SHOWN = 8


def perform(options: Options) -> Exit:
    """Ask and print the answer; raises what `PlainCommand` tells in one line."""
    settings = load_settings()
    choice = choose(
        load_profiles(settings.profiles_file),
        profile=options.profile,
        target=options.target,
        default_profile=settings.default_profile,
    )
    with open_services(settings) as services:
        found = answer(services, choice.target, question_of(options))
    results, question = found.results, found.question
    for each in found.unknown:
        click.echo(_unknown(each), err=True)
    if options.json_:
        print_json(as_mapping(results, question))
    else:
        _print(results, question, with_facets=options.facets)
    return Exit.DONE


def question_of(options: Options) -> Question:
    """Return the question that options ask."""
    return Question(
        text=" ".join(options.query),
        framework_versions=options.framework,
        python_versions=options.python,
        licenses=options.license_,
        classifiers=options.classifier,
        health=tuple(HealthBand(each) for each in options.health),
        statuses=options.status,
        maintainers=options.maintainer,
        updated_within=options.updated_within,
        sort=Sort(options.sort),
        page=options.page,
        per_page=options.per_page,
    )


def as_mapping(results: Results, question: Question) -> dict[str, Any]:
    """Return an answer as it is printed as JSON; what nobody knows is null."""
    return {
        "total": results.total,
        "page": question.page,
        "per_page": question.per_page,
        "missing": count_missing(results, question),
        "hits": [to_builtins(hit) | {"health_band": hit.health_band.value} for hit in results.hits],
        "facets": {facet.value: to_builtins(counts) for facet, counts in results.facets.items()},
    }


def _print(results: Results, question: Question, *, with_facets: bool) -> None:
    if results.hits:
        print_drawn(_table(results))
    if with_facets:
        print_drawn(_facets(results))
    if missing := count_missing(results, question):
        click.echo(f"The index counts {missing:,} more packages on this page than it returns: try again.", err=True)
    if not results.total:
        click.echo("Nothing was found. Try fewer words, or fewer filters.", err=True)
    elif not results.hits and not missing:
        last = -(-results.total // question.per_page)
        click.echo(f"Page {question.page} is behind the last one, which is {last}.", err=True)
    elif results.hits:
        first = (question.page - 1) * question.per_page + 1
        print_line(f"{first}-{first + len(results.hits) - 1} of {results.total:,}")


def _table(results: Results) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    widths = {column: _width(results, column, most) for column, most in _WIDTHS.items()}
    for column, width in widths.items():
        right = column in ("health", "a month")
        table.add_column(column, no_wrap=True, width=width, justify="right" if right else "left")
    left = stdout_console().width - sum(widths.values()) - 2 * len(widths)
    table.add_column("summary", no_wrap=True, width=max(left, _LEAST_SUMMARY))
    for hit in results.hits:
        table.add_row(
            Text(_plain(hit.name), style="bold"),
            _plain(hit.version),
            _date(hit.uploaded),
            _health(hit),
            "-" if hit.downloads is None else f"{hit.downloads:,}",
            Text(_plain(_flags(hit) + hit.summary)),
        )
    return table


def _width(results: Results, column: str, most: int) -> int:
    """Return what a column needs, so that it is the summary that gives way on a narrow terminal."""
    told = {"package": [hit.name for hit in results.hits], "version": [hit.version for hit in results.hits]}
    return min(most, max(map(len, [column, *told[column]]))) if column in told else most


def _facets(results: Results) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for facet, counts in results.facets.items():
        shown = ", ".join(f"{_plain(each.value)} ({each.count:,})" for each in counts[:_SHOWN])
        if shown:
            table.add_row(facet.value.replace("_", " "), Text(shown))
    return table


def _health(hit: Hit) -> Text:
    score = "-" if hit.health_score is None else str(hit.health_score)
    return Text(score, style=_HEALTH_COLOURS[hit.health_band])


def _flags(hit: Hit) -> str:
    flags = [hit.project_status] if hit.project_status != "active" else []
    flags += ["yanked"] if hit.yanked else []
    flags += ["vulnerable"] if hit.vulnerabilities else []
    flags += ["repository archived"] if hit.repository_archived else []
    return f"[{', '.join(flags)}] " if flags else ""


def _date(uploaded: int) -> str:
    return datetime.fromtimestamp(uploaded, UTC).date().isoformat() if uploaded else "-"


def _unknown(told: Unknown) -> str:
    """Return in one line that a value is nobody's, and which there are."""
    line = f"No package has {_NAMES[told.facet]} {_plain(told.value)}"
    return f"{line}; there are: {', '.join(map(_plain, told.near))}." if told.near else f"{line}, nor any other."


def _plain(text: str) -> str:
    """Return text of a package without what a terminal would obey."""
    return "".join(each if each.isprintable() else " " for each in text)
