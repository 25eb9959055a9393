"""Open a search index, bring it up to date, and rebuild it if it is missing or corrupt."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock

import tantivy
from msgspec import DecodeError, ValidationError

from ...domain.errors import Unavailable
from ..sqlite.database import hold_file_lock
from ..sqlite.read_only import can_write
from .entries import RankingContext
from .files import CorruptIndex, Stamp, are_unchanged, check, get_lock_path
from .indexer import catch_up, rebuild
from .source import CollectionSource, TooManyChanges
from .stored_fields import FILE_NAME, IndexProgress, NoSortPositionLeft, StoredFields, has_search_version

_BUSY = "another process is writing the search index"

# Seconds to wait for another process that builds the index, and between two attempts.
_BUILD_TIMEOUT, _PAUSE = 120.0, 0.05


class Snapshot:
    """One state of a search index, which does not change while it is read."""

    def __init__(self, searcher: tantivy.Searcher, stored: StoredFields, progress: IndexProgress) -> None:
        self.searcher = searcher
        self.stored = stored
        self.progress = progress


class IndexHandle:
    """The search index of one collection; threads share it."""

    def __init__(self, folder: Path, context: RankingContext) -> None:
        self._folder = folder
        self.context = context
        self._thread_lock = Lock()
        self._trusted: dict[str, Stamp] = {}
        self._snapshot: Snapshot | None = None
        self._stamp: tuple[int, int, int] | None = None
        self._resources = ExitStack()

    def get_snapshot(self, collection: CollectionSource) -> Snapshot:
        """Return the index at the collection's latest change.

        Returns an earlier state while another thread or process updates the index. Waits only if no index is usable.
        """
        snapshot = self._snapshot
        if snapshot:
            snapshot.stored.touch_mmap()
        if snapshot and self._is_current(snapshot, collection):
            return snapshot
        is_usable = (
            snapshot and self._matches(snapshot.progress, collection) and are_unchanged(self._folder, self._trusted)
        )
        if not self._thread_lock.acquire(blocking=not is_usable):
            assert snapshot
            return snapshot
        try:
            return self._bring_up_to_date(collection)
        finally:
            self._thread_lock.release()

    def rebuild(self, collection: CollectionSource) -> Snapshot:
        """Rebuild and return the index, after a search in it has failed."""
        with self._thread_lock:
            if not can_write(self._folder):
                self._move_to_temporary_folder()
            with self._lock(_BUILD_TIMEOUT):
                self._rebuild(collection)
            return self._load(collection)

    def close(self) -> None:
        """Close the files."""
        self._drop_snapshot()
        self._resources.close()

    def _drop_snapshot(self) -> None:
        snapshot, self._snapshot = self._snapshot, None
        if snapshot:
            snapshot.stored.close()

    def _move_to_temporary_folder(self) -> None:
        """Keep the index in a folder of this process, because it is not usable and can't be written."""
        temporary = self._resources.enter_context(TemporaryDirectory(prefix="pyf-search-"))
        self._folder, self._trusted = Path(temporary) / self._folder.name, {}

    def _bring_up_to_date(self, collection: CollectionSource) -> Snapshot:
        if self._snapshot and self._is_current(self._snapshot, collection):
            return self._snapshot
        try:
            snapshot = self._load(collection)
        except CorruptIndex:
            if not can_write(self._folder):
                self._move_to_temporary_folder()
            with self._lock(_BUILD_TIMEOUT):
                try:  # another process may have rebuilt it meanwhile
                    snapshot = self._load(collection)
                except CorruptIndex:
                    self._rebuild(collection)
                    snapshot = self._load(collection)
        # Without write access, a complete index is used as it is.
        if collection.is_current(snapshot.progress.position) or not can_write(self._folder):
            return snapshot
        try:
            with self._lock(0.0):
                self._catch_up(collection)
        except Unavailable as busy:
            if str(busy) != _BUSY:
                raise
            return snapshot
        return self._load(collection)

    def _catch_up(self, collection: CollectionSource) -> None:
        snapshot = self._load(collection)
        if collection.is_current(snapshot.progress.position):
            return
        try:
            with translate_failures():
                catch_up(collection, self._folder, snapshot.stored, snapshot.progress, self.context)
        except (NoSortPositionLeft, TooManyChanges, CorruptIndex):
            self._rebuild(collection)

    def _rebuild(self, collection: CollectionSource) -> None:
        self._drop_snapshot()
        with translate_failures():
            rebuild(collection, self._folder, self.context)

    def _load(self, collection: CollectionSource) -> Snapshot:
        """Return the index on disk; raises `CorruptIndex` if it is missing, damaged or of another collection."""
        stamp = self._read_stamp()
        if self._snapshot and self._is_unchanged(stamp) and self._matches(self._snapshot.progress, collection):
            return self._snapshot
        self._trusted = check(self._folder, trusted=self._trusted)
        with translate_failures():
            stored = StoredFields(self._folder / FILE_NAME)
            progress = stored.read_progress()
            if (
                progress is None
                or not self._matches(progress, collection)
                or not collection.confirms(progress.position)
            ):
                raise CorruptIndex(f"{self._folder} is not of this collection")
            stored.touch_mmap()
            self._snapshot = Snapshot(_open_searcher(self._folder), stored, progress)
        self._stamp = stamp
        return self._snapshot

    def _matches(self, progress: IndexProgress, collection: CollectionSource) -> bool:
        return (
            progress.identity == collection.identity
            and has_search_version(progress)
            and progress.lexicon == self.context.lexicon.fingerprint
            and collection.has_reached(progress.position)
        )

    def _is_current(self, snapshot: Snapshot, collection: CollectionSource) -> bool:
        return (
            self._matches(snapshot.progress, collection)
            and self._is_unchanged(self._read_stamp())
            and collection.is_current(snapshot.progress.position)
        )

    def _is_unchanged(self, stamp: tuple[int, int, int] | None) -> bool:
        return self._stamp == stamp and are_unchanged(self._folder, self._trusted)

    def _read_stamp(self) -> tuple[int, int, int] | None:
        """Return a stamp that changes with every commit and when the folder is replaced."""
        try:
            stat = (self._folder / "meta.json").stat()
        except OSError:
            return None
        return (stat.st_ino, stat.st_mtime_ns, stat.st_size)

    @contextmanager
    def _lock(self, timeout: float) -> Iterator[None]:
        """Hold the lock for writing the index; raises `Unavailable` if another process holds it for too long."""
        deadline = time.monotonic() + timeout
        with ExitStack() as lock:
            while True:
                try:
                    lock.enter_context(hold_file_lock(get_lock_path(self._folder), _BUSY))
                    break
                except Unavailable as busy:
                    if str(busy) != _BUSY or time.monotonic() >= deadline:
                        raise
                time.sleep(_PAUSE)
            yield


def _open_searcher(folder: Path) -> tantivy.Searcher:
    with ExitStack() as stack:
        if not can_write(folder):
            # tantivy opens an index only where it can create a lock file. Mapped files stay readable.
            links = Path(stack.enter_context(TemporaryDirectory(prefix="pyf-search-")))
            for path in folder.iterdir():
                if path.suffix != ".lock":
                    (links / path.name).symlink_to(path.absolute())
            folder = links
        index = tantivy.Index.open(str(folder))
        index.config_reader("manual")
        index.reload()
        return index.searcher()


@contextmanager
def translate_failures() -> Iterator[None]:
    """Raise `CorruptIndex` for every failure that a damaged index causes."""
    try:
        yield
    except (sqlite3.Error, ValueError, OSError, DecodeError, ValidationError, KeyError) as error:
        raise CorruptIndex(str(error)) from error
    except BaseException as error:
        # tantivy's Rust code panics on corrupt files.
        if type(error).__name__ == "PanicException":
            raise CorruptIndex(str(error)) from error
        raise
