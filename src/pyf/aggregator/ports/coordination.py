"""What workers on any number of machines agree by: what was seen, who is at work on what, and how often may be asked.

A process that dies leaves nothing behind that does not lapse by itself.
"""

from collections.abc import Collection
from typing import Protocol

from msgspec import Struct


class DedupStore(Protocol):
    """Remembers keys for a while; times in seconds."""

    def reserve(self, key: str, seconds: int) -> bool:
        """Note a key for so long unless it is there already, in one step; tell whether it was not."""

    def confirm(self, key: str, seconds: int) -> None:
        """Have a key there for so long from now on, whether it was there or not."""

    def release(self, key: str) -> None:
        """Forget a key, so that the next one can claim it."""


class Locks(Protocol):
    """Rights that one holder has at a time; each lapses unless its holder takes it again in time."""

    def acquire(self, name: str, owner: str, seconds: float) -> bool:
        """Take a right for so long; tell whether `holder` has it now. Who has it already has it longer."""

    def release(self, name: str, owner: str) -> None:
        """Give a right back, if this holder has it."""

    def owner(self, name: str) -> str:
        """Return who has a right, "" for nobody."""


class Partitions(Protocol):
    """Keeps account of work that was handed out in parts, to whoever comes."""

    def create(self, job: str, shards: Collection[str], seconds: float) -> None:
        """Note the parts of a work, in the place of former ones; they are forgotten after so many seconds."""

    def complete(self, job: str, shard: str) -> int:
        """Note that a part is done; return how many are left. Handing in again changes nothing."""


class RateLimiter(Protocol):
    """Gives turns to all who ask one service, so that together they ask no more often than they may."""

    def acquire(self, permits: int = 1) -> float:
        """Reserve the next turns; return how many seconds to wait before the first of them."""

    def block_for(self, seconds: float) -> None:
        """Let no turn come within so many seconds: the service asked for silence."""


class Coordination(Struct, frozen=True, kw_only=True):
    """All of it together, but for the pace, which is the matter of those who ask."""

    dedup: DedupStore
    locks: Locks
    partitions: Partitions
