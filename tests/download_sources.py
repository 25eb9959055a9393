"""The sources of download counts that the contract is put to: in memory, and the real ones' adapters over HTTP."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import date, timedelta

from pyf.aggregator.adapters.downloads import ClickHouse, Pypistats
from pyf.aggregator.adapters.http import Http
from pyf.aggregator.adapters.memory_downloads import MemoryDownloads
from pyf.aggregator.adapters.retry import Retries
from pyf.aggregator.adapters.service import Limits, Service
from pyf.aggregator.domain.downloads import Downloads
from pyf.aggregator.ports import DownloadStats, RequestMeter
from pyf.aggregator.sample.clickhouse import LocalClickHouse
from pyf.aggregator.sample.download_table import DownloadTable
from pyf.aggregator.sample.faults import Fault
from pyf.aggregator.sample.pypistats import LocalPypistats

NEWEST = date(2026, 8, 10)

# `busy` has 10 a day for 60 days; `quiet` had one download long ago; `null` is a name that a decoder may trip over.
TABLE = DownloadTable(
    {
        "busy": {NEWEST - timedelta(ago): 10 for ago in range(60)},
        "quiet": {date(2026, 5, 20): 3},
        "null": {NEWEST: 1, NEWEST - timedelta(6): 2, NEWEST - timedelta(29): 4, NEWEST - timedelta(30): 8},
        "pip": {NEWEST: 1000},
    },
    NEWEST,
)
RECENT = {"busy": (10, 70, 300), "quiet": (0, 0, 0), "null": (1, 3, 7)}
TRUTH = {
    "busy": Downloads(
        last_day=10, last_week=70, last_month=300, total=600, history={"2026-06": 190, "2026-07": 310}, until=NEWEST
    ),
    "quiet": Downloads(
        last_day=0,
        last_week=0,
        last_month=0,
        total=3,
        history={"2026-05": 3, "2026-06": 0, "2026-07": 0},
        until=NEWEST,
    ),
    "null": Downloads(last_day=1, last_week=3, last_month=7, total=15, history={"2026-07": 12}, until=NEWEST),
}


@dataclass(frozen=True)
class Source:
    """One source, and the way to silence all of it; `tells_all` where it knows totals, months and the newest day."""

    stats: DownloadStats
    meter: RequestMeter
    silence: Callable[[], None]
    tells_all: bool


QUICK = Limits(workers=4, retries=Retries(most=1, backoff=0))


@contextmanager
def _memory() -> Iterator[Source]:
    memory = MemoryDownloads(TRUTH)
    yield Source(memory, memory, lambda: memory.down.update(["busy", "quiet", "null", "nobody"]), tells_all=True)


@contextmanager
def _pypistats() -> Iterator[Source]:
    with LocalPypistats(TABLE) as local, Http() as http:
        stats = Pypistats(Service(http, QUICK), local.url)
        yield Source(stats, http, lambda: local.faults.add(Fault("503")), tells_all=False)


@contextmanager
def _clickhouse() -> Iterator[Source]:
    with LocalClickHouse(TABLE) as local, Http() as http:
        stats = ClickHouse(Service(http, QUICK), f"{local.url}/?user=demo")
        yield Source(stats, http, lambda: local.faults.add(Fault("503")), tells_all=True)


SOURCES: Mapping[str, Callable[[], AbstractContextManager[Source]]] = {
    "memory": _memory,
    "pypistats": _pypistats,
    "clickhouse": _clickhouse,
}
