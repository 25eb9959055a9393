"""A fetch that several workers share: one plans it, all read a shard, and `fetch_collection` finishes it.

Only the finishing fetch removes packages and writes the collection's state. It also reads what a lost shard has left.
"""

from collections.abc import Mapping
from math import inf

from msgspec import Struct

from ...domain.membership.profile import Filter
from ...ports import Dependencies
from ..collections.target import Target, require_state
from ..report import IngestReport
from .fetch import plan_fetch, prepare_fetch
from .ingester import IngestContext, ingest
from .planning import collect_seen_classifiers
from .run import RunOptions, create_if_missing, open_run


class ShardPlan(Struct, frozen=True, kw_only=True):
    """What a fetch has to read.

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
