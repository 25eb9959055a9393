"""What the index holds, looked up now and then, whoever asks: an index that is slow must not hold a scrape up."""

import time
from collections.abc import Callable
from threading import Condition, Thread

from msgspec import Struct

from ..domain.errors import AggregatorError
from ..ports import Services
from ..usecases.catalogue import catalogue


class Facts(Struct, frozen=True, kw_only=True):
    """One collection under one of the names that people use; times in Unix seconds, None where not known."""

    name: str
    projects: int
    documents: int
    to_be_asked_again: int
    cursor: int | None
    cursor_set: int | None


def facts_of(services: Services) -> list[Facts]:
    """Look the collections up, leftovers of rebuilds left out; raises what the index raises."""
    return [
        Facts(
            name=name,
            projects=listed.info.projects,
            documents=listed.info.documents,
            to_be_asked_again=len(listed.state.rechecks),
            cursor=listed.state.cursor,
            cursor_set=listed.state.cursor_set or None,
        )
        for listed in catalogue(services).collections
        for name in listed.names
    ]


class IndexFacts:
    """The last facts, looked up anew when they are older than `fresh_for`; waits for them `patience` seconds at most.

    However many ask, one look is under way at a time, in a thread of its own that may wait for a server.
    """

    def __init__(self, look: Callable[[], list[Facts]], *, fresh_for: float = 5.0, patience: float = 5.0) -> None:
        self._look = look
        self._fresh_for = fresh_for
        self._patience = patience
        self._changed = Condition()
        self._is_looking = False
        self._looked_at = float("-inf")
        self._facts: list[Facts] | None = None

    def latest(self) -> list[Facts] | None:
        """Return the facts, None where the index does not answer, or not in time."""
        with self._changed:
            if time.monotonic() - self._looked_at <= self._fresh_for:
                return self._facts
            if not self._is_looking:
                self._is_looking = True
                Thread(target=self._update, name="index facts", daemon=True).start()
            is_done = self._changed.wait_for(lambda: not self._is_looking, timeout=self._patience)
            return self._facts if is_done else None

    def _update(self) -> None:
        facts: list[Facts] | None = None
        try:
            facts = self._look()
        except AggregatorError:
            facts = None  # told as such: `pyf_index_up` is 0
        finally:
            with self._changed:
                self._facts, self._looked_at, self._is_looking = facts, time.monotonic(), False
                self._changed.notify_all()
