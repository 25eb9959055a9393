"""Adds up what the processes of one worker have counted, which tell it one another in a folder of small files."""

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock
from uuid import uuid4

import msgspec
from msgspec import Struct

from ..ports import Quota, TaskMeter, TaskTime, Traffic


class _Told(Struct, frozen=True):
    """All counts of one process."""

    process: int
    requests: list[tuple[str, str, int]]
    quotas: list[Quota]
    tasks: list[tuple[str, str, TaskTime]]
    under_way: dict[str, int]


_decoder = msgspec.json.Decoder(_Told)


class SharedCounts:
    """The `Traffic` and `TaskMeter` of this process and of all that have published into the same folder.

    What a process has counted stays when it has ended; what it was working on does not. A forked child makes its own;
    any threads may use it.
    """

    def __init__(self, folder: Path, traffic: Traffic, tasks: TaskMeter) -> None:
        self._folder = folder
        self._traffic = traffic
        self._tasks = tasks
        self._file = folder / f"{uuid4().hex}.json"
        self._publishing = Lock()

    def publish(self) -> None:
        """Tell the others what this process has counted; a tenth of a millisecond."""
        with self._publishing:  # two threads would take away one another's unfinished file
            told = _Told(
                process=os.getpid(),
                requests=[(*key, count) for key, count in self._traffic.requests().items()],
                quotas=list(self._traffic.quotas()),
                tasks=[(*key, times) for key, times in self._tasks.tasks().items()],
                under_way=dict(self._tasks.under_way()),
            )
            unfinished = self._file.with_suffix(".new")
            unfinished.write_bytes(msgspec.json.encode(told))
            unfinished.replace(self._file)

    def requests(self) -> Mapping[tuple[str, str], int]:
        counts = Counter(self._traffic.requests())
        for told in self._others():
            for service, outcome, count in told.requests:
                counts[service, outcome] += count
        return counts

    def quotas(self) -> Sequence[Quota]:
        """Return what was told last: of one period the one with the least left, whoever heard it."""
        latest: dict[tuple[str, str], Quota] = {}
        for quota in (*self._traffic.quotas(), *(quota for told in self._others() for quota in told.quotas)):
            key = quota.service, quota.kind
            if key not in latest or (quota.resets_at, -quota.left) > (latest[key].resets_at, -latest[key].left):
                latest[key] = quota
        return list(latest.values())

    def tasks(self) -> Mapping[tuple[str, str], TaskTime]:
        counts = dict(self._tasks.tasks())
        for told in self._others():
            for name, outcome, times in told.tasks:
                before = counts.get((name, outcome), TaskTime())
                counts[name, outcome] = TaskTime(
                    count=before.count + times.count, seconds=before.seconds + times.seconds
                )
        return counts

    def under_way(self) -> Mapping[str, int]:
        counts = Counter(self._tasks.under_way())
        for told in self._others():
            if _is_alive(told.process):
                counts.update(told.under_way)
        return counts

    def _others(self) -> Iterator[_Told]:
        for file in self._folder.glob("*.json"):
            if file != self._file:
                with suppress(OSError):  # the folder goes with the worker
                    yield _decoder.decode(file.read_bytes())


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it is there, and somebody else's
        return True
    return True
