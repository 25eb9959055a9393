"""Dependencies of the tasks of one process, and the collections that a task works on.

The dependencies are opened at first use, shared by all threads, and closed when the process ends.
"""

import os
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from threading import Lock
from typing import Any

from celery.signals import worker_process_shutdown, worker_shutdown
from msgspec import Struct

from ..bootstrap import open_worker_dependencies
from ..config.profiles import load_profiles
from ..domain.errors import Invalid
from ..domain.membership.profile import Filter, Profile
from ..ports import Coordination, Dependencies
from ..settings import Settings, load_settings
from ..usecases.collections.overview import list_active_collections
from ..usecases.collections.target import Target
from .beat_schedule import ALL_COLLECTIONS

# Seconds. On a Typesense server, listing collections takes a request for each of them.
_TARGETS_TTL = 10.0


class WorkerContext(Struct, frozen=True):
    """Settings, profiles and dependencies of a worker process."""

    settings: Settings
    profiles: Mapping[str, Profile]
    deps: Dependencies
    coordination: Coordination
    _target_cache: "_TargetCache"

    def get_targets(self) -> Sequence[Target]:
        """Return the active collections."""
        targets = list_active_collections(self.deps, self.profiles)
        self._target_cache.targets, self._target_cache.expires_at = targets, time.monotonic() + _TARGETS_TTL
        return targets

    def get_cached_targets(self) -> Sequence[Target]:
        """Return the active collections, at most 10 seconds old; tasks on single packages need them often."""
        return self._target_cache.targets if time.monotonic() < self._target_cache.expires_at else self.get_targets()

    def clear_target_cache(self) -> None:
        """Clear the cache, because a collection may have been created."""
        self._target_cache.expires_at = 0.0


@dataclass
class _TargetCache:
    targets: Sequence[Target] = ()
    expires_at: float = 0.0


# Contexts by process id: a forked child must not use the connections of its parent.
_lock = Lock()
_contexts: dict[int, tuple[WorkerContext, ExitStack]] = {}


def get_worker_context() -> WorkerContext:
    """Return the context of this process; open it at the first call."""
    with _lock:
        if (opened := _contexts.get(os.getpid())) is None:
            with ExitStack() as stack:
                settings = load_settings()
                deps, coordination = stack.enter_context(open_worker_dependencies(settings))
                context = WorkerContext(
                    settings, load_profiles(settings.profiles_file), deps, coordination, _TargetCache()
                )
                opened = _contexts[os.getpid()] = (context, stack.pop_all())
        return opened[0]


@worker_process_shutdown.connect
@worker_shutdown.connect
def close_worker_context(**_: Any) -> None:
    """Close the context of this process if it is open."""
    with _lock:
        opened = _contexts.pop(os.getpid(), None)
    if opened is not None:
        opened[1].close()


def select_targets(context: WorkerContext, collection_name: str = "", profile_name: str = "") -> list[Target]:
    """Return the collections that a task works on; raises `Invalid` for an unknown profile.

    A named collection that does not exist is returned with the filter of its profile.
    """
    active_targets = list(context.get_targets())
    name = (
        ""
        if collection_name == ALL_COLLECTIONS
        else collection_name or profile_name or context.settings.typesense_collection
    )
    if not name and collection_name != ALL_COLLECTIONS:
        name = context.settings.default_profile
    if not name:
        return active_targets
    if profile_name:
        if profile_name not in context.profiles:
            profile_names = ", ".join(sorted(context.profiles))
            raise Invalid(f"unknown profile {profile_name!r}; known profiles: {profile_names}")
        return [Target(collection=name, filter=context.profiles[profile_name].filter)]
    collection = context.deps.admin.resolve(name)
    for target in active_targets:
        if collection is not None and context.deps.admin.resolve(target.collection) == collection:
            return [Target(collection=name, filter=target.filter)]
    profile = context.profiles.get(name) or context.profiles.get(context.settings.default_profile)
    return [Target(collection=name, filter=profile.filter if profile else None)]


def require_filter(target: Target) -> Filter:
    """Return the filter of a target; raises `Invalid` if it has none."""
    if target.filter is None:
        raise Invalid(f"collection {target.collection} does not exist and no profile has that name; pass a profile")
    return target.filter
