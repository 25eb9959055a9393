"""Add repository data and download counts to a collection, and print the report."""

from math import ceil
from typing import Any

from msgspec.json import decode
from msgspec.structs import replace

from ...bootstrap import open_dependencies
from ...domain.errors import AggregatorError, Unavailable
from ...ports import RepositoryResult
from ...usecases.enrich.downloads import RunEstimate, enrich_downloads
from ...usecases.enrich.repositories import enrich_repositories
from ...usecases.read.package import get_package_documents
from ...usecases.report import EnrichmentReport, EnrichOptions
from ..collection_option import Selection, print_target, suggest_collection
from ..config import read_settings
from ..exit_codes import ExitCode
from ..output import get_exit_code, print_json, print_problems, print_report
from ..progress import print_notice, progress_bar

# A run of at least this many seconds names the faster source.
_LONG_RUN_SECONDS = 600


def run_downloads(
    selection: Selection, options: EnrichOptions, *, source: str | None = None, dry_run: bool, as_json: bool
) -> ExitCode:
    """Add download counts to a collection and print the report."""
    settings = read_settings(**({"downloads_source": source} if source else {}))
    target = selection.resolve(settings).target
    with open_dependencies(settings, must_exist=True) as deps:
        try:
            print_target(deps, settings, target.collection)
        except Unavailable as error:
            report = EnrichmentReport("downloads", target.collection, error=error)
        else:
            with suggest_collection(deps, target.collection), progress_bar() as progress:
                report = enrich_downloads(
                    deps,
                    target,
                    options=replace(options, progress=progress),
                    dry_run=dry_run,
                    on_start=lambda estimate: print_notice(format_estimate(estimate)),
                )
        print_report(report, as_json=as_json)
        return get_exit_code(report)


def format_estimate(estimate: RunEstimate) -> str:
    """Return a line with the expected duration of a run, and with the faster source if the run is long."""
    from ...adapters.downloads.clickhouse import MAX_NAMES

    seconds, requests = estimate.cost.seconds, estimate.cost.requests
    line = f"Counting {estimate.project_count:,} packages with {estimate.source}, {_pluralize(requests, 'request')}"
    if seconds >= 1:
        per_minute = round(requests / seconds * 60)
        line += (
            f" at {per_minute} a minute: about {_format_duration(seconds)}"
            if per_minute
            else f": about {_format_duration(seconds)}"
        )
    if seconds < _LONG_RUN_SECONDS:
        return f"{line}."
    return f"{line}. With --source clickhouse it is {_pluralize(ceil(estimate.project_count / MAX_NAMES), 'request')}."


def _format_duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"


def _pluralize(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def run_repositories(selection: Selection, options: EnrichOptions, *, name: str, raw: bool, as_json: bool) -> ExitCode:
    """Add repository data to a collection and print the report; `raw` prints the response and the document, too."""
    settings = read_settings()
    target = selection.resolve(settings).target
    results: list[RepositoryResult] = []
    with open_dependencies(settings, must_exist=True) as deps:
        try:
            print_target(deps, settings, target.collection)
        except Unavailable as error:
            report = EnrichmentReport("repositories", target.collection, error=error)
        else:
            with suggest_collection(deps, target.collection), progress_bar("reading the index") as progress:
                report = enrich_repositories(
                    deps,
                    target,
                    name=name,
                    options=replace(options, fresh=options.fresh or raw, progress=progress),
                    on_notice=print_notice,
                    on_result=results.append if raw else None,
                )
            if raw and report.found:
                document = get_package_documents(deps, target, name)[0]
                key = "github" if options.host else "responses"
                print_json({"document": document, key: list(map(_format_result, results)), "report": report.to_dict()})
                print_problems(report)
                return get_exit_code(report)
        print_report(report, as_json=as_json)
        return get_exit_code(report)


def _format_result(result: RepositoryResult) -> dict[str, Any]:
    """Return the URL of a repository and the host's response, unchanged."""
    error = str(result.outcome) if isinstance(result.outcome, AggregatorError) else None
    return {
        "request": result.ref.url,
        "response": decode(result.raw_response) if result.raw_response else None,
        "error": error,
    }
