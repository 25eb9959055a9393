"""What the threads of one process agree by, for tests of what is built on it; the contract is that of `ports`."""

import time
from collections.abc import Callable, Collection
from threading import Lock


class MemorySeenStore:
    """Remembers keys until their time is up or the process ends; `now` is in seconds."""

    def __init__(self, *, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = Lock()
        self._until: dict[str, float] = {}

    def claim(self, key: str, seconds: int) -> bool:
        """Note a key unless it is there already."""
        with self._lock:
            if self._until.get(key, 0) > self._now():
                return False
            self._until[key] = self._now() + seconds
            return True

    def keep(self, key: str, seconds: int) -> None:
        """Have a key there from now on."""
        with self._lock:
            self._until[key] = self._now() + seconds

    def free(self, key: str) -> None:
        """Forget a key."""
        with self._lock:
            self._until.pop(key, None)


class MemoryLocks:
    """Rights that end when their time is up or the process ends; `now` is in seconds."""

    def __init__(self, *, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = Lock()
        self._held: dict[str, tuple[str, float]] = {}

    def take(self, name: str, holder: str, seconds: float) -> bool:
        """Take a right, or have it longer."""
        with self._lock:
            if self._holder(name) not in ("", holder):
                return False
            self._held[name] = (holder, self._now() + seconds)
            return True

    def give_back(self, name: str, holder: str) -> None:
        """Give a right back."""
        with self._lock:
            if self._holder(name) == holder:
                del self._held[name]

    def holder(self, name: str) -> str:
        """Return who has a right."""
        with self._lock:
            return self._holder(name)

    def _holder(self, name: str) -> str:
        holder, until = self._held.get(name, ("", 0.0))
        return holder if until > self._now() else ""


class MemoryErrands:
    """Keeps account until the time is up or the process ends; `now` is in seconds."""

    def __init__(self, *, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = Lock()
        self._parts: dict[str, tuple[set[str], float]] = {}

    def hand_out(self, work: str, parts: Collection[str], seconds: float) -> None:
        """Note the parts of a work."""
        with self._lock:
            self._parts[work] = (set(parts), self._now() + seconds)

    def hand_in(self, work: str, part: str) -> int:
        """Note that a part is done."""
        with self._lock:
            parts, until = self._parts.get(work, (set(), 0.0))
            parts.discard(part)
            return len(parts) if until > self._now() else 0


class MemoryPace:
    """Turns `delay` seconds apart, for the threads of one process; `now` is in seconds."""

    def __init__(self, delay: float, *, now: Callable[[], float] = time.monotonic) -> None:
        self._delay = delay
        self._now = now
        self._lock = Lock()
        self._next = 0.0

    def reserve(self, turns: int = 1) -> float:
        """Reserve the next turns."""
        with self._lock:
            now = self._now()
            first = max(now, self._next)
            self._next = first + turns * self._delay
            return first - now

    def rest(self, seconds: float) -> None:
        """Let no turn come for so long."""
        with self._lock:
            self._next = max(self._next, self._now() + seconds)
