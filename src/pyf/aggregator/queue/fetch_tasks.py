"""The full fetch, shared by several workers: planning, shards, and a final task that the last shard enqueues.

One lock covers the whole fetch, so a collection has at most one; it expires if no worker continues.

Redis can lose a message: it hands it to a worker before it records that. If the worker is killed at this moment, a
shard of the fetch never completes. Heartbeats detect this: a fetch that holds its lock without a heartbeat is stalled,
and the next run on the changelog finishes it.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import islice
from typing import Any
from uuid import uuid4

from celery import Task

from ..domain.errors import AggregatorError, Invalid, NotFound
from ..usecases.collections.target import Target
from ..usecases.ingest.fetch import fetch_collection, fetch_shard, plan_shards, read_seen_classifiers
from ..usecases.ingest.run import RunOptions
from ..usecases.report import RunReport
from . import task_names
from .app import app
from .execution import build_task_result, enqueue, get_lock_ttl, raise_or_retry, run_slice
from .worker_context import WorkerContext, get_worker_context, require_filter, select_targets

# Seconds after the last heartbeat at which a fetch counts as stalled; at most the visibility timeout.
_HEARTBEAT_TTL = 1800.0


def fetch_lock_name(collection: str) -> str:
    """Return the name of the lock of a collection's full fetch."""
    return f"fetch:{collection}"


def build_heartbeat_lock_name(collection: str) -> str:
    """Return the name of the lock that serves as heartbeat of a collection's full fetch."""
    return f"fetch-heartbeat:{collection}"


def record_heartbeat(context: WorkerContext, target: Target, owner: str) -> None:
    """Record that a fetch is running."""
    ttl = min(_HEARTBEAT_TTL, context.settings.celery_visibility_timeout)
    context.coordination.locks.acquire(build_heartbeat_lock_name(target.collection), owner, ttl)


def is_filling(context: WorkerContext, target: Target) -> bool:
    """Return whether a running fetch fills a collection for the first time."""
    if not context.coordination.locks.owner(build_heartbeat_lock_name(target.collection)):
        return False
    try:
        return context.deps.index.get_state(target.collection).cursor is None
    except NotFound:
        return True


def find_stalled_fetch(context: WorkerContext, target: Target) -> str:
    """Return the id of a fetch that holds its lock without a heartbeat, "" for none."""
    locks = context.coordination.locks
    is_running = locks.owner(build_heartbeat_lock_name(target.collection))
    return "" if is_running else locks.owner(fetch_lock_name(target.collection))


def _release_fetch(context: WorkerContext, target: Target, owner: str) -> None:
    for name in (build_heartbeat_lock_name(target.collection), fetch_lock_name(target.collection)):
        context.coordination.locks.release(name, owner)


def _acquire_fetch(context: WorkerContext, target: Target, owner: str) -> bool:
    return context.coordination.locks.acquire(fetch_lock_name(target.collection), owner, _get_fetch_lock_ttl(context))


def _get_fetch_lock_ttl(context: WorkerContext) -> float:
    """Return the lifetime of a fetch's lock: the shard of a lost worker returns after the visibility timeout."""
    return context.settings.celery_visibility_timeout + get_lock_ttl(context.settings)


class _FetchTask(Task):
    """A task of a full fetch; if it fails for good it must not block the next fetch."""

    def on_failure(self, exc: Exception, task_id: str, args: Any, kwargs: Any, einfo: Any) -> None:
        """Release the locks of the fetch."""
        arguments = _parse_arguments(args, kwargs)
        context, owner = get_worker_context(), arguments["fetch_id"] or task_id
        with suppress(Invalid):  # an unknown profile has no locks
            for target in select_targets(context, arguments["collection_name"], arguments["profile_name"]):
                _release_fetch(context, target, owner)


def _parse_arguments(args: Any, kwargs: Any) -> dict[str, str]:
    arguments = dict(zip(("collection_name", "profile_name", "fetch_id"), args, strict=False)) | kwargs
    return {name: arguments.get(name) or "" for name in ("collection_name", "profile_name", "fetch_id")}


@app.task(bind=True, base=_FetchTask, name=task_names.FETCH, throws=(AggregatorError,))
def full_fetch_all_packages(
    self: Task, collection_name: str = "", profile_name: str = "", fetch_id: str = ""
) -> dict[str, Any]:
    """Do what `pyf fetch` does. `fetch_id` names a fetch whose shards are complete, to be finished."""
    context = get_worker_context()
    targets = select_targets(context, collection_name, profile_name)
    if len(targets) != 1:
        for target in targets:
            enqueue(self, collection_name=target.collection)
        return {"status": "queued", "collections": [target.collection for target in targets]}
    (target,) = targets
    owner = fetch_id or self.request.id
    if not _acquire_fetch(context, target, owner):
        return {"status": "locked", "collection": target.collection}
    record_heartbeat(context, target, owner)
    result = None if fetch_id else _plan_and_enqueue_shards(self, context, target, profile_name, owner)
    if result is None:
        result = run_slice(
            self,
            context,
            lambda deadline: _finish_fetch(context, target, deadline, is_shared=bool(fetch_id)),
            collection_name=target.collection,
            profile_name=profile_name,
            fetch_id=owner,
        )
        if result["status"] != "incomplete":
            _release_fetch(context, target, owner)
    context.clear_target_cache()
    return result


def _plan_and_enqueue_shards(
    task: Task, context: WorkerContext, target: Target, profile_name: str, fetch_id: str
) -> dict[str, Any] | None:
    """Enqueue the shards of a fetch and return the task's result; None if one worker fetches everything."""
    size = context.settings.celery_fetch_batch_size
    if not size:
        return None
    fetch_plan = plan_shards(context.deps, target, default=require_filter(target))
    raise_or_retry(task, fetch_plan.report)
    if len(fetch_plan.min_serials) <= size:
        return None
    # New names each time: after a killed first delivery, its shards may still be in the queue.
    shards = {uuid4().hex: serials for serials in _split_batches(fetch_plan.min_serials, size)}
    context.coordination.partitions.create(fetch_id, shards, _get_fetch_lock_ttl(context))
    for shard, serials in shards.items():
        enqueue(
            fetch_batch,
            collection_name=target.collection,
            profile_name=profile_name,
            fetch_id=fetch_id,
            shard=shard,
            to_read=serials,
        )
    return build_task_result(fetch_plan.report) | {"status": "queued", "shards": len(shards)}


def _split_batches(to_read: Mapping[str, int], size: int) -> Iterator[dict[str, int]]:
    remaining = iter(to_read.items())
    while batch := dict(islice(remaining, size)):
        yield batch


def _finish_fetch(context: WorkerContext, target: Target, deadline: float, *, is_shared: bool) -> RunReport:
    classifiers = read_seen_classifiers(context.deps, target) if is_shared else ()
    return fetch_collection(
        context.deps,
        target,
        default=require_filter(target),
        options=RunOptions(deadline=deadline),
        seen_classifiers=classifiers,
    )


class _ShardTask(Task):
    """A shard of a fetch; one that fails for good counts as complete: the final task reads what is missing."""

    def on_failure(self, exc: Exception, task_id: str, args: Any, kwargs: Any, einfo: Any) -> None:
        """Mark the shard as complete."""
        _complete_shard(
            get_worker_context(), kwargs["collection_name"], kwargs["profile_name"], kwargs["fetch_id"], kwargs["shard"]
        )


@app.task(bind=True, base=_ShardTask, name=task_names.FETCH_BATCH, throws=(AggregatorError,))
def fetch_batch(
    self: Task, *, collection_name: str, profile_name: str, fetch_id: str, shard: str, to_read: dict[str, int]
) -> dict[str, Any]:
    """Fetch a shard: packages by name, each with the minimum serial of its response."""
    context = get_worker_context()
    (target,) = select_targets(context, collection_name, profile_name)
    _acquire_fetch(context, target, fetch_id)
    record_heartbeat(context, target, fetch_id)
    result = run_slice(
        self,
        context,
        lambda deadline: fetch_shard(context.deps, target, to_read, deadline=deadline),
        collection_name=collection_name,
        profile_name=profile_name,
        fetch_id=fetch_id,
        shard=shard,
        to_read=to_read,
    )
    record_heartbeat(context, target, fetch_id)
    if result["status"] != "incomplete":
        _complete_shard(context, collection_name, profile_name, fetch_id, shard)
    return result


def _complete_shard(context: WorkerContext, collection_name: str, profile_name: str, fetch_id: str, shard: str) -> None:
    """Mark a shard as complete; the last one enqueues the final task, which may run twice without harm."""
    if not context.coordination.partitions.complete(fetch_id, shard):
        enqueue(full_fetch_all_packages, collection_name=collection_name, profile_name=profile_name, fetch_id=fetch_id)
