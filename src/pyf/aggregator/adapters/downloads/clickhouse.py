"""The one question that ClickHouse is asked, as text: what is sent is what the tests run on the same engine.

Download counts from ClickHouse's public copy of PyPI's log: hundreds of projects a request, with a year by month.
"""

import re
import string
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from datetime import date
from math import ceil

import msgspec
from msgspec import Struct

from ...domain.downloads import Downloads, list_whole_months, to_month
from ...domain.errors import AggregatorError, Invalid, NotFound, Unavailable
from ...ports import CostEstimate, DownloadResult
from ..http.errors import drop_traceback
from ..http.readers import BufferedReader
from ..http.retry import RetryPolicy, Transient
from ..http.service_client import MEBIBYTE, Request, ServiceClient, ServiceLimits
from .values import NonNegativeInt, unset_if_none

TABLE = "pypi.pypi_downloads_per_day_by_version_by_installer_by_type"
MONTHS = 12

# The public server cuts results after 1,000 rows, and the engine takes queries of 256 KiB.
MAX_NAMES = 900
_MAX_QUERY_BYTES = 100_000

_MIRRORS = ("bandersnatch", "z3c.pypimirror", "Artifactory", "devpi")

# Counted along for the newest day of the data, which a few quiet packages would put too early: this one has downloads
# on every day. (Looking for the newest day of the whole table takes too long: it is ordered by project.)
_REFERENCE_PROJECT = "pip"

_UNESCAPED_BYTES = frozenset((string.ascii_letters + string.digits + "-_.").encode())

# A limit of the server must never pass for an answer: where reading, time or rows run out, the public server stops by
# default and answers with what it has got so far, as if that was all.
_QUERY = """\
SELECT
    asked.name AS name,
    counted.project AS found,
    toString(counted.newest) AS newest,
    toString(counted.first) AS first,
    counted.last_day AS last_day,
    counted.last_week AS last_week,
    counted.last_month AS last_month,
    counted.total AS total,
    counted.by_month.1 AS months,
    counted.by_month.2 AS counts
FROM (SELECT arrayJoin([{names}]) AS name) AS asked
LEFT JOIN (
    SELECT
        project,
        newest,
        min(date) AS first,
        sumIf(downloads, date > newest - 1) AS last_day,
        sumIf(downloads, date > newest - 7) AS last_week,
        sumIf(downloads, date > newest - 30) AS last_month,
        sum(downloads) AS total,
        sumMapIf(
            [toYYYYMM(date)],
            [downloads],
            date >= toStartOfMonth(newest + 1) - INTERVAL {months} MONTH AND date < toStartOfMonth(newest + 1)
        ) AS by_month
    FROM (
        SELECT project, date, downloads, max(date) OVER () AS newest
        FROM (
            SELECT project, date, sum(count) AS downloads
            FROM {table}
            WHERE project IN ({busy}, {names}) AND installer NOT IN ({mirrors})
            GROUP BY project, date
        )
    )
    GROUP BY project, newest
) AS counted ON counted.project = asked.name
SETTINGS
    join_use_nulls = 1,
    read_overflow_mode = 'throw',
    timeout_overflow_mode = 'throw',
    result_overflow_mode = 'throw'
FORMAT JSON
"""


def build_query(names: Iterable[str]) -> str:
    """Return the question about projects, one row each whether they are known or not.

    The columns: `name` as asked, `found` (null for a project without downloads), `newest` day of the data and `first`
    day of the project, the sums, and `months` (202601) with their `counts`, months without any left out.
    """
    return _QUERY.format(
        names=", ".join(map(quote_literal, names)),
        table=TABLE,
        months=MONTHS,
        busy=quote_literal(_REFERENCE_PROJECT),
        mirrors=", ".join(map(quote_literal, _MIRRORS)),
    )


def quote_literal(text: str) -> str:
    """Return a text as SQL: whatever is in a name, only bytes that mean nothing else stand for themselves."""
    encoded = text.encode("utf-8", "surrogatepass")
    return "'" + "".join(chr(byte) if byte in _UNESCAPED_BYTES else f"\\x{byte:02X}" for byte in encoded) + "'"


def split_by_query_size(names: Iterable[str]) -> Iterator[Sequence[str]]:
    """Part names into as many as one question can hold."""
    batch: list[str] = []
    size = 0
    for name in names:
        length = len(quote_literal(name)) + 2
        if batch and (len(batch) == MAX_NAMES or size + length > _MAX_QUERY_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(name)
        size += length
    if batch:
        yield batch


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
