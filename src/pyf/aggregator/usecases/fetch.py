"""The full fetch: find every project of a filter, and read what is not in the index yet or has moved."""

from collections.abc import Collection, Mapping
from math import inf
from types import MappingProxyType

from msgspec import Struct
from msgspec.structs import replace

from ..domain.collection import CollectionState, Holding
from ..domain.policy import Discovery
from ..domain.profile import Filter
from ..domain.project import ProjectStatus
from ..ports import Serials, Services
from . import candidates
from .compare import Differences, differences
from .discover import Discovered, browse, browse_more, scan
from .held import holdings, judged_otherwise
from .intake import Intake
from .report import Progress, Report, unwatched
from .score import score_unscored
from .target import Scope, Target, agreed_filter, clear_leftovers, create_behind_alias, in_scope, refilled


class Start(Struct, frozen=True, kw_only=True):
    """What the run knows before it reads a project; `cursor` is a serial whose changes the run is sure to see.

    `to_rejudge` are projects that are held for a reason which is none for the filter as it is now, `former` those of
    the collection that this one is to replace.
    """

    filter: Filter
    state: CollectionState
    held: Mapping[str, Holding]
    serials: Serials | None
    cursor: int
    found: Discovered
    to_rejudge: frozenset[str]
    former: frozenset[str]


def fetch(
    services: Services,
    target: Target,
    *,
    default: Filter,
    scope: Scope = Scope(),
    dry_run: bool = False,
    allow_mass_removal: bool = False,
    statuses: Mapping[str, tuple[ProjectStatus, int]] = MappingProxyType({}),
    former: str = "",
    enriched: str = "",
    shown: Collection[str] = (),
    until: float = inf,
    progress: Progress = unwatched,
) -> Report:
    """Fill a collection with all projects of its filter, creating it where it does not exist.

    One request a classifier, one for the serials, one a candidate that is new or has moved, and one for each release
    of those that belong which is not known. A bulk source of candidates is asked, too. The cursor is set only by a
    run that looked at everything and failed at nothing. `dry_run` ends after the comparison: nothing is read, nothing
    written. `statuses` are what the caller knows of projects' statuses and since when, which a fetch does not ask
    about. `former` is a collection that this one is about to replace: its projects are looked at, too. `enriched` is
    the collection whose stars and the like the scores go by, if that is another one. `shown` are classifiers that
    documents are known to carry. From the moment `until` (Unix seconds) on no further project is read: the next run
    finds what is left.
    """
    report = Report("fetch", target.collection)
    with report.covering(services), services.admin.exclusive(target.collection):
        clear_leftovers(services, target.collection)
        filter_ = agreed_filter(services, target, default)
        start = started(services, target, filter_, former, remember=not dry_run)
        if dry_run:
            to_read = in_scope(differences_of(services, start).to_read, scope)[: scope.limit]
            report.found = len(in_scope(start.found.names, scope))
            report.notices.append(f"would read {len(to_read)} of {report.found} projects")
            return report
        if services.admin.resolve(target.collection) is None:
            create_behind_alias(services.admin, target.collection, start.state)
        intake = Intake(
            services,
            target.collection,
            filter_,
            report,
            as_of=start.cursor,
            statuses=statuses,
            former=former,
            enriched=enriched,
            progress=progress,
            limit=scope.limit,
            until=until,
            shown=set(shown),
        )
        _bring_in(services, target, start, intake, scope=scope, allow_many=allow_mass_removal)
        # An older program may have left documents without a score; what was written just now has one.
        report.rescored = score_unscored(services, target.collection, sorted(start.held.keys() - intake.taken))
    return report


def started(services: Services, target: Target, filter_: Filter, former: str = "", *, remember: bool = True) -> Start:
    """Ask for all that is to be known before a project is read; with `remember` candidates outlive a run that fails."""
    exists = services.admin.resolve(target.collection) is not None
    state = refilled(services.index.state(target.collection), filter_) if exists else CollectionState(filter=filter_)
    held = holdings(services, target.collection, filter_) if exists else {}
    by_scan = filter_.everything or services.policy.discovery is Discovery.SCAN
    bulk = frozenset() if by_scan else candidates.told(services, filter_)
    # The serials must be older than the names, and a collection that holds nothing has nothing to compare.
    serials = services.registry.serials() if held or by_scan or filter_.looks_beyond_classifiers else None
    cursor = serials.last_serial if serials else services.journal.last_serial()
    found = scan(serials) if serials and by_scan else _found(services, filter_, state, serials, bulk)
    if remember:
        candidates.remember(services, filter_, (bulk & found.names) - held.keys())
    known = frozenset(h.name_normalized for h in services.index.holdings(former)) if former else frozenset()
    return Start(
        filter=filter_,
        state=state,
        held=held,
        serials=serials,
        cursor=cursor,
        found=replace(found, names=(found.names | known) - filter_.exclude.keys()),
        to_rejudge=judged_otherwise(services, target.collection, state, held),
        former=known,
    )


def _found(
    services: Services, filter_: Filter, state: CollectionState, serials: Serials | None, bulk: frozenset[str]
) -> Discovered:
    """Ask for the classifiers of the filter, and add the candidates that none of them leads to."""
    found = browse(services.registry, filter_, state)
    if serials is None:  # then nobody knows which of the included are there
        return replace(found, names=found.names | filter_.include.keys())
    listed = frozenset(name for name in bulk if name in serials.by_name)
    return replace(found, names=found.names | candidates.among_all(services, filter_, serials) | listed)


def _bring_in(
    services: Services, target: Target, start: Start, intake: Intake, *, scope: Scope, allow_many: bool
) -> None:
    report, found, looked_at = intake.report, start.found, 0
    try:
        while True:
            changed = differences_of(services, start, found)
            to_read = [name for name in in_scope(changed.to_read, scope) if name not in intake.taken]
            looked_at += len(to_read)
            intake.total, intake.expected = looked_at, changed.expected
            intake.take(to_read)
            # Documents may have shown a classifier that nobody had told us of.
            learned = replace(start.state, seen_classifiers=intake.settled(start.state).seen_classifiers)
            more = (
                found
                if start.filter.everything or not found.browsed or report.left
                else browse_more(services.registry, learned, found)
            )
            if more is found:
                break
            found = more
        intake.put_out(in_scope(start.filter.exclude, scope))
        intake.remove_departed(allow_many=allow_many)
    finally:
        report.found = len(in_scope(found.names, scope))
        report.unchanged = len(in_scope(start.held.keys() - intake.taken, scope))
        browsed_at = int(services.now()) if found.browsed else start.state.browsed_at
        browsed = {**start.state.browsed, **found.browsed}
        state = replace(intake.settled(start.state), browsed=browsed, browsed_at=browsed_at)
        services.index.remember(target.collection, state)
    if report.is_whole and not scope.is_restricted:
        services.index.remember(target.collection, replace(state, cursor=start.cursor, cursor_set=int(services.now())))


def differences_of(services: Services, start: Start, found: Discovered | None = None) -> Differences:
    """Return what is to be read; `found` are the candidates, where these are more than at the start."""
    found = found or start.found
    if start.serials is None:
        return Differences(to_read=tuple(sorted(found.names)), expected={})
    # Who is in the former collection leaves it by its own word, whatever was judged before.
    arrivals = found.names - start.held.keys() - start.former
    judged = candidates.judged(services, start.filter, start.state, arrivals)
    return differences(
        found.names - start.to_rejudge, start.held, judged, start.serials, composition=services.policy.composition
    )
