"""Build the entries of a search index, in several processes if there are many.

Building takes 90 % of the time of a rebuild; one process reads the packages and writes the entries of all.
"""

import gc
import logging
import os
import pickle
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import date
from functools import partial
from queue import SimpleQueue
from typing import Any, TypeAlias

from msgspec import UNSET, Struct
from msgspec.msgpack import Decoder, encode
from msgspec.structs import replace

from ...domain.health import ScoringConfig
from ...domain.health.compatibility import has_supported_version
from ...domain.relevance import Lexicon, PopularityScale, QualitySignals, compute_quality
from ...domain.text import to_date
from ..pipes import receive, send
from .indexed_package import SEARCH_VERSION
from .source import PackageRecord
from .stored_fields import PackageRow, to_row
from .terms import build_document

# -P: files in the current folder must not shadow modules.
_PROGRAM = (sys.executable, "-P", "-m", "pyf.aggregator.adapters.fulltext.entries")
# Fewer packages are built by this process in less time than another one needs to start.
_MIN_PACKAGES = 2_000
# More processes wait for the one that writes.
_MAX_PROCESSES = 6
# Batches that are built or wait for the writing process, for each process.
_BATCHES_AHEAD = 2

# Packages in the form of their source, with their positions among all names.
StoredBatch: TypeAlias = Sequence[tuple[int, Any]]
BuiltBatch: TypeAlias = Sequence["Entry"]

_log = logging.getLogger(__name__)


class RankingContext(Struct, frozen=True):
    """The configuration to tokenize and rank packages; `now` returns the time in Unix seconds."""

    lexicon: Lexicon
    scoring_config: ScoringConfig
    now: Callable[[], float]

    def freeze(self) -> "RankingContext":
        """Return the context with the current time, which can be pickled."""
        return replace(self, now=partial(float, self.now()))

    @property
    def today(self) -> date:
        """The current day."""
        return to_date(self.now())

    def compute_quality(self, signals: QualitySignals, scale: PopularityScale) -> float:
        """Compute the quality of a package as of today."""
        return compute_quality(signals, scale, is_current=self.is_current(signals.framework_versions, self.today))

    def is_current(self, framework_versions: Iterable[str], day: date) -> bool | None:
        """Return whether one of these versions is supported on a day; None if the release calendar has none of them."""
        is_supported = has_supported_version(framework_versions, self.scoring_config, day)
        return None if is_supported is UNSET else is_supported


class Entry(Struct, frozen=True, array_like=True):
    """What the files of an index store of a package; `row` and `document` only if it can be found."""

    name: str
    numbers: tuple[int, ...]
    row: PackageRow | None = None
    document: str = ""


_ENTRIES = Decoder(list[Entry])


class EntryBuilder(Struct, frozen=True):
    """Builds entries; other processes get a copy.

    Attributes:
        parse: Builds the record of a package from the form of its source.
        step: The distance between the sort positions of neighboring names.
    """

    parse: Callable[[Any], PackageRecord]
    context: RankingContext
    popularity: PopularityScale
    step: int

    def build(self, batch: StoredBatch) -> BuiltBatch:
        """Build the entries of packages; a package's position is its number in the index."""
        return [self._build(position, self.parse(package)) for position, package in batch]

    def _build(self, position: int, record: PackageRecord) -> Entry:
        if record.entry is None:
            return Entry(record.name, record.numbers)
        sort_position = position * self.step
        quality = self.context.compute_quality(record.entry.quality_signals, self.popularity)
        document = build_document(
            record.entry, self.context.lexicon, number=position, sort_position=sort_position, quality=quality
        )
        return Entry(record.name, record.numbers, to_row(record.entry, sort_position, position), document)


def count_processes(package_count: int) -> int:
    """Return how many processes build this number of packages the fastest."""
    return min(os.cpu_count() or 1, _MAX_PROCESSES, package_count // _MIN_PACKAGES + 1)


@contextmanager
def open_builders(
    builder: EntryBuilder, process_count: int
) -> Iterator[Callable[[Iterable[StoredBatch]], Iterator[BuiltBatch]]]:
    """Start processes; provide a function that builds batches, in their order. One process means this one."""
    if process_count == 1:
        yield partial(map, builder.build)
        return
    setup = pickle.dumps((SEARCH_VERSION, builder))
    idle: SimpleQueue[_Process] = SimpleQueue()
    processes = [_Process(setup) for _ in range(process_count)]
    for process in processes:
        idle.put(process)

    def build(batch: StoredBatch) -> BuiltBatch:
        process = idle.get()
        try:
            return process.build(batch)
        except (EOFError, BrokenPipeError):
            # It was killed, or the batch can't be built: this process raises the error then.
            _log.info("a process that builds a search index has ended: building %d packages here", len(batch))
            return builder.build(batch)
        finally:
            idle.put(process)

    def build_all(batches: Iterable[StoredBatch]) -> Iterator[BuiltBatch]:
        running: deque[Future[BuiltBatch]] = deque()
        for batch in batches:
            running.append(threads.submit(build, batch))
            if len(running) > process_count * _BATCHES_AHEAD:
                yield running.popleft().result()
        while running:
            yield running.popleft().result()

    with ThreadPoolExecutor(process_count, thread_name_prefix="indexing") as threads:
        try:
            yield build_all
        finally:
            threads.shutdown(cancel_futures=True)
            for process in processes:
                process.close()


class _Process:
    """Another process that builds entries until its input ends."""

    def __init__(self, setup: bytes) -> None:
        # Its own process group: Ctrl-C in the terminal reaches the parent only, which ends this one.
        self._process = subprocess.Popen(  # noqa: S603 - the program is ours
            _PROGRAM, bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE, process_group=0
        )
        with suppress(BrokenPipeError):
            self._send(setup)

    def build(self, batch: StoredBatch) -> BuiltBatch:
        """Build a batch; raises `EOFError` or `BrokenPipeError` if the process has ended."""
        self._send(pickle.dumps(batch))
        assert self._process.stdout is not None
        return _ENTRIES.decode(receive(self._process.stdout.fileno()))

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        with self._process:
            pass

    def _send(self, message: bytes) -> None:
        assert self._process.stdin is not None
        send(self._process.stdin.fileno(), message)


def main() -> None:
    """Build batches from stdin; ends at the first error, which the parent meets, too, and reports."""
    gc.disable()  # nothing that is built has cycles
    with suppress(EOFError, BrokenPipeError):
        version, builder = pickle.loads(receive(sys.stdin.fileno()))  # noqa: S301 - from our own process
        # An upgrade may have replaced the program since the parent was started.
        while version == SEARCH_VERSION:
            batch = pickle.loads(receive(sys.stdin.fileno()))  # noqa: S301
            send(sys.stdout.fileno(), encode(builder.build(batch)))


if __name__ == "__main__":
    main()
