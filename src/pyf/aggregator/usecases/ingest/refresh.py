"""Refresh a collection: compare everything stored with the registry, and check statuses, which have no serial."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import takewhile
from math import ceil

from ...domain.collection import ProjectState
from ...domain.documents.project import ProjectStatus
from ...domain.errors import NotFound
from ...domain.membership.profile import Filter
from ...domain.timestamps import drop_future
from ...ports import Dependencies
from ..collections.target import Target
from ..enrich.scores import update_scores
from ..report import IngestReport
from .planning import compare_serials, find_changed_memberships
from .run import Run, RunOptions, open_run

# A run checks the status of this fraction of the collection at most: a week of nightly runs covers all of it.
SWEEP_RUNS = 7


def refresh_collection(
    deps: Dependencies,
    target: Target,
    *,
    default: Filter,
    options: RunOptions = RunOptions(),
    sweep_all: bool = False,
) -> IngestReport:
    """Read stored packages that have changed, remove those that are gone, and check statuses that are old.

    Costs one request for all serials, what the changed packages need, and two requests a status. A limit applies to
    the packages with the oldest check. A run without a restricted scope ends by scoring all packages, as scores
    depend on time. It finds no new packages and does not move the cursor.

    Args:
        sweep_all: Check the status of every package.
    """
    report = IngestReport("refresh", target.collection)
    with report.recording(deps), open_run(deps, target, default, options, report) as run:
        project_states = run.project_states
        options.progress("reading PyPI's list of packages", 0, None)
        serials = deps.registry.fetch_serials()
        # All of them in one run: the removal guard must see how many a changed profile excludes.
        changed_memberships = find_changed_memberships(deps, target.collection, run.state, project_states)
        plan = compare_serials(
            project_states.keys() - changed_memberships,
            project_states,
            {},
            serials,
            document_version=deps.policy.document_version,
        )
        due_names = _select_due(project_states, deps, sweep_all=sweep_all)
        last_checks = _list_last_checks(deps, project_states)
        names = sorted({*plan.names, *due_names}, key=lambda name: (last_checks[name], name))
        names = run.select_names(names)[: options.scope.limit]
        report.found = len(run.select_names(project_states))
        if options.dry_run:
            run.report_dry_run(names)
            return report
        statuses = dict(_fetch_statuses(run, [name for name in names if name in due_names]))
        with run.saving_state():
            run.ingest(names, plan.min_serials, statuses)
            run.remove(serials.last_serial)
        if not (options.scope.is_restricted or report.skipped):
            options.progress("updating scores", 0, None)
            report.rescored = update_scores(deps, target.collection)
    return report


def _select_due(project_states: Mapping[str, ProjectState], deps: Dependencies, *, sweep_all: bool) -> frozenset[str]:
    """Return the packages whose status is to be checked, those with the oldest check first."""
    if sweep_all:
        return frozenset(project_states)
    oldest_check = deps.now() - deps.policy.status_max_age
    last_checks = _list_last_checks(deps, project_states)
    unchecked = sorted((checked, name) for name, checked in last_checks.items() if checked < oldest_check)
    return frozenset(name for _, name in unchecked[: ceil(len(project_states) / SWEEP_RUNS)])


def _list_last_checks(deps: Dependencies, project_states: Mapping[str, ProjectState]) -> Mapping[str, int]:
    now = deps.now()
    return {name: drop_future(state.status_checked, now) for name, state in project_states.items()}


def _fetch_statuses(run: Run, names: Sequence[str]) -> Iterator[tuple[str, tuple[ProjectStatus, int]]]:
    """Yield the status of each package and the time of the check; absent packages are left to the removal guard."""
    deps, report, progress = run.deps, run.report, run.options.progress
    started_names = takewhile(lambda _: deps.now() < run.options.deadline, names)
    for count, page_status in enumerate(deps.registry.check_simple_pages(started_names), 1):
        progress("checking status", count, len(names))
        if isinstance(page_status.outcome, ProjectStatus):
            yield page_status.name, (page_status.outcome, int(deps.now()))
        elif not isinstance(page_status.outcome, NotFound):
            report.add_failure(page_status.name, page_status.outcome)
