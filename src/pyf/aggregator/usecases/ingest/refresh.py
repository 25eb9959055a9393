"""The refresh: compare everything held with the registry, and sweep for what the journal does not tell."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import takewhile
from math import ceil, inf

from ...domain.collection import ProjectState
from ...domain.documents.project import ProjectStatus
from ...domain.errors import NotFound
from ...domain.membership.profile import Filter
from ...ports import Dependencies
from ..collections.target import (
    Scope,
    Target,
    clear_leftovers,
    filter_names,
    require_state,
    resolve_filter,
    with_filter,
)
from ..enrich.scores import update_scores
from ..report import IngestReport, ProgressCallback, no_progress
from .ingester import Ingester
from .planning import compare_serials, read_project_states

# A run looks at this share of the collection at most, so that a week of nightly runs has seen all of it.
SWEEP_RUNS = 7


def refresh_collection(
    deps: Dependencies,
    target: Target,
    *,
    default: Filter,
    scope: Scope = Scope(),
    sweep_all: bool = False,
    dry_run: bool = False,
    allow_mass_removal: bool = False,
    deadline: float = inf,
    progress: ProgressCallback = no_progress,
) -> IngestReport:
    """Read again what moved, remove what is gone, and look up the status of what was not looked at for long.

    One request for all serials, then as many as what moved needs; the sweep costs a page of the simple index and a
    document a project. With a limit, what was looked at longest ago comes first. `sweep_all` looks at every project's
    status now. In the end everything is scored anew, unless the scope is restricted: time has passed. New projects
    are not looked for, and the cursor is not touched. From the moment `until` (Unix seconds) on no further project is
    looked at: the next run finds what is left.
    """
    report = IngestReport("refresh", target.collection)
    with report.recording(deps):
        require_state(deps, target)
        with deps.admin.lock(target.collection):
            clear_leftovers(deps, target.collection)
            # Not before: until here another run may have changed what the collection remembers.
            filter_ = resolve_filter(deps, target, default)
            state = with_filter(require_state(deps, target), filter_)
            project_states = read_project_states(deps, target.collection, filter_)
            serials = deps.registry.fetch_serials()
            read_plan = compare_serials(
                project_states.keys(), project_states, {}, serials, document_version=deps.policy.document_version
            )
            due_names = _select_due(project_states, deps, sweep_all=sweep_all)
            ordered_names = sorted(
                {*read_plan.names, *due_names}, key=lambda name: (project_states[name].status_checked, name)
            )
            names = filter_names(ordered_names, scope)[: scope.limit]
            report.found = len(filter_names(project_states, scope))
            if dry_run:
                report.notices.append(f"would read {len(names)} projects")
                return report
            statuses = _fetch_statuses(deps, [name for name in names if name in due_names], report, deadline)
            ingester = Ingester(
                deps,
                target.collection,
                filter_,
                report,
                registry_serial=serials.last_serial,
                min_serials=read_plan.min_serials,
                statuses=statuses,
                deadline=deadline,
                progress=progress,
                total=len(names),
            )
            try:
                ingester.ingest(names)
                ingester.schedule_excluded_removals(filter_names(filter_.exclude, scope))
                ingester.apply_removals(allow_mass_removal=allow_mass_removal)
            finally:
                report.unchanged = len(filter_names(project_states.keys() - ingester.processed, scope))
                deps.index.set_state(target.collection, ingester.update_state(state))
            if not (scope.is_restricted or report.skipped):
                report.rescored = update_scores(deps, target.collection)
    return report


def _select_due(project_states: Mapping[str, ProjectState], deps: Dependencies, *, sweep_all: bool) -> frozenset[str]:
    """Return the projects whose status is to be looked up, the longest unseen first, a seventh at most."""
    if sweep_all:
        return frozenset(project_states)
    oldest_check = deps.now() - deps.policy.status_max_age
    unchecked = sorted(
        (project_state.status_checked, name)
        for name, project_state in project_states.items()
        if project_state.status_checked < oldest_check
    )
    return frozenset(name for _, name in unchecked[: ceil(len(project_states) / SWEEP_RUNS)])


def _fetch_statuses(
    deps: Dependencies, names: Iterable[str], report: IngestReport, deadline: float
) -> dict[str, tuple[ProjectStatus, int]]:
    """Look up statuses; a project that is not there is left to the reading, which hears both witnesses."""
    return dict(_iter_statuses(deps, names, report, deadline))


def _iter_statuses(
    deps: Dependencies, names: Iterable[str], report: IngestReport, deadline: float
) -> Iterator[tuple[str, tuple[ProjectStatus, int]]]:
    remaining = takewhile(lambda _: deps.now() < deadline, names)
    for page_status in deps.registry.check_simple_pages(remaining):
        if isinstance(page_status.outcome, ProjectStatus):
            yield page_status.name, (page_status.outcome, int(deps.now()))
        elif not isinstance(page_status.outcome, NotFound):
            report.add_failure(page_status.name, page_status.outcome)
