"""A SQLite file in the hands of a process that dies between two transactions, without the cost of a process."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pyf.aggregator.adapters.index.database import Database


class Death(BaseException):
    """What a killed process does not survive; it is no `Exception`, so that nobody lives on by catching it."""


class MortalDatabase(Database):
    """Dies instead of beginning transaction number `lives` + 1: from then on it neither writes nor reads.

    So whatever the program does on its way out changes nothing, as if it had never been done. `written` counts the
    transactions.
    """

    def __init__(self, path: Path, lives: float = float("inf")) -> None:
        super().__init__(path)
        self._lives = lives
        self._is_dead = False
        self.written = 0

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        if self._is_dead:
            raise Death
        with super().reading() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        self._begin_another()
        with super().writing() as connection:
            yield connection
        self.written += 1

    @contextmanager
    def noting(self) -> Iterator[sqlite3.Connection]:
        self._begin_another()
        with super().noting() as connection:
            yield connection
        self.written += 1

    def _begin_another(self) -> None:
        if self.written >= self._lives:
            self._is_dead = True
        if self._is_dead:
            raise Death
