"""Does what the options of `pyfdownloads` ask for: settings and services together, use case, report."""

from math import ceil

import click

from ..adapters.downloads.clickhouse_query import MOST_NAMES
from ..adapters.profiles import load_profiles
from ..bootstrap import open_services
from ..domain.errors import Unavailable
from ..settings import load_settings
from ..usecases.enrich_downloads import Ahead, enrich_downloads
from ..usecases.report import EnrichmentReport
from .downloads import Options
from .exits import Exit
from .output import code_of_report, print_report, progress_bar
from .targets import announce, choose

# From so many seconds on a run is long enough to name the source that takes less.
_LONG = 600


def perform(options: Options) -> Exit:
    """Do what the options ask for and say how it ended; raises what `PlainCommand` tells in one line."""
    settings = load_settings(**({"downloads_source": options.source} if options.source else {}))
    choice = choose(
        load_profiles(settings.profiles_file),
        profile=options.profile,
        target=options.target,
        default_profile=settings.default_profile,
    )
    with open_services(settings) as services:
        try:
            announce(services, settings, choice.target.collection)
        except Unavailable as error:
            report = EnrichmentReport("downloads", choice.target.collection, stopped_by=error)
        else:
            with progress_bar() as progress:
                report = enrich_downloads(
                    services,
                    choice.target,
                    limit=options.limit,
                    everything=options.all_,
                    dry_run=options.dry_run,
                    begin=lambda ahead: click.echo(foretold(ahead), err=True),
                    progress=progress,
                )
        print_report(report, as_json=options.json_)
        return code_of_report(report)


def foretold(ahead: Ahead) -> str:
    """Return a line that says how long a run is going to take, and what would take less where that is long."""
    seconds, requests = ahead.effort.seconds, ahead.effort.requests
    line = f"Counting {ahead.projects:,} packages with {ahead.source}, {_number(requests, 'request')}"
    if seconds >= 1:
        pace = round(requests / seconds * 60)
        line += f" at {pace} a minute: about {_duration(seconds)}" if pace else f": about {_duration(seconds)}"
    if seconds < _LONG:
        return f"{line}."
    return f"{line}. With --source clickhouse it is {_number(ceil(ahead.projects / MOST_NAMES), 'request')}."


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
