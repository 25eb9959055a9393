"""Download counts from ClickHouse's public copy of PyPI's log: hundreds of projects a request, with a year by month."""

import re
from collections.abc import Generator, Iterable, Mapping, Sequence
from datetime import date
from math import ceil

import msgspec
from msgspec import Struct

from ...domain.downloads import Downloads, to_month, list_whole_months
from ...domain.errors import AggregatorError, Invalid, NotFound, Unavailable
from ...ports import DownloadResult, CostEstimate
from ..answers import drop_traceback
from ..body import BufferedReader
from ..retry import RetryPolicy, Transient
from ..service import MEBIBYTE, ServiceLimits, Request, ServiceClient
from .clickhouse_query import MONTHS, MAX_NAMES, split_by_query_size, build_query
from .values import NonNegativeInt, unset_if_none

# One question at a time: the public server allows some 60 an hour, and each may read hundreds of millions of rows.
CLICKHOUSE_LIMITS = ServiceLimits(max_concurrency=1, timeout=180, retries=RetryPolicy(max_retries=2, backoff=5.0))

# A question that is too much for the server is asked in halves, but not in ever smaller ones.
_MIN_SPLIT = 100

_ERROR_TEXT = re.compile(rb"Code: (\d{1,5})\. ?DB::\w*Exception: ([^\n\"]{0,300})")
_LIMIT_CODES = frozenset({158, 159, 160, 241, 307, 396})  # rows, time, slowness, memory, bytes, rows of the result
_TRANSIENT_CODES = frozenset({202, 209, 210, 236, 394})  # too many at once, the server's network, cancelled


class _QueryTooLarge(Unavailable):
    """The question asks for more than the server allows."""


class _Row(Struct, frozen=True):
    name: str
    found: str | None = None
    newest: date | None = None
    first: date | None = None
    last_day: NonNegativeInt | None = None
    last_week: NonNegativeInt | None = None
    last_month: NonNegativeInt | None = None
    total: NonNegativeInt | None = None
    months: tuple[NonNegativeInt, ...] = ()
    counts: tuple[NonNegativeInt, ...] = ()


class _ClickHouseResponse(Struct, frozen=True):
    data: tuple[_Row, ...]
    exception: str = ""


# Numbers of 64 bits are text in the answers of some versions and numbers in those of others.
_decoder = msgspec.json.Decoder(_ClickHouseResponse, strict=False)


class ClickHouseDownloads:
    """The `DownloadStats` of ClickHouse at `url`, which carries the user in its query."""

    source = "clickhouse"

    def __init__(self, service: ServiceClient, url: str) -> None:
        self._service = service
        self._url = url

    def estimate_cost(self, project_count: int) -> CostEstimate:
        return CostEstimate(requests=ceil(project_count / MAX_NAMES), seconds=0)

    def fetch_counts(self, names: Iterable[str]) -> Generator[Sequence[DownloadResult], None, None]:
        yield from self._service.stream(split_by_query_size(names), self._fetch_batch, max_pending=1)

    async def _fetch_batch(self, names: Sequence[str]) -> Sequence[DownloadResult]:
        try:
            rows = await self._service.get_async(self._build_request(names), lambda: BufferedReader(_parse_rows))
        except _QueryTooLarge as error:
            if len(names) <= _MIN_SPLIT:
                return _fail_all(names, error)
            middle = len(names) // 2
            return [*await self._fetch_batch(names[:middle]), *await self._fetch_batch(names[middle:])]
        except AggregatorError as error:
            return _fail_all(names, error)
        by_name = {row.name: row for row in rows}
        return [DownloadResult(name=name, outcome=_build_outcome(by_name.get(name))) for name in names]

    def _build_request(self, names: Sequence[str]) -> Request:
        return Request(
            url=self._url,
            method="POST",
            headers={"Content-Type": "text/plain; charset=utf-8"},
            body=build_query(names).encode(),
            label=f"downloads of {len(names)} projects",
            max_bytes=16 * MEBIBYTE,
            must_exist=True,
            parse_error=_parse_error,
        )


def _fail_all(names: Sequence[str], error: AggregatorError) -> Sequence[DownloadResult]:
    # That a question is refused as wrong is no fault of the projects that it is about.
    outcome = Unavailable(str(error)) if isinstance(error, Invalid) else drop_traceback(error)
    return [DownloadResult(name=name, outcome=outcome) for name in names]


def _parse_rows(body: bytes) -> tuple[_Row, ...]:
    """Return the rows of an answer; a failure in the middle of it is told in its text only."""
    try:
        response = _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _find_exception(body) or Transient(f"the answer is not the JSON that was asked for ({error})") from error
    if response.exception:
        error_text = response.exception.encode()
        raise _find_exception(error_text) or Transient(f"the answer ends with a failure: {response.exception:.300}")
    return response.data


def _parse_error(error: AggregatorError, body: bytes) -> AggregatorError:
    return _find_exception(body) or error


def _find_exception(body: bytes) -> Unavailable | None:
    """Return the meaning of the failure that a text of ClickHouse tells of, None where it tells of none."""
    found = _ERROR_TEXT.search(body)
    if found is None:
        return None
    code, text = int(found[1]), found[2].decode("utf-8", "replace").strip()
    error_class = _QueryTooLarge if code in _LIMIT_CODES else Transient if code in _TRANSIENT_CODES else Unavailable
    return error_class(f"ClickHouse says: {text} (code {code})")


def _build_outcome(row: _Row | None) -> Downloads | AggregatorError:
    if row is None:
        return Unavailable("the answer leaves the project out: the result may have been cut")
    if not row.found or row.newest is None or row.first is None:
        return NotFound("ClickHouse has no downloads of the project")
    if row.found != row.name or len(row.months) != len(row.counts):
        return Unavailable("the answer does not hold what was asked for")
    return Downloads(
        last_day=unset_if_none(row.last_day),
        last_week=unset_if_none(row.last_week),
        last_month=unset_if_none(row.last_month),
        total=unset_if_none(row.total),
        history=_build_history(dict(zip(row.months, row.counts, strict=True)), row.first, row.newest),
        newest_day=row.newest,
    )


def _build_history(counts_by_month: Mapping[int, int], first: date, newest: date) -> dict[str, int]:
    """Return the counts by whole month; after the first download, a month without a row is one without downloads."""
    months = [month for month in list_whole_months(newest, MONTHS) if month >= to_month(first)]
    return {month: counts_by_month.get(int(month.replace("-", "")), 0) for month in months}
