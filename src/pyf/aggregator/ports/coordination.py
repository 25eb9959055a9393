"""Coordination of workers on any number of machines: deduplication, locks, partitioned jobs and rate limits.

Everything expires by itself, so that a process that dies blocks nothing for long.
"""

from collections.abc import Collection
from typing import Protocol

from msgspec import Struct


class DedupStore(Protocol):
    """Keys that expire; times are in seconds."""

    def reserve(self, key: str, seconds: int) -> bool:
        """Add a key atomically unless it exists; return whether it was added."""

    def confirm(self, key: str, seconds: int) -> None:
        """Add a key, or extend it from now on."""

    def release(self, key: str) -> None:
        """Remove a key, so that it can be reserved again."""


class Locks(Protocol):
    """Locks with one owner at a time; a lock expires unless its owner acquires it again in time."""

    def acquire(self, name: str, owner: str, seconds: float) -> bool:
        """Acquire a lock, or extend it; return whether `owner` has it now."""

    def release(self, name: str, owner: str) -> None:
        """Release a lock, if this owner has it."""

    def owner(self, name: str) -> str:
        """Return the owner of a lock, "" for none."""


class Partitions(Protocol):
    """The open shards of jobs that several workers share."""

    def create(self, job: str, shards: Collection[str], seconds: float) -> None:
        """Set the shards of a job, replacing earlier ones; they expire after `seconds`."""

    def complete(self, job: str, shard: str) -> int:
        """Mark a shard as complete; return how many remain. Repeating it changes nothing."""


class RateLimiter(Protocol):
    """A rate limit that all clients of one service share."""

    def acquire(self, permits: int = 1) -> float:
        """Reserve the next permits; return the seconds to wait before the first one."""

    def block_for(self, seconds: float) -> None:
        """Give no permit within this time, because the service demands a pause."""


class Coordination(Struct, frozen=True, kw_only=True):
    """The coordination ports together (rate limits are configured per client)."""

    dedup: DedupStore
    locks: Locks
    partitions: Partitions
