"""What the tasks of one process work with: opened once at the first need, shared by its threads, closed at its end."""

import os
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from threading import Lock
from typing import Any

from celery.signals import worker_process_shutdown, worker_shutdown
from msgspec import Struct

from ..adapters.profiles import load_profiles
from ..bootstrap import open_worker_dependencies
from ..domain.profile import Profile
from ..ports import Coordination, Dependencies
from ..settings import Settings, load_settings
from ..usecases.in_use import list_active_collections
from ..usecases.target import Target

# Seconds. An engine on a server is asked about each collection to tell which there are.
_TARGETS_TTL = 10.0


class WorkerContext(Struct, frozen=True):
    """Everything that a task works with."""

    settings: Settings
    profiles: Mapping[str, Profile]
    deps: Dependencies
    coordination: Coordination
    _target_cache: "_TargetCache"

    def get_targets(self) -> Sequence[Target]:
        """Return the collections in use."""
        targets = list_active_collections(self.deps, self.profiles)
        self._target_cache.targets, self._target_cache.expires_at = targets, time.monotonic() + _TARGETS_TTL
        return targets

    def get_cached_targets(self) -> Sequence[Target]:
        """Return the collections that were in use some seconds ago: who looks at single projects asks often."""
        return self._target_cache.targets if time.monotonic() < self._target_cache.expires_at else self.get_targets()

    def clear_target_cache(self) -> None:
        """Look again at the next question, because a collection may have been created."""
        self._target_cache.expires_at = 0.0


@dataclass
class _TargetCache:
    targets: Sequence[Target] = ()
    expires_at: float = 0.0


# The workshop of a process, by its number: a forked child must use nothing of what its parent has opened.
_lock = Lock()
_contexts: dict[int, tuple[WorkerContext, ExitStack]] = {}


def get_worker_context() -> WorkerContext:
    """Return the workshop of this process, which is opened if it is not yet."""
    with _lock:
        if (opened := _contexts.get(os.getpid())) is None:
            with ExitStack() as stack:
                settings = load_settings()
                deps, coordination = stack.enter_context(open_worker_dependencies(settings))
                context = WorkerContext(settings, load_profiles(settings.profiles_file), deps, coordination, _TargetCache())
                opened = _contexts[os.getpid()] = (context, stack.pop_all())
        return opened[0]


@worker_process_shutdown.connect
@worker_shutdown.connect
def close_worker_context(**_: Any) -> None:
    """Close the workshop of this process if it is open; the next need opens another one."""
    with _lock:
        opened = _contexts.pop(os.getpid(), None)
    if opened is not None:
        opened[1].close()
