"""Does what the options of `pyfgithub` ask for: settings and services together, use case, report."""

from typing import Any

import click
from msgspec.json import decode

from ..adapters.profiles import load_profiles
from ..bootstrap import open_services
from ..domain.errors import AggregatorError, Unavailable
from ..ports import Finding
from ..settings import load_settings
from ..usecases.enrich_repositories import enrich_repositories
from ..usecases.report import EnrichmentReport
from ..usecases.show import show
from .exits import Exit
from .output import code_of_report, print_json, print_report, progress_bar, tell_of
from .targets import announce, choose


def perform(
    *, profile: str, target: str, name: str, verbose: bool, limit: int | None, fresh: bool, as_json: bool
) -> Exit:
    """Do what the options ask for and say how it ended; raises what `PlainCommand` tells in one line."""
    settings = load_settings()
    profiles = load_profiles(settings.profiles_file)
    choice = choose(profiles, profile=profile, target=target, default_profile=settings.default_profile)
    heard: list[Finding] = []
    with open_services(settings) as services:
        try:
            announce(services, settings, choice.target.collection)
        except Unavailable as error:
            report = EnrichmentReport("github", choice.target.collection, stopped_by=error)
        else:
            with progress_bar("reading the index") as progress:
                report = enrich_repositories(
                    services,
                    choice.target,
                    name=name,
                    limit=limit,
                    fresh=fresh,
                    progress=progress,
                    tell=lambda line: click.echo(line, err=True),
                    heard=heard.append if verbose else None,
                )
            if verbose and report.found:
                document = show(services, choice.target, name)[0]
                print_json({"document": document, "github": list(map(_told, heard)), "report": report.as_mapping()})
                tell_of(report)
                return code_of_report(report)
        print_report(report, as_json=as_json)
        return code_of_report(report)


def _told(finding: Finding) -> dict[str, Any]:
    """Return what was asked and what GitHub said, as it said it."""
    error = str(finding.answer) if isinstance(finding.answer, AggregatorError) else None
    return {"asked": finding.address.url, "answer": decode(finding.told) if finding.told else None, "error": error}
