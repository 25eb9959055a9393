"""Write of each project what the host of its repository says: stars, issues, whether it is archived."""

from collections.abc import Callable
from math import inf

from ..ports import Finding, Services
from .report import EnrichmentReport, Progress, unwatched
from .repository_run import RepositoryRun
from .repository_search import searches
from .target import Target, existing


def enrich_repositories(
    services: Services,
    target: Target,
    *,
    name: str = "",
    limit: int | None = None,
    fresh: bool = False,
    until: float = inf,
    progress: Progress = unwatched,
    tell: Callable[[str], None] | None = None,
    heard: Callable[[Finding], None] | None = None,
) -> EnrichmentReport:
    """Look up the repositories of a collection's projects, or of the one called `name`, and write their fields.

    With a limit, the projects that were looked at longest ago come first. What was learned within the policy's
    `repository_max_age`, by a run on whatever collection, is not asked for again unless `fresh`. A project whose
    repository is gone loses the fields it had; one that nobody answers for keeps them. From the moment `until` (Unix
    seconds) on nobody is asked any more, and the others are postponed. `tell` takes a line that the
    user should read before the first request, `heard` what the host says.
    """
    report = EnrichmentReport("github", target.collection)
    with report.covering(services):
        existing(services, target)
        found = searches(services, target, name=name, limit=limit)
        report.found = len(found)
        is_whole = not name and limit is None
        run = RepositoryRun(services, target.collection, report, progress, heard, is_whole=is_whole, until=until)
        run.prepare(found, fresh=fresh)
        run.ask(tell or report.notices.append)
        run.judge_again()
    return report
