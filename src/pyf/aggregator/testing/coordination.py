"""Fakes of the coordination ports, for the threads of one process."""

import time
from collections.abc import Callable, Collection
from threading import Lock


class FakeDedupStore:
    """Keys that expire, in memory; `now` is in seconds."""

    def __init__(self, *, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = Lock()
        self._expires_at: dict[str, float] = {}

    def reserve(self, key: str, seconds: int) -> bool:
        """Add a key unless it exists."""
        with self._lock:
            if self._expires_at.get(key, 0) > self._now():
                return False
            self._expires_at[key] = self._now() + seconds
            return True

    def confirm(self, key: str, seconds: int) -> None:
        """Add or extend a key."""
        with self._lock:
            self._expires_at[key] = self._now() + seconds

    def release(self, key: str) -> None:
        """Remove a key."""
        with self._lock:
            self._expires_at.pop(key, None)


class FakeLocks:
    """Locks that expire, in memory; `now` is in seconds."""

    def __init__(self, *, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = Lock()
        self._owners: dict[str, tuple[str, float]] = {}

    def acquire(self, name: str, owner: str, seconds: float) -> bool:
        """Acquire or extend a lock."""
        with self._lock:
            if self._get_owner(name) not in ("", owner):
                return False
            self._owners[name] = (owner, self._now() + seconds)
            return True

    def release(self, name: str, owner: str) -> None:
        """Release a lock."""
        with self._lock:
            if self._get_owner(name) == owner:
                del self._owners[name]

    def owner(self, name: str) -> str:
        """Return the owner of a lock."""
        with self._lock:
            return self._get_owner(name)

    def _get_owner(self, name: str) -> str:
        owner, expires_at = self._owners.get(name, ("", 0.0))
        return owner if expires_at > self._now() else ""


class FakePartitions:
    """Open shards of jobs, in memory; `now` is in seconds."""

    def __init__(self, *, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = Lock()
        self._shards: dict[str, tuple[set[str], float]] = {}

    def create(self, job: str, shards: Collection[str], seconds: float) -> None:
        """Set the shards of a job."""
        with self._lock:
            self._shards[job] = (set(shards), self._now() + seconds)

    def complete(self, job: str, shard: str) -> int:
        """Mark a shard as complete."""
        with self._lock:
            shards, expires_at = self._shards.get(job, (set(), 0.0))
            shards.discard(shard)
            return len(shards) if expires_at > self._now() else 0


class FakeRateLimiter:
    """A rate limit of one permit per `delay` seconds, in memory; `now` is in seconds."""

    def __init__(self, delay: float, *, now: Callable[[], float] = time.monotonic) -> None:
        self._delay = delay
        self._now = now
        self._lock = Lock()
        self._next_slot = 0.0

    def acquire(self, permits: int = 1) -> float:
        """Reserve the next permits."""
        with self._lock:
            now = self._now()
            slot = max(now, self._next_slot)
            self._next_slot = slot + permits * self._delay
            return slot - now

    def block_for(self, seconds: float) -> None:
        """Give no permit within this time."""
        with self._lock:
            self._next_slot = max(self._next_slot, self._now() + seconds)
