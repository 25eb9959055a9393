"""Run the use case that adds GitHub data to a collection."""

from typing import Any

from msgspec.json import decode

from ..bootstrap import open_dependencies
from ..domain.errors import AggregatorError, Unavailable
from ..ports import RepositoryResult
from ..usecases.enrich.options import EnrichOptions
from ..usecases.enrich.repositories import enrich_repositories
from ..usecases.read.package import get_package_documents
from ..usecases.report import EnrichmentReport
from .collection_option import Selection, print_target, suggest_collection
from .config import read_settings
from .exit_codes import ExitCode
from .output import get_exit_code, print_json, print_notice, print_problems, print_report, progress_bar


def run_github(
    selection: Selection,
    *,
    name: str = "",
    raw: bool = False,
    limit: int | None = None,
    fresh: bool = False,
    as_json: bool = False,
) -> ExitCode:
    """Add GitHub data to a collection and print the report; `raw` prints GitHub's response and the document, too."""
    settings = read_settings()
    target = selection.resolve(settings).target
    results: list[RepositoryResult] = []
    with open_dependencies(settings) as deps:
        try:
            print_target(deps, settings, target.collection)
        except Unavailable as error:
            report = EnrichmentReport("github", target.collection, error=error)
        else:
            with suggest_collection(deps, target.collection), progress_bar("reading the index") as progress:
                report = enrich_repositories(
                    deps,
                    target,
                    name=name,
                    options=EnrichOptions(limit=limit, fresh=fresh or raw, progress=progress),
                    on_notice=print_notice,
                    on_result=results.append if raw else None,
                )
            if raw and report.found:
                document = get_package_documents(deps, target, name)[0]
                print_json(
                    {"document": document, "github": list(map(_format_result, results)), "report": report.to_dict()}
                )
                print_problems(report)
                return get_exit_code(report)
        print_report(report, as_json=as_json)
        return get_exit_code(report)


def _format_result(result: RepositoryResult) -> dict[str, Any]:
    """Return the URL of a repository and GitHub's response, unchanged."""
    error = str(result.outcome) if isinstance(result.outcome, AggregatorError) else None
    return {
        "request": result.ref.url,
        "response": decode(result.raw_response) if result.raw_response else None,
        "error": error,
    }
