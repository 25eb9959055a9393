"""One search index as it is open in this process, and its newest state; repairs it where it is missing or damaged."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Lock

import tantivy
from msgspec import DecodeError, ValidationError

from ...domain.errors import Unavailable
from ..sqlite.database import Database
from ..sqlite.file_lock import hold_file_lock
from .entries import Crowded, Entries, Progress
from .entry import FORM
from .files import Damaged, Stamp, are_untouched, check
from .keeping import ENTRIES, Collection, Measures, catch_up, latest_change, make_anew, who_changed

_BUSY = "another process is at work on the search index"

# Seconds that another process is waited for which makes the index, and between two looks at whether it has.
_PATIENCE, _PAUSE = 120.0, 0.05


class State:
    """What a search index holds at one moment: it stays as it is while it is asked."""

    def __init__(self, searcher: tantivy.Searcher, entries: Entries, progress: Progress) -> None:
        self.searcher = searcher
        self.entries = entries
        self.progress = progress


class OpenIndex:
    """A collection's search index; threads share it."""

    def __init__(self, database: Database, folder: Path, measures: Measures) -> None:
        self._database = database
        self._folder = folder
        self.measures = measures
        self._turn = Lock()
        self._trusted: dict[str, Stamp] = {}
        self._state: State | None = None
        self._stamp: tuple[int, int, int] | None = None

    def state(self, collection: Collection) -> State:
        """Return the index at the collection's latest change.

        It is an earlier one where another process is writing the index, and waited for where there is none yet.
        """
        state = self._state
        if state:
            state.entries.keep_mapped()
        if state and self._is_current(state, collection):
            return state
        # Whoever has a state to go on with does not wait for the one who brings it up to date.
        can_go_on = state and self._suits(state.progress, collection) and are_untouched(self._folder, self._trusted)
        if not self._turn.acquire(blocking=not can_go_on):
            assert state
            return state
        try:
            return self._brought_up(collection)
        finally:
            self._turn.release()

    def anew(self, collection: Collection) -> State:
        """Return the index made anew, because what is there has failed."""
        with self._turn:
            with self._writing(patiently=True):
                self._make_anew(collection)
            return self._loaded(collection)

    def close(self) -> None:
        """Close the files."""
        state, self._state = self._state, None
        if state:
            state.entries.close()

    def _brought_up(self, collection: Collection) -> State:
        if self._state and self._is_current(self._state, collection):
            return self._state
        try:
            state = self._loaded(collection)
        except Damaged:
            with self._writing(patiently=True):
                try:  # another process may have made it meanwhile
                    state = self._loaded(collection)
                except Damaged:
                    self._make_anew(collection)
                    state = self._loaded(collection)
        if state.progress.position >= collection.latest:
            return state
        try:
            with self._writing(patiently=False):
                self._catch_up(collection)
        except Unavailable as busy:
            if str(busy) != _BUSY:
                raise
            return state
        return self._loaded(collection)

    def _catch_up(self, collection: Collection) -> None:
        state = self._loaded(collection)
        if state.progress.position >= collection.latest:
            return
        try:
            with failures():
                catch_up(self._database, collection, self._folder, state.entries, state.progress, self.measures)
        except (Crowded, Damaged):
            self._make_anew(collection)

    def _make_anew(self, collection: Collection) -> None:
        self.close()
        with failures():
            make_anew(self._database, collection, self._folder, self.measures)

    def _loaded(self, collection: Collection) -> State:
        """Return what is on disk; raises `Damaged` for what is not there, not whole, or not of this collection."""
        stamp = self._stamp_on_disk()
        if self._state and self._is_as_loaded(stamp) and self._suits(self._state.progress, collection):
            return self._state
        self._trusted = check(self._folder, trusted=self._trusted)
        with failures():
            entries = Entries(self._folder / ENTRIES)
            progress = entries.progress()
            if progress is None or not self._suits(progress, collection) or not self._is_witnessed(progress):
                raise Damaged(f"{self._folder} is not of this collection")
            index = tantivy.Index.open(str(self._folder))
            index.config_reader("manual")
            index.reload()
            entries.keep_mapped()
            self._state = State(index.searcher(), entries, progress)
        self._stamp = stamp
        return self._state

    def _suits(self, held: Progress, collection: Collection) -> bool:
        return (
            (held.collection, held.created_at) == (collection.number, collection.created_at)
            and (held.position <= collection.latest or held.position <= self._latest(collection.number))
            and (held.form, held.words) == (FORM, self.measures.lexicon.fingerprint)
        )

    def _is_witnessed(self, held: Progress) -> bool:
        """Tell whether the last change that was seen is still that of the same project, as far as that can be told."""
        with self._database.reading() as connection:
            now = who_changed(connection, held.collection, held.position)
        return not now or now == held.witness

    def _is_current(self, state: State, collection: Collection) -> bool:
        return (
            state.progress.position >= collection.latest
            and self._suits(state.progress, collection)
            and self._is_as_loaded(self._stamp_on_disk())
        )

    def _is_as_loaded(self, stamp: tuple[int, int, int] | None) -> bool:
        return self._stamp == stamp and are_untouched(self._folder, self._trusted)

    def _stamp_on_disk(self) -> tuple[int, int, int] | None:
        """Return what changes with every commit, and with every folder that is put in the place of this one."""
        try:
            listed = (self._folder / "meta.json").stat()
        except OSError:
            return None
        return (listed.st_ino, listed.st_mtime_ns, listed.st_size)

    def _latest(self, collection: int) -> int:
        with self._database.reading() as connection:
            return latest_change(connection, collection)

    @contextmanager
    def _writing(self, *, patiently: bool) -> Iterator[None]:
        """Hold the right to write the index; raises `Unavailable` where another process holds it, for too long."""
        deadline = time.monotonic() + (_PATIENCE if patiently else 0.0)
        with ExitStack() as right:
            while True:
                try:
                    right.enter_context(hold_file_lock(self._folder.with_name(f"{self._folder.name}.lock"), _BUSY))
                    break
                except Unavailable as busy:
                    if str(busy) != _BUSY or time.monotonic() >= deadline:
                        raise
                time.sleep(_PAUSE)
            yield


@contextmanager
def failures() -> Iterator[None]:
    """Raise `Damaged` for whatever a search index fails with that is not whole."""
    try:
        yield
    except (sqlite3.Error, ValueError, OSError, DecodeError, ValidationError, KeyError) as error:
        raise Damaged(str(error)) from error
    except BaseException as error:
        # A panic of the library in Rust, which it has for files that hold what they never should.
        if type(error).__name__ == "PanicException":
            raise Damaged(str(error)) from error
        raise


def collection_of(connection: sqlite3.Connection, number: int) -> Collection:
    """Return what a collection's search index is told from others by, and how far the collection has come."""
    (created_at,) = connection.execute("SELECT created_at FROM collections WHERE id = ?", (number,)).fetchone()
    return Collection(number=number, created_at=created_at, latest=latest_change(connection, number))
