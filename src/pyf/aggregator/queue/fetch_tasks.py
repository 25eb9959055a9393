"""Follows full fetches by their signs of life: one at work is left alone, one that has fallen silent is ended.

Redis hands a message to a worker before that has noted it. With a worker that is killed just then the message is lost,
and with it a part of a fetch whose end would be waited for in vain.

The full fetch, which several workers share: a beginning, the parts of its reading, and an end by whoever is last.

One right covers all of it, so two full fetches of one collection don't run at once. It lapses if nobody goes on.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import islice
from typing import Any
from uuid import uuid4

from celery import Task

from ..domain.errors import AggregatorError, Invalid, NotFound, Unavailable
from ..usecases.collections.target import Target
from ..usecases.ingest.fetch import fetch_collection
from ..usecases.ingest.run import RunOptions
from ..usecases.ingest.sharded_fetch import fetch_shard, plan_shards, read_seen_classifiers
from ..usecases.report import RunReport
from . import task_names
from .app import app
from .execution import enqueue, get_lock_ttl, retry_later, run_slice, task_result
from .worker_context import WorkerContext, get_worker_context, require_filter, select_targets

# Seconds after the last sign of life, at most: by then the others go on without whoever was at work.
_HEARTBEAT_TTL = 1800.0


def record_heartbeat(context: WorkerContext, target: Target, owner: str) -> None:
    """Note that a fetch is at work on a collection."""
    context.coordination.locks.acquire(
        _heartbeat_lock_name(target), owner, min(_HEARTBEAT_TTL, context.settings.celery_visibility_timeout)
    )


def is_filling(context: WorkerContext, target: Target) -> bool:
    """Tell whether a fetch is at work on a collection that has never been complete."""
    if not context.coordination.locks.owner(_heartbeat_lock_name(target)):
        return False
    try:
        return context.deps.index.get_state(target.collection).cursor is None
    except NotFound:
        return True


def find_stalled_fetch(context: WorkerContext, target: Target) -> str:
    """Return the fetch that is to be ended because nobody is at work on it any more, "" for none."""
    return (
        ""
        if context.coordination.locks.owner(_heartbeat_lock_name(target))
        else context.coordination.locks.owner(fetch_lock_name(target))
    )


def fetch_lock_name(target: Target) -> str:
    """Return the name of the right to fetch a collection as a whole."""
    return f"fetch:{target.collection}"


def clear_heartbeat(context: WorkerContext, target: Target, owner: str) -> None:
    """Note that a fetch is over."""
    context.coordination.locks.release(_heartbeat_lock_name(target), owner)


def _heartbeat_lock_name(target: Target) -> str:
    return f"filling:{target.collection}"


class _FetchTask(Task):
    """A task of a fetch, which must not be in the way of the next one when it has failed for good."""

    def on_failure(self, exc: Exception, task_id: str, args: Any, kwargs: Any, einfo: Any) -> None:
        """Give the right back."""
        arguments = _parse_arguments(args, kwargs)
        context, owner = get_worker_context(), arguments["fetch_id"] or task_id
        with suppress(Invalid):  # a profile that there is not has no rights
            for target in select_targets(context, arguments["collection_name"], arguments["profile_name"]):
                clear_heartbeat(context, target, owner)
                context.coordination.locks.release(fetch_lock_name(target), owner)


def _parse_arguments(args: Any, kwargs: Any) -> dict[str, str]:
    arguments = dict(zip(("collection_name", "profile_name", "fetch_id"), args, strict=False)) | kwargs
    return {name: arguments.get(name) or "" for name in ("collection_name", "profile_name", "fetch_id")}


@app.task(bind=True, base=_FetchTask, name=task_names.FETCH, throws=(AggregatorError,))
def full_fetch_all_packages(
    self: Task, collection_name: str = "", profile_name: str = "", fetch_id: str = ""
) -> dict[str, Any]:
    """Do what `pyfaggregator -f` does. `fetch_id` names a fetch whose parts are done, and which is to be ended."""
    context = get_worker_context()
    targets = select_targets(context, collection_name, profile_name)
    if len(targets) != 1:
        for target in targets:
            enqueue(self, collection_name=target.collection)
        return {"status": "queued", "collections": [target.collection for target in targets]}
    (target,) = targets
    owner = fetch_id or self.request.id
    if not context.coordination.locks.acquire(fetch_lock_name(target), owner, _get_fetch_lock_ttl(context)):
        return {"status": "busy", "collection": target.collection}
    record_heartbeat(context, target, owner)
    size = context.settings.celery_fetch_batch_size
    if not fetch_id and size:
        fetch_plan = plan_shards(context.deps, target, default=require_filter(target))
        if isinstance(fetch_plan.report.error, Unavailable):
            retry_later(self, fetch_plan.report.error)
        if fetch_plan.report.error is not None:
            raise fetch_plan.report.error
        if len(fetch_plan.min_serials) > size:
            shard_count = _enqueue_shards(context, target, profile_name, owner, fetch_plan.min_serials)
            context.clear_target_cache()
            return task_result(fetch_plan.report) | {"status": "queued", "parts": shard_count}
    result = run_slice(
        self,
        context,
        lambda deadline: _finish_fetch(context, target, deadline, is_shared=bool(fetch_id)),
        collection_name=target.collection,
        profile_name=profile_name,
        fetch_id=owner,
    )
    if result["status"] != "partial":
        clear_heartbeat(context, target, owner)
        context.coordination.locks.release(fetch_lock_name(target), owner)
    context.clear_target_cache()
    return result


class _ShardTask(Task):
    """A part of a fetch; one that has failed for good is over as well: whoever ends the fetch reads what it lacks."""

    def on_failure(self, exc: Exception, task_id: str, args: Any, kwargs: Any, einfo: Any) -> None:
        """Hand the part in as it is."""
        _complete_shard(
            get_worker_context(), kwargs["collection_name"], kwargs["profile_name"], kwargs["fetch_id"], kwargs["part"]
        )


@app.task(bind=True, base=_ShardTask, name=task_names.FETCH_BATCH, throws=(AggregatorError,))
def fetch_batch(
    self: Task, *, collection_name: str, profile_name: str, fetch_id: str, part: str, to_read: dict[str, int]
) -> dict[str, Any]:
    """Read a part of a full fetch: projects by name, each with the serial that its answer must reach."""
    context = get_worker_context()
    (target,) = select_targets(context, collection_name, profile_name)
    context.coordination.locks.acquire(fetch_lock_name(target), fetch_id, _get_fetch_lock_ttl(context))
    record_heartbeat(context, target, fetch_id)
    result = run_slice(
        self,
        context,
        lambda deadline: fetch_shard(context.deps, target, to_read, deadline=deadline),
        collection_name=collection_name,
        profile_name=profile_name,
        fetch_id=fetch_id,
        part=part,
        to_read=to_read,
    )
    record_heartbeat(context, target, fetch_id)
    if result["status"] != "partial":
        _complete_shard(context, collection_name, profile_name, fetch_id, part)
    return result


def _finish_fetch(context: WorkerContext, target: Target, deadline: float, *, is_shared: bool) -> RunReport:
    classifiers = read_seen_classifiers(context.deps, target) if is_shared else ()
    return fetch_collection(
        context.deps,
        target,
        default=require_filter(target),
        options=RunOptions(deadline=deadline),
        seen_classifiers=classifiers,
    )


def _enqueue_shards(
    context: WorkerContext, target: Target, profile_name: str, fetch_id: str, to_read: Mapping[str, int]
) -> int:
    """Queue the parts; return how many there are."""
    # Names of their own: of a beginning that was killed and is delivered again, parts may be about already.
    shards = {uuid4().hex: serials for serials in _split_batches(to_read, context.settings.celery_fetch_batch_size)}
    context.coordination.partitions.create(fetch_id, shards, _get_fetch_lock_ttl(context))
    for shard, serials in shards.items():
        enqueue(
            fetch_batch,
            collection_name=target.collection,
            profile_name=profile_name,
            fetch_id=fetch_id,
            part=shard,
            to_read=serials,
        )
    return len(shards)


def _split_batches(to_read: Mapping[str, int], size: int) -> Iterator[dict[str, int]]:
    remaining = iter(to_read.items())
    while batch := dict(islice(remaining, size)):
        yield batch


def _complete_shard(context: WorkerContext, collection_name: str, profile_name: str, fetch_id: str, shard: str) -> None:
    """Note that a part is over; whoever is last queues the end, and may do so twice: it finds nothing left to do."""
    if not context.coordination.partitions.complete(fetch_id, shard):
        enqueue(full_fetch_all_packages, collection_name=collection_name, profile_name=profile_name, fetch_id=fetch_id)


def _get_fetch_lock_ttl(context: WorkerContext) -> float:
    """A part whose worker was lost comes back after the visibility time-out, and the right has to last until then."""
    return context.settings.celery_visibility_timeout + get_lock_ttl(context.settings)
