"""A SQLite file in the hands of a process to which something happens between two transactions: it dies, for example.

No process is needed for that, so that every step of a run can be tried.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pyf.aggregator.adapters.sqlite.database import Database


class ProcessDeath(BaseException):
    """What a killed process does not survive; it is no `Exception`, so that nobody lives on by catching it."""


class HookedDatabase(Database):
    """Calls `meanwhile` before every transaction that writes, with the number of those before it."""

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
    """Dies instead of beginning transaction number `lives` + 1: from then on it neither writes nor reads.

    So whatever the program does on its way out changes nothing, as if it had never been done.
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
