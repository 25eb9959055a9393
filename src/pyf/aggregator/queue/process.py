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
from ..bootstrap import open_worker
from ..domain.profile import Profile
from ..ports import Coordination, Services
from ..settings import Settings, load_settings
from ..usecases.in_use import in_use
from ..usecases.target import Target

# Seconds. An engine on a server is asked about each collection to tell which there are.
_KNOWN_FOR = 10.0


class Workshop(Struct, frozen=True):
    """Everything that a task works with."""

    settings: Settings
    profiles: Mapping[str, Profile]
    services: Services
    agreed: Coordination
    _known: "_Known"

    def targets(self) -> Sequence[Target]:
        """Return the collections in use."""
        targets = in_use(self.services, self.profiles)
        self._known.targets, self._known.until = targets, time.monotonic() + _KNOWN_FOR
        return targets

    def known_targets(self) -> Sequence[Target]:
        """Return the collections that were in use some seconds ago: who looks at single projects asks often."""
        return self._known.targets if time.monotonic() < self._known.until else self.targets()

    def forget_targets(self) -> None:
        """Look again at the next question, because a collection may have been created."""
        self._known.until = 0.0


@dataclass
class _Known:
    targets: Sequence[Target] = ()
    until: float = 0.0


# The workshop of a process, by its number: a forked child must use nothing of what its parent has opened.
_lock = Lock()
_open: dict[int, tuple[Workshop, ExitStack]] = {}


def workshop() -> Workshop:
    """Return the workshop of this process, which is opened if it is not yet."""
    with _lock:
        if (found := _open.get(os.getpid())) is None:
            with ExitStack() as stack:
                settings = load_settings()
                services, agreed = stack.enter_context(open_worker(settings))
                made = Workshop(settings, load_profiles(settings.profiles_file), services, agreed, _Known())
                found = _open[os.getpid()] = (made, stack.pop_all())
        return found[0]


@worker_process_shutdown.connect
@worker_shutdown.connect
def close_workshop(**_: Any) -> None:
    """Close the workshop of this process if it is open; the next need opens another one."""
    with _lock:
        found = _open.pop(os.getpid(), None)
    if found is not None:
        found[1].close()
