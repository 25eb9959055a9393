"""The refresh: compare everything held with the registry, and sweep for what the journal does not tell."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import takewhile
from math import ceil, inf

from ..domain.collection import Holding
from ..domain.errors import NotFound
from ..domain.profile import Filter
from ..domain.project import ProjectStatus
from ..ports import Services
from .compare import differences
from .held import holdings
from .intake import Intake
from .report import Progress, Report, unwatched
from .score import score_anew
from .target import Scope, Target, agreed_filter, clear_leftovers, existing, in_scope, refilled

# A run looks at this share of the collection at most, so that a week of nightly runs has seen all of it.
SWEEP_SHARE = 7


def refresh(
    services: Services,
    target: Target,
    *,
    default: Filter,
    scope: Scope = Scope(),
    sweep_all: bool = False,
    dry_run: bool = False,
    allow_mass_removal: bool = False,
    until: float = inf,
    progress: Progress = unwatched,
) -> Report:
    """Read again what moved, remove what is gone, and look up the status of what was not looked at for long.

    One request for all serials, then as many as what moved needs; the sweep costs a page of the simple index and a
    document a project. With a limit, what was looked at longest ago comes first. `sweep_all` looks at every project's
    status now. In the end everything is scored anew, unless the scope is restricted: time has passed. New projects
    are not looked for, and the cursor is not touched. From the moment `until` (Unix seconds) on no further project is
    looked at: the next run finds what is left.
    """
    report = Report("refresh", target.collection)
    with report.covering(services):
        existing(services, target)
        with services.admin.exclusive(target.collection):
            clear_leftovers(services, target.collection)
            # Not before: until here another run may have changed what the collection remembers.
            filter_ = agreed_filter(services, target, default)
            state = refilled(existing(services, target), filter_)
            held = holdings(services, target.collection, filter_)
            serials = services.registry.serials()
            changed = differences(held.keys(), held, {}, serials, composition=services.policy.composition)
            due = _due(held, services, everything=sweep_all)
            stalest_first = sorted({*changed.to_read, *due}, key=lambda name: (held[name].status_checked, name))
            to_read = in_scope(stalest_first, scope)[: scope.limit]
            report.found = len(in_scope(held, scope))
            if dry_run:
                report.notices.append(f"would read {len(to_read)} projects")
                return report
            statuses = _statuses(services, [name for name in to_read if name in due], report, until)
            intake = Intake(
                services,
                target.collection,
                filter_,
                report,
                as_of=serials.last_serial,
                expected=changed.expected,
                statuses=statuses,
                until=until,
                progress=progress,
                total=len(to_read),
            )
            try:
                intake.take(to_read)
                intake.put_out(in_scope(filter_.exclude, scope))
                intake.remove_departed(allow_many=allow_mass_removal)
            finally:
                report.unchanged = len(in_scope(held.keys() - intake.taken, scope))
                services.index.remember(target.collection, intake.settled(state))
            if not (scope.is_restricted or report.left):
                report.rescored = score_anew(services, target.collection)
    return report


def _due(held: Mapping[str, Holding], services: Services, *, everything: bool) -> frozenset[str]:
    """Return the projects whose status is to be looked up, the longest unseen first, a seventh at most."""
    if everything:
        return frozenset(held)
    oldest = services.now() - services.policy.status_max_age
    unseen = sorted((h.status_checked, name) for name, h in held.items() if h.status_checked < oldest)
    return frozenset(name for _, name in unseen[: ceil(len(held) / SWEEP_SHARE)])


def _statuses(
    services: Services, names: Iterable[str], report: Report, until: float
) -> dict[str, tuple[ProjectStatus, int]]:
    """Look up statuses; a project that is not there is left to the reading, which hears both witnesses."""
    return dict(_known(services, names, report, until))


def _known(
    services: Services, names: Iterable[str], report: Report, until: float
) -> Iterator[tuple[str, tuple[ProjectStatus, int]]]:
    in_time = takewhile(lambda _: services.now() < until, names)
    for standing in services.registry.standings(in_time):
        if isinstance(standing.answer, ProjectStatus):
            yield standing.name, (standing.answer, int(services.now()))
        elif not isinstance(standing.answer, NotFound):
            report.fail(standing.name, standing.answer)
