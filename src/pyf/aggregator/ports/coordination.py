"""What workers on any number of machines agree by: what was seen, who is at work on what, and how often may be asked.

A process that dies leaves nothing behind that does not lapse by itself.
"""

from collections.abc import Collection
from typing import Protocol

from msgspec import Struct


class SeenStore(Protocol):
    """Remembers keys for a while; times in seconds."""

    def claim(self, key: str, seconds: int) -> bool:
        """Note a key for so long unless it is there already, in one step; tell whether it was not."""

    def keep(self, key: str, seconds: int) -> None:
        """Have a key there for so long from now on, whether it was there or not."""

    def free(self, key: str) -> None:
        """Forget a key, so that the next one can claim it."""


class Locks(Protocol):
    """Rights that one holder has at a time; each lapses unless its holder takes it again in time."""

    def take(self, name: str, holder: str, seconds: float) -> bool:
        """Take a right for so long; tell whether `holder` has it now. Who has it already has it longer."""

    def give_back(self, name: str, holder: str) -> None:
        """Give a right back, if this holder has it."""

    def holder(self, name: str) -> str:
        """Return who has a right, "" for nobody."""


class Errands(Protocol):
    """Keeps account of work that was handed out in parts, to whoever comes."""

    def hand_out(self, work: str, parts: Collection[str], seconds: float) -> None:
        """Note the parts of a work, in the place of former ones; they are forgotten after so many seconds."""

    def hand_in(self, work: str, part: str) -> int:
        """Note that a part is done; return how many are left. Handing in again changes nothing."""


class Pace(Protocol):
    """Gives turns to all who ask one service, so that together they ask no more often than they may."""

    def reserve(self, turns: int = 1) -> float:
        """Reserve the next turns; return how many seconds to wait before the first of them."""

    def rest(self, seconds: float) -> None:
        """Let no turn come within so many seconds: the service asked for silence."""


class Coordination(Struct, frozen=True, kw_only=True):
    """All of it together, but for the pace, which is the matter of those who ask."""

    seen: SeenStore
    locks: Locks
    errands: Errands
