"""A full fetch that several workers share: one finds out what is to be read, all read a part, one ends it with `fetch`.

What the parts have read the ending finds in its place, so it reads only what is missing; and only it removes projects,
sets the cursor and writes down what the collection remembers. So nothing is lost with a part that is never done.
"""

from collections.abc import Mapping
from math import inf
from types import MappingProxyType

from msgspec import Struct

from ...domain.membership.profile import Filter
from ...ports import Dependencies
from ..collections.target import Target, clear_leftovers, create_with_alias, require_state, resolve_filter
from ..report import IngestReport
from .fetch import plan_reads, prepare_fetch
from .ingester import Ingester
from .planning import collect_seen_classifiers


class ShardPlan(Struct, frozen=True, kw_only=True):
    """What a full fetch has to read: projects by normalised name, each with the serial that its answer must reach.

    `report` tells what finding that out took.
    """

    report: IngestReport
    min_serials: Mapping[str, int] = MappingProxyType({})


def plan_shards(deps: Dependencies, target: Target, *, default: Filter) -> ShardPlan:
    """Find out what a full fetch would read, and create the collection where it does not exist."""
    report = IngestReport("fetch", target.collection)
    min_serials: dict[str, int] = {}
    with report.recording(deps), deps.admin.lock(target.collection):
        clear_leftovers(deps, target.collection)
        fetch_plan = prepare_fetch(deps, target, resolve_filter(deps, target, default))
        if deps.admin.resolve(target.collection) is None:
            create_with_alias(deps.admin, target.collection, fetch_plan.state)
        read_plan = plan_reads(deps, fetch_plan)
        min_serials = {name: read_plan.min_serials.get(name, 0) for name in read_plan.names}
        report.found = len(fetch_plan.discovered.names)
    return ShardPlan(report=report, min_serials=min_serials)


def fetch_shard(deps: Dependencies, target: Target, shard: Mapping[str, int], *, deadline: float = inf) -> IngestReport:
    """Read some of a plan's projects and write those that belong, up to the moment `until` (Unix seconds).

    What has been read since the plan was made is left out: a part that is done twice is done once.
    """
    report = IngestReport("fetch", target.collection, found=len(shard))
    with report.recording(deps):
        filter_ = target.filter or require_state(deps, target).filter
        completed = _find_completed(deps, target.collection, filter_, shard)
        report.unchanged = len(completed)
        ingester = Ingester(
            deps,
            target.collection,
            filter_,
            report,
            registry_serial=0,
            min_serials=shard,
            deadline=deadline,
            is_shard=True,
        )
        ingester.ingest(name for name in shard if name not in completed)
    return report


def _find_completed(deps: Dependencies, collection: str, filter_: Filter, shard: Mapping[str, int]) -> frozenset[str]:
    document_version = deps.policy.document_version
    stored_documents = deps.index.get_documents(collection, shard).items()
    serials = dict(deps.membership_cache.get_many(filter_.key, shard.keys())) | {
        name: min(document.last_serial if document.composed_with == document_version else 0 for document in documents)
        for name, documents in stored_documents
    }
    return frozenset(name for name, serial in serials.items() if serial >= max(shard[name], 1))


def read_seen_classifiers(deps: Dependencies, target: Target) -> frozenset[str]:
    """Return the classifiers that the parts have come across, for the ending to ask the registry for."""
    filter_ = target.filter or require_state(deps, target).filter
    return collect_seen_classifiers(deps, target.collection, filter_)
