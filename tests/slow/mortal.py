"""A SQLite file in the hands of a process to which something happens between two transactions: it dies, for example.

No process is needed for that, so that every step of a run can be tried.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pyf.aggregator.adapters.index.database import Database


class Death(BaseException):
    """What a killed process does not survive; it is no `Exception`, so that nobody lives on by catching it."""


class DisturbedDatabase(Database):
    """Calls `meanwhile` before every transaction that writes, with the number of those before it."""

    def __init__(self, path: Path, meanwhile: Callable[[int], None]) -> None:
        super().__init__(path)
        self.written = 0
        self._meanwhile = meanwhile

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        self._meanwhile(self.written)
        with super().writing() as connection:
            yield connection
        self.written += 1

    @contextmanager
    def noting(self) -> Iterator[sqlite3.Connection]:
        self._meanwhile(self.written)
        with super().noting() as connection:
            yield connection
        self.written += 1


class MortalDatabase(DisturbedDatabase):
    """Dies instead of beginning transaction number `lives` + 1: from then on it neither writes nor reads.

    So whatever the program does on its way out changes nothing, as if it had never been done.
    """

    def __init__(self, path: Path, lives: int) -> None:
        super().__init__(path, self._live_on)
        self._lives = lives
        self._is_dead = False

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        if self._is_dead:
            raise Death
        with super().reading() as connection:
            yield connection

    def _live_on(self, written: int) -> None:
        self._is_dead = self._is_dead or written >= self._lives
        if self._is_dead:
            raise Death
