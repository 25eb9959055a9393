"""Fetch a collection: find all candidates of its filter, and read those that are new or have changed.

Workers can share a fetch: one plans it, all read a shard, and `fetch_collection` finishes it. Only the finishing fetch
removes packages and writes the collection's state. It also reads the packages of a lost shard.
"""

from collections.abc import Collection, Mapping
from math import inf

from msgspec import Struct
from msgspec.structs import replace

from ...domain.collection import Discovery
from ...domain.membership.profile import Filter
from ...ports import Dependencies, Serials
from ..collections.target import Target, require_state
from ..enrich.scores import add_missing_scores
from ..report import IngestReport
from .discovery import (
    DiscoveredProjects,
    discover_all,
    discover_by_classifiers,
    discover_more,
    read_bulk_candidates,
    recall_non_members,
    remember_candidates,
    select_candidates,
)
from .evaluator import IngestContext
from .ingester import IngestResult, ingest
from .planning import ReadPlan, collect_seen_classifiers, compare_serials, find_changed_memberships
from .removal import ReplacedCollection
from .run import Run, RunOptions, create_if_missing, open_run


class FetchPreparation(Struct, frozen=True, kw_only=True):
    """The candidates and serials that a fetch finds before it reads packages.

    Attributes:
        serials: Serials of all packages, if there is anything to compare them with.
        cursor: A serial whose changes the run is sure to see.
        names_to_reevaluate: Stored packages whose membership reason is not that of the current filter.
    """

    serials: Serials | None
    cursor: int
    discovered: DiscoveredProjects
    names_to_reevaluate: frozenset[str]


def fetch_collection(
    deps: Dependencies,
    target: Target,
    *,
    default: Filter,
    options: RunOptions = RunOptions(),
    replaced: ReplacedCollection = ReplacedCollection(),
    seen_classifiers: Collection[str] = (),
) -> IngestReport:
    """Fill a collection with all packages of its filter, and create it if it does not exist.

    Costs one request a classifier, one for all serials, one a candidate that is new or has changed, one for each
    unknown release of a member, and those of the bulk source of candidates. Only a complete run over the whole
    collection moves the cursor.

    Args:
        replaced: The collection that this one is about to replace; its packages are read, too.
        seen_classifiers: Classifiers that documents are known to carry.
    """
    report = IngestReport("fetch", target.collection)
    with (
        report.recording(deps),
        open_run(deps, target, default, options, report, must_exist=False, replaced=replaced) as run,
    ):
        preparation = prepare_fetch(run)
        if options.dry_run:
            run.report_dry_run(plan_fetch(run, preparation, preparation.discovered).names)
            return report
        create_if_missing(deps, target, run.state)
        run.result = IngestResult(seen_classifiers=frozenset(seen_classifiers))
        with run.saving_state():
            _ingest_candidates(run, preparation)
            run.remove(preparation.cursor)
        run.confirm_cursor(preparation.cursor)
        # An older version of the program may have stored documents without a score.
        unread_names = sorted(run.project_states.keys() - run.result.processed)
        report.rescored = add_missing_scores(deps, target.collection, unread_names)
    return report


def prepare_fetch(run: Run) -> FetchPreparation:
    """Find the candidates and, where they can be compared, the serials of all packages."""
    deps, filter_, project_states = run.deps, run.filter, run.project_states
    reads_all = filter_.everything or deps.policy.discovery is Discovery.ALL
    run.options.progress("reading candidates", 0, None)
    bulk_candidates = frozenset() if reads_all else read_bulk_candidates(deps, filter_)
    # The serials must be older than the names, and an empty collection has nothing to compare.
    reads_serials = project_states or reads_all or filter_.uses_requirements
    run.options.progress(f"reading PyPI's {'list of packages' if reads_serials else 'changelog'}", 0, None)
    serials = deps.registry.fetch_serials() if reads_serials else None
    cursor = serials.last_serial if serials else deps.changelog.fetch_last_serial()
    discovered = discover_all(serials) if serials and reads_all else _discover(run, serials, bulk_candidates)
    if not run.options.dry_run:
        remember_candidates(deps, filter_, (bulk_candidates & discovered.names) - project_states.keys())
    discovered = replace(discovered, names=(discovered.names | run.replaced.names) - filter_.exclude.keys())
    _record_discovered(run, discovered)
    return FetchPreparation(
        serials=serials,
        cursor=cursor,
        discovered=discovered,
        names_to_reevaluate=find_changed_memberships(deps, run.target.collection, run.state, project_states),
    )


def plan_fetch(run: Run, preparation: FetchPreparation, discovered: DiscoveredProjects) -> ReadPlan:
    """Return the candidates to read, and the serials that their responses must reach."""
    if preparation.serials is None:
        return ReadPlan(names=tuple(sorted(discovered.names)), min_serials={})
    # Packages of the replaced collection are always read: their removal needs a reason from their documents.
    new_names = discovered.names - run.project_states.keys() - run.replaced.names
    return compare_serials(
        discovered.names - preparation.names_to_reevaluate,
        run.project_states,
        recall_non_members(run.deps, run.filter, run.state, new_names),
        preparation.serials,
        document_version=run.deps.policy.document_version,
    )


def _discover(run: Run, serials: Serials | None, bulk_candidates: frozenset[str]) -> DiscoveredProjects:
    """Request the classifiers of the filter, and add the candidates that no classifier points to."""
    discovered = discover_by_classifiers(run.deps.registry, run.filter, run.state, run.options.progress)
    if serials is None:  # then it is unknown which of the included packages exist
        return replace(discovered, names=discovered.names | run.filter.include.keys())
    listed_candidates = bulk_candidates & serials.by_name.keys()
    return replace(
        discovered, names=discovered.names | select_candidates(run.deps, run.filter, serials) | listed_candidates
    )


def _ingest_candidates(run: Run, preparation: FetchPreparation) -> None:
    """Read the candidates; as long as documents show unknown classifiers, request these and read what they add."""
    discovered = preparation.discovered
    while True:
        plan = plan_fetch(run, preparation, discovered)
        run.ingest(plan.names, plan.min_serials)
        if run.filter.everything or not discovered.classifier_counts or run.report.skipped:
            return
        state = replace(run.state, seen_classifiers=run.seen_classifiers)
        extended = discover_more(run.deps.registry, state, discovered, run.options.progress)
        if extended is discovered:
            return
        discovered = extended
        _record_discovered(run, discovered)


def _record_discovered(run: Run, discovered: DiscoveredProjects) -> None:
    run.report.found = len(run.select_names(discovered.names))
    run.classifier_counts = discovered.classifier_counts


class ShardPlan(Struct, frozen=True, kw_only=True):
    """The packages that a fetch has to read.

    Attributes:
        report: The cost of planning, and the failure that ended it.
        min_serials: The serial that a response must reach, by normalized name.
    """

    report: IngestReport
    min_serials: Mapping[str, int] = {}


def plan_shards(deps: Dependencies, target: Target, *, default: Filter) -> ShardPlan:
    """List the packages that a fetch would read, and create the collection if it does not exist."""
    report = IngestReport("fetch", target.collection)
    min_serials: dict[str, int] = {}
    with report.recording(deps), open_run(deps, target, default, RunOptions(), report, must_exist=False) as run:
        preparation = prepare_fetch(run)
        create_if_missing(deps, target, run.state)
        plan = plan_fetch(run, preparation, preparation.discovered)
        min_serials = {name: plan.min_serials.get(name, 0) for name in plan.names}
    return ShardPlan(report=report, min_serials=min_serials)


def fetch_shard(deps: Dependencies, target: Target, shard: Mapping[str, int], *, deadline: float = inf) -> IngestReport:
    """Read the packages of a shard and write the members, without those that were read since the plan was made."""
    report = IngestReport("fetch", target.collection, found=len(shard))
    with report.recording(deps):
        filter_ = target.filter or require_state(deps, target).filter
        completed = _find_completed(deps, target.collection, filter_, shard)
        report.unchanged = len(completed)
        context = IngestContext(min_serials=shard, deadline=deadline, saves_classifiers=False)
        names = (name for name in shard if name not in completed)
        ingest(deps, target.collection, filter_, names, context).add_to(report)
    return report


def read_seen_classifiers(deps: Dependencies, target: Target) -> frozenset[str]:
    """Return the classifiers that the documents of all shards carry, for the finishing fetch to request."""
    filter_ = target.filter or require_state(deps, target).filter
    return collect_seen_classifiers(deps, target.collection, filter_)


def _find_completed(deps: Dependencies, collection: str, filter_: Filter, shard: Mapping[str, int]) -> frozenset[str]:
    document_version = deps.policy.document_version
    stored_documents = deps.index.get_documents(collection, shard).items()
    serials = dict(deps.membership_cache.get_many(filter_.key, shard.keys())) | {
        name: min(document.last_serial if document.composed_with == document_version else 0 for document in documents)
        for name, documents in stored_documents
    }
    return frozenset(name for name, serial in serials.items() if serial >= max(shard[name], 1))
