"""The ways for workers to agree that the contract is put to: in the memory of a process, and on a real Redis."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from pyf.aggregator.adapters.memory_coordination import MemoryErrands, MemoryLocks, MemoryPace, MemorySeenStore
from pyf.aggregator.ports import Errands, Locks, Pace, SeenStore


@dataclass(frozen=True)
class Agreed:
    """All that workers agree by; `pace` makes one of so many seconds."""

    seen: SeenStore
    locks: Locks
    errands: Errands
    pace: Callable[[float], Pace]


@contextmanager
def _memory() -> Iterator[Agreed]:
    yield Agreed(MemorySeenStore(), MemoryLocks(), MemoryErrands(), MemoryPace)


COORDINATIONS: dict[str, Callable[[], AbstractContextManager[Agreed]]] = {"memory": _memory}
