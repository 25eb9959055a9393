"""The full fetch: find every project of a filter, and read what is not in the index yet or has moved."""

from collections.abc import Collection, Mapping
from math import inf
from types import MappingProxyType

from msgspec import Struct
from msgspec.structs import replace

from ...domain.collection import CollectionState, ProjectState
from ...domain.documents.project import ProjectStatus
from ...domain.membership.profile import Filter
from ...domain.policy import Discovery
from ...ports import Dependencies, Serials
from ..collections.target import (
    Scope,
    Target,
    clear_leftovers,
    create_with_alias,
    filter_names,
    resolve_filter,
    with_filter,
)
from ..enrich.scores import add_missing_scores
from ..report import IngestReport, ProgressCallback, no_progress
from . import discovery
from .discovery import DiscoveredProjects, discover_all, discover_by_classifiers, discover_more
from .ingester import Ingester
from .planning import ReadPlan, compare_serials, find_changed_memberships, read_project_states


class FetchPlan(Struct, frozen=True, kw_only=True):
    """What the run knows before it reads a project; `cursor` is a serial whose changes the run is sure to see.

    `to_rejudge` are projects that are held for a reason which is none for the filter as it is now, `former` those of
    the collection that this one is to replace.
    """

    filter: Filter
    state: CollectionState
    project_states: Mapping[str, ProjectState]
    serials: Serials | None
    cursor: int
    discovered: DiscoveredProjects
    names_to_reevaluate: frozenset[str]
    replaced_names: frozenset[str]


def fetch_collection(
    deps: Dependencies,
    target: Target,
    *,
    default: Filter,
    scope: Scope = Scope(),
    dry_run: bool = False,
    allow_mass_removal: bool = False,
    statuses: Mapping[str, tuple[ProjectStatus, int]] = MappingProxyType({}),
    replaced_collection: str = "",
    enrichment_source: str = "",
    seen_classifiers: Collection[str] = (),
    deadline: float = inf,
    progress: ProgressCallback = no_progress,
) -> IngestReport:
    """Fill a collection with all projects of its filter, creating it where it does not exist.

    One request a classifier, one for the serials, one a candidate that is new or has moved, and one for each release
    of those that belong which is not known. A bulk source of candidates is asked, too. The cursor is set only by a
    run that looked at everything and failed at nothing. `dry_run` ends after the comparison: nothing is read, nothing
    written. `statuses` are what the caller knows of projects' statuses and since when, which a fetch does not ask
    about. `former` is a collection that this one is about to replace, whoever made it: its projects are looked at,
    too. `enriched` is the collection whose stars and the like the scores go by, if that is another one. `shown` are
    classifiers that documents are known to carry. From the moment `until` (Unix seconds) on no further project is
    read: the next run finds what is left.
    """
    report = IngestReport("fetch", target.collection)
    with report.recording(deps), deps.admin.lock(target.collection):
        clear_leftovers(deps, target.collection)
        filter_ = resolve_filter(deps, target, default)
        fetch_plan = prepare_fetch(deps, target, filter_, replaced_collection, remember=not dry_run)
        if dry_run:
            names = filter_names(plan_reads(deps, fetch_plan).names, scope)[: scope.limit]
            report.found = len(filter_names(fetch_plan.discovered.names, scope))
            report.notices.append(f"would read {len(names)} of {report.found} projects")
            return report
        if deps.admin.resolve(target.collection) is None:
            create_with_alias(deps.admin, target.collection, fetch_plan.state)
        ingester = Ingester(
            deps,
            target.collection,
            filter_,
            report,
            registry_serial=fetch_plan.cursor,
            statuses=statuses,
            replaced_collection=replaced_collection
            if replaced_collection and deps.admin.foreign_fields(replaced_collection) is None
            else "",
            replaced_names=fetch_plan.replaced_names,
            enrichment_source=enrichment_source,
            progress=progress,
            limit=scope.limit,
            deadline=deadline,
            seen_classifiers=set(seen_classifiers),
        )
        _ingest_candidates(deps, target, fetch_plan, ingester, scope=scope, allow_mass_removal=allow_mass_removal)
        # An older program may have left documents without a score; what was written just now has one.
        report.rescored = add_missing_scores(
            deps, target.collection, sorted(fetch_plan.project_states.keys() - ingester.processed)
        )
    return report


def prepare_fetch(
    deps: Dependencies, target: Target, filter_: Filter, replaced_collection: str = "", *, remember: bool = True
) -> FetchPlan:
    """Ask for all that is to be known before a project is read; with `remember` candidates outlive a run that fails."""
    exists = deps.admin.resolve(target.collection) is not None
    state = with_filter(deps.index.get_state(target.collection), filter_) if exists else CollectionState(filter=filter_)
    project_states = read_project_states(deps, target.collection, filter_) if exists else {}
    scans_registry = filter_.everything or deps.policy.discovery is Discovery.ALL
    bulk_candidates = frozenset() if scans_registry else discovery.read_bulk_candidates(deps, filter_)
    # The serials must be older than the names, and a collection that holds nothing has nothing to compare.
    serials = deps.registry.fetch_serials() if project_states or scans_registry or filter_.uses_requirements else None
    cursor = serials.last_serial if serials else deps.changelog.fetch_last_serial()
    discovered = (
        discover_all(serials)
        if serials and scans_registry
        else _discover(deps, filter_, state, serials, bulk_candidates)
    )
    if remember:
        discovery.remember_candidates(deps, filter_, (bulk_candidates & discovered.names) - project_states.keys())
    replaced_names = (
        frozenset(project_state.name_normalized for project_state in deps.index.project_states(replaced_collection))
        if replaced_collection
        else frozenset()
    )
    return FetchPlan(
        filter=filter_,
        state=state,
        project_states=project_states,
        serials=serials,
        cursor=cursor,
        discovered=replace(discovered, names=(discovered.names | replaced_names) - filter_.exclude.keys()),
        names_to_reevaluate=find_changed_memberships(deps, target.collection, state, project_states),
        replaced_names=replaced_names,
    )


def _discover(
    deps: Dependencies,
    filter_: Filter,
    state: CollectionState,
    serials: Serials | None,
    bulk_candidates: frozenset[str],
) -> DiscoveredProjects:
    """Ask for the classifiers of the filter, and add the candidates that none of them leads to."""
    discovered = discover_by_classifiers(deps.registry, filter_, state)
    if serials is None:  # then nobody knows which of the included are there
        return replace(discovered, names=discovered.names | filter_.include.keys())
    listed_candidates = frozenset(name for name in bulk_candidates if name in serials.by_name)
    return replace(
        discovered, names=discovered.names | discovery.select_candidates(deps, filter_, serials) | listed_candidates
    )


def _ingest_candidates(
    deps: Dependencies,
    target: Target,
    fetch_plan: FetchPlan,
    ingester: Ingester,
    *,
    scope: Scope,
    allow_mass_removal: bool,
) -> None:
    report, discovered, planned_count = ingester.report, fetch_plan.discovered, 0
    try:
        while True:
            read_plan = plan_reads(deps, fetch_plan, discovered)
            names = [name for name in filter_names(read_plan.names, scope) if name not in ingester.processed]
            planned_count += len(names)
            ingester.total, ingester.min_serials = planned_count, read_plan.min_serials
            ingester.ingest(names)
            # Documents may have shown a classifier that nobody had told us of.
            updated_state = replace(
                fetch_plan.state, seen_classifiers=ingester.update_state(fetch_plan.state).seen_classifiers
            )
            extended = (
                discovered
                if fetch_plan.filter.everything or not discovered.classifier_counts or report.skipped
                else discover_more(deps.registry, updated_state, discovered)
            )
            if extended is discovered:
                break
            discovered = extended
        ingester.schedule_excluded_removals(filter_names(fetch_plan.filter.exclude, scope))
        ingester.apply_removals(allow_mass_removal=allow_mass_removal)
    finally:
        report.found = len(filter_names(discovered.names, scope))
        report.unchanged = len(filter_names(fetch_plan.project_states.keys() - ingester.processed, scope))
        classifiers_fetched_at = (
            int(deps.now()) if discovered.classifier_counts else fetch_plan.state.classifiers_fetched_at
        )
        classifier_counts = {**fetch_plan.state.classifier_counts, **discovered.classifier_counts}
        state = replace(
            ingester.update_state(fetch_plan.state), browsed=classifier_counts, browsed_at=classifiers_fetched_at
        )
        deps.index.set_state(target.collection, state)
    if report.is_complete and not scope.is_restricted:
        deps.index.set_state(target.collection, replace(state, cursor=fetch_plan.cursor, cursor_set=int(deps.now())))


def plan_reads(deps: Dependencies, fetch_plan: FetchPlan, discovered: DiscoveredProjects | None = None) -> ReadPlan:
    """Return what is to be read; `found` are the candidates, where these are more than at the start."""
    discovered = discovered or fetch_plan.discovered
    if fetch_plan.serials is None:
        return ReadPlan(names=tuple(sorted(discovered.names)), min_serials={})
    # Who is in the former collection leaves it by its own word, whatever was judged before.
    new_names = discovered.names - fetch_plan.project_states.keys() - fetch_plan.replaced_names
    non_members = discovery.recall_non_members(deps, fetch_plan.filter, fetch_plan.state, new_names)
    return compare_serials(
        discovered.names - fetch_plan.names_to_reevaluate,
        fetch_plan.project_states,
        non_members,
        fetch_plan.serials,
        document_version=deps.policy.document_version,
    )
