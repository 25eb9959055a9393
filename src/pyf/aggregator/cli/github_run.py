"""Does what the options of `pyfgithub` ask for: settings and services together, use case, report."""

from typing import Any

import click
from msgspec.json import decode

from ..bootstrap import open_dependencies
from ..config.profiles import load_profiles
from ..domain.errors import AggregatorError, Unavailable
from ..ports import RepositoryResult
from ..settings import load_settings
from ..usecases.enrich.options import EnrichOptions
from ..usecases.enrich.repositories import enrich_repositories
from ..usecases.read.package import get_package_documents
from ..usecases.report import EnrichmentReport
from .collection_option import print_target, resolve_collection
from .exit_codes import ExitCode
from .output import get_exit_code, print_json, print_problems, print_report, progress_bar


def run(
    *, profile: str, target: str, name: str, verbose: bool, limit: int | None, fresh: bool, as_json: bool
) -> ExitCode:
    """Do what the options ask for and say how it ended; raises what `PlainCommand` tells in one line."""
    settings = load_settings()
    profiles = load_profiles(settings.profiles_file)
    choice = resolve_collection(profiles, profile=profile, target=target, default_profile=settings.default_profile)
    results: list[RepositoryResult] = []
    with open_dependencies(settings) as deps:
        try:
            print_target(deps, settings, choice.target.collection)
        except Unavailable as error:
            report = EnrichmentReport("github", choice.target.collection, error=error)
        else:
            with progress_bar("reading the index") as progress:
                report = enrich_repositories(
                    deps,
                    choice.target,
                    name=name,
                    options=EnrichOptions(limit=limit, fresh=fresh, progress=progress),
                    on_notice=lambda line: click.echo(line, err=True),
                    on_result=results.append if verbose else None,
                )
            if verbose and report.found:
                document = get_package_documents(deps, choice.target, name)[0]
                print_json(
                    {"document": document, "github": list(map(_format_result, results)), "report": report.to_dict()}
                )
                print_problems(report)
                return get_exit_code(report)
        print_report(report, as_json=as_json)
        return get_exit_code(report)


def _format_result(result: RepositoryResult) -> dict[str, Any]:
    """Return what was asked and what GitHub said, as it said it."""
    error = str(result.outcome) if isinstance(result.outcome, AggregatorError) else None
    return {
        "asked": result.ref.url,
        "answer": decode(result.raw_response) if result.raw_response else None,
        "error": error,
    }
