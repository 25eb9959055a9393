"""SQLite databases that crash, or call a hook, between two transactions of this process."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pyf.aggregator.adapters.sqlite.database import Database


class ProcessDeath(BaseException):
    """Simulated death of the process; no `Exception`, so that the program cannot catch it."""


class HookedDatabase(Database):
    """Calls `before_write` before every writing transaction, with the number of finished ones."""

    def __init__(self, path: Path, before_write: Callable[[int], None]) -> None:
        super().__init__(path)
        self.transaction_count = 0
        self._before_write = before_write

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        self._before_write(self.transaction_count)
        with super().writing() as connection:
            yield connection
        self.transaction_count += 1

    @contextmanager
    def writing_relaxed(self) -> Iterator[sqlite3.Connection]:
        self._before_write(self.transaction_count)
        with super().writing_relaxed() as connection:
            yield connection
        self.transaction_count += 1


class CrashingDatabase(HookedDatabase):
    """Crashes instead of the transaction after `max_transactions`; after that, it neither reads nor writes.

    So cleanup code of the program has no effect, as after a real kill.
    """

    def __init__(self, path: Path, max_transactions: int) -> None:
        super().__init__(path, self._crash_if_due)
        self._max_transactions = max_transactions
        self._is_dead = False

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        if self._is_dead:
            raise ProcessDeath
        with super().reading() as connection:
            yield connection

    def _crash_if_due(self, transaction_count: int) -> None:
        self._is_dead = self._is_dead or transaction_count >= self._max_transactions
        if self._is_dead:
            raise ProcessDeath
