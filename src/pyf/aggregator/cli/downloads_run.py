"""Does what the options of `pyfdownloads` ask for: settings and services together, use case, report."""

from math import ceil

import click

from ..adapters.downloads.clickhouse import MAX_NAMES
from ..bootstrap import open_dependencies
from ..config.profiles import load_profiles
from ..domain.errors import Unavailable
from ..settings import load_settings
from ..usecases.enrich.downloads import RunEstimate, enrich_downloads
from ..usecases.enrich.options import EnrichOptions
from ..usecases.report import EnrichmentReport
from .collection_option import print_target, resolve_collection
from .downloads import Options
from .exit_codes import ExitCode
from .output import get_exit_code, print_report, progress_bar

# From so many seconds on a run is long enough to name the source that takes less.
_LONG_RUN_SECONDS = 600


def run(options: Options) -> ExitCode:
    """Do what the options ask for and say how it ended; raises what `PlainCommand` tells in one line."""
    settings = load_settings(**({"downloads_source": options.source} if options.source else {}))
    choice = resolve_collection(
        load_profiles(settings.profiles_file),
        profile=options.profile,
        target=options.target,
        default_profile=settings.default_profile,
    )
    with open_dependencies(settings) as deps:
        try:
            print_target(deps, settings, choice.target.collection)
        except Unavailable as error:
            report = EnrichmentReport("downloads", choice.target.collection, error=error)
        else:
            with progress_bar() as progress:
                report = enrich_downloads(
                    deps,
                    choice.target,
                    options=EnrichOptions(limit=options.limit, fresh=options.all_, progress=progress),
                    dry_run=options.dry_run,
                    on_start=lambda estimate: click.echo(format_estimate(estimate), err=True),
                )
        print_report(report, as_json=options.json_)
        return get_exit_code(report)


def format_estimate(estimate: RunEstimate) -> str:
    """Return a line that says how long a run is going to take, and what would take less where that is long."""
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
