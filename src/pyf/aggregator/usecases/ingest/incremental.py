"""Update a collection with what the registry's changelog reports since the collection's cursor."""

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from ...domain.collection import CollectionState, Discovery
from ...domain.documents.project import normalize_name
from ...domain.membership.profile import Filter
from ...domain.timestamps import drop_future
from ...ports import Changelog, ChangelogEntry, Dependencies, Serials
from ..collections.target import Target
from ..report import IngestReport
from .discovery import (
    DiscoveredProjects,
    discover_all,
    discover_by_classifiers,
    recall_non_members,
    select_candidates,
    select_changed_candidates,
)
from .planning import ReadPlan, add_due_retries, compare_changelog, compare_serials, find_changed_memberships
from .run import Run, RunOptions, open_run

# Actions of the changelog about a whole project.
_CREATE_PROJECT, _REMOVE_PROJECT = "create", "remove project"


def update_collection(
    deps: Dependencies,
    target: Target,
    *,
    default: Filter,
    options: RunOptions = RunOptions(),
    known_cursor: int | None = None,
    cursor_is_lost: bool = False,
    discovery_interval: int = 0,
) -> IngestReport:
    """Read every package of a collection that has changed in the registry since the last run.

    Costs two requests for the changelog, one more for all serials if the cursor is lost or too old, one a classifier
    if they are due, one a changed package and one a new release. Only a complete run moves the cursor.

    Args:
        known_cursor: The caller's copy of the cursor; the older of the two is used.
        discovery_interval: Seconds between requests for the classifiers. A package that gains a classifier meanwhile
            is found by the next run that requests them.
    """
    report = IngestReport("update", target.collection)
    with report.recording(deps), open_run(deps, target, default, options, report) as run:
        options.progress("reading PyPI's changelog", 0, None)
        interval = _read_interval(deps, _choose_cursor(run.state, known_cursor, cursor_is_lost))
        discovered = _find_candidates(run, interval, discovery_interval)
        plan = _plan_update(run, interval, discovered)
        report.found = len(run.select_names(discovered.names | run.project_states.keys()))
        if options.dry_run:
            run.report_dry_run(plan.names)
            return report
        run.classifier_counts, run.recreated_names = discovered.classifier_counts, interval.recreated_names
        with run.saving_state():
            run.ingest(plan.names, plan.min_serials)
            run.remove(interval.cursor)
        run.confirm_cursor(interval.cursor)
        run.complete_month()
    return report


class _Interval(Struct, frozen=True, kw_only=True):
    """What changed in the registry since the cursor, by its changelog or, if that is too long, by all serials.

    Attributes:
        cursor: The end of the interval.
        changed_serials: The last serial of every changed package, by normalized name.
        recreated_names: Packages that were removed and created again.
    """

    cursor: int
    changed_serials: Mapping[str, int]
    recreated_names: frozenset[str] = frozenset()
    serials: Serials | None = None


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
        # A cursor ahead of the registry belongs to another registry.
        if cursor < last_serial and last_serial - cursor <= changelog.page_size:
            entries = changelog.fetch_since(cursor)
            return _Interval(
                cursor=max(last_serial, *(entry.serial for entry in entries)),
                changed_serials=_collect_last_serials(entries),
                recreated_names=find_recreated_names(entries),
            )
    serials = deps.registry.fetch_serials()
    return _Interval(cursor=serials.last_serial, changed_serials=serials.by_name, serials=serials)


def _collect_last_serials(entries: Iterable[ChangelogEntry]) -> dict[str, int]:
    """Return the last serial by normalized name; the entries ascend."""
    return {normalize_name(entry.name): entry.serial for entry in entries}


def find_recreated_names(entries: Iterable[ChangelogEntry]) -> frozenset[str]:
    """Return the packages, by normalized name, that were removed and created again; the entries ascend."""
    removed: set[str] = set()
    recreated: set[str] = set()
    for entry in entries:
        name = normalize_name(entry.name)
        if entry.action == _REMOVE_PROJECT:
            removed.add(name)
        elif entry.action == _CREATE_PROJECT and name in removed:
            recreated.add(name)
    return frozenset(recreated)


def _find_candidates(run: Run, interval: _Interval, discovery_interval: int) -> DiscoveredProjects:
    deps, filter_ = run.deps, run.filter
    if not filter_.everything and deps.policy.discovery is Discovery.CLASSIFIERS:
        fetched_at = drop_future(run.state.classifiers_fetched_at, deps.now())
        is_due = interval.serials is not None or deps.now() - fetched_at >= discovery_interval
        discovered = (
            discover_by_classifiers(deps.registry, filter_, run.state, run.options.progress)
            if is_due
            else _recall_evaluated(deps, filter_, interval)
        )
        additional = (
            select_changed_candidates(deps, filter_, interval.changed_serials.keys())
            if interval.serials is None
            else select_candidates(deps, filter_, interval.serials)
        )
        return replace(discovered, names=(discovered.names | additional) - filter_.exclude.keys())
    # Without a list of members, every changed package is a candidate.
    if interval.serials is not None:
        return discover_all(interval.serials)
    return DiscoveredProjects(names=frozenset(interval.changed_serials), classifier_counts={})


def _recall_evaluated(deps: Dependencies, filter_: Filter, interval: _Interval) -> DiscoveredProjects:
    """Return earlier candidates that have changed: the cursor is about to pass over that change."""
    evaluated = deps.membership_cache.get_many(filter_.key, interval.changed_serials.keys())
    return DiscoveredProjects(names=frozenset(evaluated), classifier_counts={})


def _plan_update(run: Run, interval: _Interval, discovered: DiscoveredProjects) -> ReadPlan:
    deps, project_states = run.deps, run.project_states
    non_members = recall_non_members(deps, run.filter, run.state, discovered.names - project_states.keys())
    if interval.serials is None:
        plan = compare_changelog(discovered.names, project_states, non_members, interval.changed_serials)
    else:
        changed_memberships = find_changed_memberships(deps, run.target.collection, run.state, project_states)
        plan = compare_serials(
            discovered.names - changed_memberships,
            project_states,
            non_members,
            interval.serials,
            document_version=deps.policy.document_version,
        )
    plan = add_due_retries(plan, run.state.stale_retries, now=int(deps.now()))
    return replace(plan, names=tuple(name for name in plan.names if name not in run.filter.exclude))


def with_shared_changelog(deps: Dependencies) -> Dependencies:
    """Return dependencies with a changelog that requests each interval once, for collections with the same cursor."""
    return replace(deps, changelog=_CachedChangelog(deps.changelog))


class _CachedChangelog:
    """A changelog as of its first request."""

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
