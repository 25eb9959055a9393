"""Write of each project what the host of its repository says: stars, issues, whether it is archived."""

from collections.abc import Callable
from math import inf

from ..ports import RepositoryResult, Dependencies
from .report import EnrichmentReport, ProgressCallback, no_progress
from .repository_run import RepositoryRun
from .repository_search import list_lookups
from .target import Target, require_state


def enrich_repositories(
    deps: Dependencies,
    target: Target,
    *,
    name: str = "",
    limit: int | None = None,
    fresh: bool = False,
    deadline: float = inf,
    progress: ProgressCallback = no_progress,
    on_notice: Callable[[str], None] | None = None,
    on_result: Callable[[RepositoryResult], None] | None = None,
) -> EnrichmentReport:
    """Look up the repositories of a collection's projects, or of the one called `name`, and write their fields.

    With a limit, the projects that were looked at longest ago come first. What was learned within the policy's
    `repository_max_age`, by a run on whatever collection, is not asked for again unless `fresh`. A project whose
    repository is gone loses the fields it had; one that nobody answers for keeps them. From the moment `until` (Unix
    seconds) on nobody is asked any more, and the others are postponed. `tell` takes a line that the
    user should read before the first request, `heard` what the host says.
    """
    report = EnrichmentReport("github", target.collection)
    with report.recording(deps):
        require_state(deps, target)
        lookups = list_lookups(deps, target, name=name, limit=limit)
        report.found = len(lookups)
        covers_collection = not name and limit is None
        run = RepositoryRun(deps, target.collection, report, progress, on_result, covers_collection=covers_collection, deadline=deadline)
        run.plan(lookups, fresh=fresh)
        run.run(on_notice or report.notices.append)
        run.reverify()
    return report
