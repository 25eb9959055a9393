"""What the tasks of one process work with: opened once at the first need, shared by its threads, closed at its end."""

import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
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


class Workshop(Struct, frozen=True):
    """Everything that a task works with."""

    settings: Settings
    profiles: Mapping[str, Profile]
    services: Services
    agreed: Coordination

    def targets(self) -> Sequence[Target]:
        """Return the collections in use."""
        return in_use(self.services, self.profiles)


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
                made = Workshop(settings, load_profiles(settings.profiles_file), services, agreed)
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
