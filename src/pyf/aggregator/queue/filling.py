"""Follows full fetches by their signs of life: one at work is left alone, one that has fallen silent is ended.

Redis hands a message to a worker before that has noted it. With a worker that is killed just then the message is lost,
and with it a part of a fetch whose end would be waited for in vain.
"""

from ..domain.errors import NotFound
from ..usecases.target import Target
from .process import WorkerContext

# Seconds after the last sign of life, at most: by then the others go on without whoever was at work.
_HEARTBEAT_TTL = 1800.0


def record_heartbeat(context: WorkerContext, target: Target, owner: str) -> None:
    """Note that a fetch is at work on a collection."""
    context.coordination.locks.acquire(_heartbeat_lock_name(target), owner, min(_HEARTBEAT_TTL, context.settings.celery_visibility_timeout))


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
    return "" if context.coordination.locks.owner(_heartbeat_lock_name(target)) else context.coordination.locks.owner(fetch_lock_name(target))


def fetch_lock_name(target: Target) -> str:
    """Return the name of the right to fetch a collection as a whole."""
    return f"fetch:{target.collection}"


def clear_heartbeat(context: WorkerContext, target: Target, owner: str) -> None:
    """Note that a fetch is over."""
    context.coordination.locks.release(_heartbeat_lock_name(target), owner)


def _heartbeat_lock_name(target: Target) -> str:
    return f"filling:{target.collection}"
