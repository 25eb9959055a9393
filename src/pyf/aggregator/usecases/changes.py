"""The incremental run: read the registry's journal from where the collection stands, and what it tells of."""

from collections.abc import Iterable, Mapping
from math import inf

from msgspec import Struct
from msgspec.structs import replace

from ..domain.collection import CollectionState, Holding
from ..domain.policy import Discovery
from ..domain.profile import Filter
from ..domain.project import normalized
from ..ports import JournalEntry, Serials, Services
from . import candidates, rechecks
from .compare import differences
from .discover import Discovered, browse, scan
from .held import holdings, judged_otherwise
from .intake import Intake
from .report import Progress, Report, unwatched
from .target import Scope, Target, agreed_filter, clear_leftovers, existing, in_scope, refilled


class _Interval(Struct, frozen=True, kw_only=True):
    """What the registry changed since the cursor: by its journal, or by all serials where that is too far back.

    `moved` holds the last serial of every project the journal names; `cursor` is where the interval ends.
    """

    cursor: int
    moved: Mapping[str, int]
    serials: Serials | None = None


def changes(
    services: Services,
    target: Target,
    *,
    default: Filter,
    scope: Scope = Scope(),
    known_cursor: int | None = None,
    cursor_is_lost: bool = False,
    dry_run: bool = False,
    allow_mass_removal: bool = False,
    browse_every: int = 0,
    until: float = inf,
    progress: Progress = unwatched,
) -> Report:
    """Bring a collection up to date with everything the registry changed since the last run.

    Two requests for the journal, or one more for all serials where the cursor is lost or too old; one a classifier
    for the projects that are new to the filter; then one a project that changed and one a release that is new.
    `known_cursor` is the caller's copy of the cursor: the older of the two holds. The cursor moves at the very end,
    and only if every project could be read. Classifiers are asked for where that was not done within `browse_every`
    seconds: who begins to carry one in between is found then. From the moment `until` (Unix seconds) on no further
    project is read.
    """
    report = Report("changes", target.collection)
    with report.covering(services):
        existing(services, target)
        with services.admin.exclusive(target.collection):
            clear_leftovers(services, target.collection)
            # Not before: until here another run may have changed what the collection remembers.
            filter_ = agreed_filter(services, target, default)
            state = refilled(existing(services, target), filter_)
            held = holdings(services, target.collection, filter_)
            interval = _interval(services, _cursor(state, known_cursor, cursor_is_lost))
            found = _candidates(services, filter_, state, interval, browse_every)
            expected = _expected(services, target, state, held, found, interval)
            for name, serial in rechecks.due(state.rechecks, now=int(services.now())).items():
                expected[name] = max(serial, expected.get(name, 0))
            to_read = in_scope(sorted(expected.keys() - filter_.exclude.keys()), scope)
            report.found = len(in_scope(found.names | held.keys(), scope))
            if dry_run:
                report.notices.append(f"would read {len(to_read[: scope.limit])} projects")
                return report
            intake = Intake(
                services,
                target.collection,
                filter_,
                report,
                as_of=interval.cursor,
                expected=expected,
                progress=progress,
                limit=scope.limit,
                until=until,
                total=len(to_read),
            )
            try:
                intake.take(to_read)
                intake.put_out(in_scope(filter_.exclude, scope))
                intake.remove_departed(allow_many=allow_mass_removal)
            finally:
                report.unchanged = len(in_scope(held.keys() - intake.taken, scope))
                browsed_at = int(services.now()) if found.browsed else state.browsed_at
                browsed = {**state.browsed, **found.browsed}
                state = replace(intake.settled(state), browsed=browsed, browsed_at=browsed_at)
                services.index.remember(target.collection, state)
            if report.is_whole and not scope.is_restricted:
                confirmed = replace(state, cursor=interval.cursor, cursor_set=int(services.now()))
                services.index.remember(target.collection, confirmed)
    return report


def _cursor(state: CollectionState, known: int | None, is_lost: bool) -> int | None:
    if is_lost or state.cursor is None:
        return None
    return state.cursor if known is None else min(state.cursor, known)


def _interval(services: Services, cursor: int | None) -> _Interval:
    journal = services.journal
    if cursor is not None:
        last = journal.last_serial()
        if cursor == last:
            return _Interval(cursor=cursor, moved={})
        # A cursor ahead of the registry is not of this registry.
        if cursor < last and last - cursor <= journal.page_size:
            entries = journal.since(cursor)
            return _Interval(cursor=max(last, *(entry.serial for entry in entries)), moved=_last_serials(entries))
    serials = services.registry.serials()
    return _Interval(cursor=serials.last_serial, moved=serials.by_name, serials=serials)


def _last_serials(entries: Iterable[JournalEntry]) -> dict[str, int]:
    """Return the last serial by normalised name; the journal has display names, and ascends."""
    return {normalized(entry.name): entry.serial for entry in entries}


def _candidates(
    services: Services, filter_: Filter, state: CollectionState, interval: _Interval, browse_every: int
) -> Discovered:
    if not filter_.everything and services.policy.discovery is Discovery.BROWSE:
        is_due = interval.serials is not None or services.now() - state.browsed_at >= browse_every
        found = browse(services.registry, filter_, state) if is_due else _judged_before(services, filter_, interval)
        further = (
            candidates.among_changed(services, filter_, interval.moved.keys())
            if interval.serials is None
            else candidates.among_all(services, filter_, interval.serials)
        )
        return replace(found, names=(found.names | further) - filter_.exclude.keys())
    # A scan takes whatever moved for a candidate: no list of members is to be had, and none is needed.
    if interval.serials is not None:
        return scan(interval.serials)
    return Discovered(names=frozenset(interval.moved), browsed={})


def _judged_before(services: Services, filter_: Filter, interval: _Interval) -> Discovered:
    """Return whom a classifier led to once and who has changed: the cursor is about to pass over that change."""
    known = services.verdicts.recall(filter_.key, interval.moved.keys())
    return Discovered(names=frozenset(known), browsed={})


def _expected(
    services: Services,
    target: Target,
    state: CollectionState,
    held: Mapping[str, Holding],
    found: Discovered,
    interval: _Interval,
) -> dict[str, int]:
    """Return the projects to read, with the serial that each answer must reach."""
    judged = candidates.judged(services, state.filter, state, found.names - held.keys())
    if interval.serials is not None:
        names = found.names - judged_otherwise(services, target.collection, state, held)
        changed = differences(names, held, judged, interval.serials, composition=services.policy.composition)
        return dict(changed.expected)
    # Whatever makes a project leave is in the journal; so who is held and was not found is not asked about.
    known = {name: holding.last_serial for name, holding in held.items()} | dict(judged)
    return {
        name: interval.moved.get(name, 0)
        for name in held.keys() | found.names
        if name not in known or interval.moved.get(name, 0) > known[name]
    }
