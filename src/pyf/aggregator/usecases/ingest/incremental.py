"""Ask the registry's journal once for all collections that stand at the same serial.

The incremental run: read the registry's journal from where the collection stands, and what it tells of.
"""

from collections.abc import Iterable, Mapping, Sequence
from math import inf

from msgspec import Struct
from msgspec.structs import replace

from ...domain.collection import CollectionState, ProjectState
from ...domain.documents.project import normalize_name
from ...domain.membership.profile import Filter
from ...domain.policy import Discovery
from ...ports import Changelog, ChangelogEntry, Dependencies, Serials
from ..collections.target import (
    Scope,
    Target,
    clear_leftovers,
    filter_names,
    require_state,
    resolve_filter,
    with_filter,
)
from ..report import IngestReport, ProgressCallback, no_progress
from . import discovery, planning
from .discovery import DiscoveredProjects, discover_all, discover_by_classifiers
from .ingester import Ingester
from .planning import compare_serials, find_changed_memberships, read_project_states


def with_shared_changelog(deps: Dependencies) -> Dependencies:
    """Return services whose journal tells each collection the same as the one before, for one request."""
    return replace(deps, journal=_CachedChangelog(deps.changelog))


class _CachedChangelog:
    """A journal that remembers its answers; it is as of the first question for as long as it lives."""

    def __init__(self, changelog: Changelog) -> None:
        self._changelog = changelog
        self._last_serial: int | None = None
        self._entries_since: dict[int, Sequence[ChangelogEntry]] = {}

    @property
    def page_size(self) -> int:
        return self._changelog.page_size

    def fetch_last_serial(self) -> int:
        if self._last_serial is None:
            self._last_serial = self._changelog.fetch_last_serial()
        return self._last_serial

    def fetch_since(self, serial: int) -> Sequence[ChangelogEntry]:
        if serial not in self._entries_since:
            self._entries_since[serial] = self._changelog.fetch_since(serial)
        return self._entries_since[serial]


class _Interval(Struct, frozen=True, kw_only=True):
    """What the registry changed since the cursor: by its journal, or by all serials where that is too far back.

    `moved` holds the last serial of every project the journal names; `cursor` is where the interval ends.
    """

    cursor: int
    changed_serials: Mapping[str, int]
    serials: Serials | None = None


def update_collection(
    deps: Dependencies,
    target: Target,
    *,
    default: Filter,
    scope: Scope = Scope(),
    known_cursor: int | None = None,
    cursor_is_lost: bool = False,
    dry_run: bool = False,
    allow_mass_removal: bool = False,
    discovery_interval: int = 0,
    deadline: float = inf,
    progress: ProgressCallback = no_progress,
) -> IngestReport:
    """Bring a collection up to date with everything the registry changed since the last run.

    Two requests for the journal, or one more for all serials where the cursor is lost or too old; one a classifier
    for the projects that are new to the filter; then one a project that changed and one a release that is new.
    `known_cursor` is the caller's copy of the cursor: the older of the two holds. The cursor moves at the very end,
    and only if every project could be read. Classifiers are asked for where that was not done within `browse_every`
    seconds: who begins to carry one in between is found then. From the moment `until` (Unix seconds) on no further
    project is read.
    """
    report = IngestReport("changes", target.collection)
    with report.recording(deps):
        require_state(deps, target)
        with deps.admin.lock(target.collection):
            clear_leftovers(deps, target.collection)
            # Not before: until here another run may have changed what the collection remembers.
            filter_ = resolve_filter(deps, target, default)
            state = with_filter(require_state(deps, target), filter_)
            project_states = read_project_states(deps, target.collection, filter_)
            interval = _read_interval(deps, _choose_cursor(state, known_cursor, cursor_is_lost))
            discovered = _find_candidates(deps, filter_, state, interval, discovery_interval)
            min_serials = _plan_reads(deps, target, state, project_states, discovered, interval)
            for name, serial in planning.select_due_retries(state.stale_retries, now=int(deps.now())).items():
                min_serials[name] = max(serial, min_serials.get(name, 0))
            names = filter_names(sorted(min_serials.keys() - filter_.exclude.keys()), scope)
            report.found = len(filter_names(discovered.names | project_states.keys(), scope))
            if dry_run:
                report.notices.append(f"would read {len(names[: scope.limit])} projects")
                return report
            ingester = Ingester(
                deps,
                target.collection,
                filter_,
                report,
                registry_serial=interval.cursor,
                min_serials=min_serials,
                progress=progress,
                limit=scope.limit,
                deadline=deadline,
                total=len(names),
            )
            try:
                ingester.ingest(names)
                ingester.schedule_excluded_removals(filter_names(filter_.exclude, scope))
                ingester.apply_removals(allow_mass_removal=allow_mass_removal)
            finally:
                report.unchanged = len(filter_names(project_states.keys() - ingester.processed, scope))
                classifiers_fetched_at = (
                    int(deps.now()) if discovered.classifier_counts else state.classifiers_fetched_at
                )
                classifier_counts = {**state.classifier_counts, **discovered.classifier_counts}
                state = replace(
                    ingester.update_state(state), browsed=classifier_counts, browsed_at=classifiers_fetched_at
                )
                deps.index.set_state(target.collection, state)
            if report.is_complete and not scope.is_restricted:
                confirmed_state = replace(state, cursor=interval.cursor, cursor_set=int(deps.now()))
                deps.index.set_state(target.collection, confirmed_state)
    return report


def _choose_cursor(state: CollectionState, known_cursor: int | None, is_lost: bool) -> int | None:
    if is_lost or state.cursor is None:
        return None
    return state.cursor if known_cursor is None else min(state.cursor, known_cursor)


def _read_interval(deps: Dependencies, cursor: int | None) -> _Interval:
    changelog = deps.changelog
    if cursor is not None:
        last_serial = changelog.fetch_last_serial()
        if cursor == last_serial:
            return _Interval(cursor=cursor, changed_serials={})
        # A cursor ahead of the registry is not of this registry.
        if cursor < last_serial and last_serial - cursor <= changelog.page_size:
            entries = changelog.fetch_since(cursor)
            return _Interval(
                cursor=max(last_serial, *(entry.serial for entry in entries)),
                changed_serials=_collect_last_serials(entries),
            )
    serials = deps.registry.fetch_serials()
    return _Interval(cursor=serials.last_serial, changed_serials=serials.by_name, serials=serials)


def _collect_last_serials(entries: Iterable[ChangelogEntry]) -> dict[str, int]:
    """Return the last serial by normalised name; the journal has display names, and ascends."""
    return {normalize_name(entry.name): entry.serial for entry in entries}


def _find_candidates(
    deps: Dependencies, filter_: Filter, state: CollectionState, interval: _Interval, discovery_interval: int
) -> DiscoveredProjects:
    if not filter_.everything and deps.policy.discovery is Discovery.CLASSIFIERS:
        is_due = interval.serials is not None or deps.now() - state.classifiers_fetched_at >= discovery_interval
        discovered = (
            discover_by_classifiers(deps.registry, filter_, state)
            if is_due
            else _recall_evaluated(deps, filter_, interval)
        )
        additional = (
            discovery.select_changed_candidates(deps, filter_, interval.changed_serials.keys())
            if interval.serials is None
            else discovery.select_candidates(deps, filter_, interval.serials)
        )
        return replace(discovered, names=(discovered.names | additional) - filter_.exclude.keys())
    # A scan takes whatever moved for a candidate: no list of members is to be had, and none is needed.
    if interval.serials is not None:
        return discover_all(interval.serials)
    return DiscoveredProjects(names=frozenset(interval.changed_serials), classifier_counts={})


def _recall_evaluated(deps: Dependencies, filter_: Filter, interval: _Interval) -> DiscoveredProjects:
    """Return whom a classifier led to once and who has changed: the cursor is about to pass over that change."""
    evaluated = deps.membership_cache.get_many(filter_.key, interval.changed_serials.keys())
    return DiscoveredProjects(names=frozenset(evaluated), classifier_counts={})


def _plan_reads(
    deps: Dependencies,
    target: Target,
    state: CollectionState,
    project_states: Mapping[str, ProjectState],
    discovered: DiscoveredProjects,
    interval: _Interval,
) -> dict[str, int]:
    """Return the projects to read, with the serial that each answer must reach."""
    non_members = discovery.recall_non_members(deps, state.filter, state, discovered.names - project_states.keys())
    if interval.serials is not None:
        names = discovered.names - find_changed_memberships(deps, target.collection, state, project_states)
        read_plan = compare_serials(
            names, project_states, non_members, interval.serials, document_version=deps.policy.document_version
        )
        return dict(read_plan.min_serials)
    # Whatever makes a project leave is in the journal; so who is held and was not found is not asked about.
    known_serials = {name: project_state.last_serial for name, project_state in project_states.items()} | dict(
        non_members
    )
    return {
        name: interval.changed_serials.get(name, 0)
        for name in project_states.keys() | discovered.names
        if name not in known_serials or interval.changed_serials.get(name, 0) > known_serials[name]
    }
