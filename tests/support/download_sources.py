"""Sources of download counts for contract tests: the fake, and the adapters over HTTP."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import date, timedelta

from pyf.aggregator.adapters.downloads.clickhouse import ClickHouseDownloads
from pyf.aggregator.adapters.downloads.pypistats import Pypistats
from pyf.aggregator.adapters.http.client import HttpClient
from pyf.aggregator.adapters.http.retry import RetryPolicy
from pyf.aggregator.adapters.http.service_client import ServiceClient, ServiceLimits
from pyf.aggregator.domain.downloads import Downloads
from pyf.aggregator.ports import DownloadStats, RequestCounter
from pyf.aggregator.sandbox.downloads import DownloadTable, LocalClickHouse, LocalPypistats
from pyf.aggregator.sandbox.faults import Fault
from pyf.aggregator.testing.enrichment import FakeDownloadStats

NEWEST = date(2026, 8, 10)

# `busy` has 10 downloads a day for 60 days; `quiet` had 3 long ago; `null` is a name that decoders may misread.
DOWNLOADS = DownloadTable(
    {
        "busy": {NEWEST - timedelta(ago): 10 for ago in range(60)},
        "quiet": {date(2026, 5, 20): 3},
        "null": {NEWEST: 1, NEWEST - timedelta(6): 2, NEWEST - timedelta(29): 4, NEWEST - timedelta(30): 8},
        "pip": {NEWEST: 1000},
    },
    NEWEST,
)
EXPECTED_DOWNLOADS = {
    "busy": Downloads(
        last_day=10,
        last_week=70,
        last_month=300,
        total=600,
        history={"2026-06": 190, "2026-07": 310},
        newest_day=NEWEST,
    ),
    "quiet": Downloads(
        last_day=0,
        last_week=0,
        last_month=0,
        total=3,
        history={"2026-05": 3, "2026-06": 0, "2026-07": 0},
        newest_day=NEWEST,
    ),
    "null": Downloads(last_day=1, last_week=3, last_month=7, total=15, history={"2026-07": 12}, newest_day=NEWEST),
}


@dataclass(frozen=True)
class DownloadSource:
    """A source of download counts.

    Attributes:
        make_unavailable: Makes all its requests fail.
        unreported_fields: Fields of `Downloads` that it does not report.
    """

    stats: DownloadStats
    meter: RequestCounter
    make_unavailable: Callable[[], None]
    unreported_fields: tuple[str, ...] = ()


FAST_LIMITS = ServiceLimits(max_concurrency=4, retries=RetryPolicy(max_retries=1, backoff=0))


@contextmanager
def _open_memory() -> Iterator[DownloadSource]:
    memory = FakeDownloadStats(EXPECTED_DOWNLOADS)
    yield DownloadSource(memory, memory, lambda: memory.unavailable.update(["busy", "quiet", "null", "nobody"]))


@contextmanager
def _open_pypistats() -> Iterator[DownloadSource]:
    with LocalPypistats(DOWNLOADS) as local, HttpClient() as http:
        stats = Pypistats(ServiceClient(http, FAST_LIMITS), local.url)
        unreported_fields = ("total", "history", "newest_day")
        yield DownloadSource(stats, http, lambda: local.faults.add(Fault("503")), unreported_fields)


@contextmanager
def _open_clickhouse() -> Iterator[DownloadSource]:
    with LocalClickHouse(DOWNLOADS) as local, HttpClient() as http:
        stats = ClickHouseDownloads(ServiceClient(http, FAST_LIMITS), f"{local.url}/?user=demo")
        yield DownloadSource(stats, http, lambda: local.faults.add(Fault("503")))


DOWNLOAD_SOURCES: Mapping[str, Callable[[], AbstractContextManager[DownloadSource]]] = {
    "memory": _open_memory,
    "pypistats": _open_pypistats,
    "clickhouse": _open_clickhouse,
}
