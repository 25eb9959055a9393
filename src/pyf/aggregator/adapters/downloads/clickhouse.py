"""Download counts from ClickHouse's public copy of PyPI's download log, with a monthly history of one year.

`make clickhouse` runs the query of this module on the embedded ClickHouse engine.
"""

import re
import string
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from datetime import date
from math import ceil
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from ...domain.documents.document import unset_if_none
from ...domain.downloads import Downloads, list_whole_months, to_month
from ...domain.errors import AggregatorError, Invalid, NotFound, Unavailable
from ...ports import CostEstimate, DownloadResult
from ..http.errors import drop_traceback
from ..http.readers import BufferedReader
from ..http.retry import RetryPolicy, Transient
from ..http.service_client import MEBIBYTE, Request, ServiceClient, ServiceLimits

NonNegativeInt = Annotated[int, Meta(ge=0)]

TABLE = "pypi.pypi_downloads_per_day_by_version_by_installer_by_type"
MONTHS = 12

# The public server truncates results to 1,000 rows, and the engine limits queries to 256 KiB.
MAX_NAMES = 900
_MAX_QUERY_BYTES = 100_000

_MIRRORS = ("bandersnatch", "z3c.pypimirror", "Artifactory", "devpi")

# Every query includes this project to find the newest day of the data: it has downloads on every day, while a few
# rarely used packages may not. (The newest day of the whole table is slow to find: it is ordered by project.)
_REFERENCE_PROJECT = "pip"

_UNESCAPED_BYTES = frozenset((string.ascii_letters + string.digits + "-_.").encode())

# By default the public server answers with a partial result when it reaches a limit of rows, time or bytes read;
# the settings turn that into an error.
_QUERY = """\
SELECT
    requested.name AS name,
    counted.project AS found,
    toString(counted.newest) AS newest,
    toString(counted.first) AS first,
    counted.last_day AS last_day,
    counted.last_week AS last_week,
    counted.last_month AS last_month,
    counted.total AS total,
    counted.by_month.1 AS months,
    counted.by_month.2 AS counts
FROM (SELECT arrayJoin([{names}]) AS name) AS requested
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
) AS counted ON counted.project = requested.name
SETTINGS
    join_use_nulls = 1,
    read_overflow_mode = 'throw',
    timeout_overflow_mode = 'throw',
    result_overflow_mode = 'throw'
FORMAT JSON
"""


def build_query(names: Iterable[str]) -> str:
    """Return the query for projects, whose result has one row per name, known or not.

    Columns: `name` as requested, `found` (null for a project without downloads), `newest` day of the data, `first`
    day of the project, the sums, and `months` (202601) with their `counts`; months without downloads are missing.
    """
    return _QUERY.format(
        names=", ".join(map(quote_literal, names)),
        table=TABLE,
        months=MONTHS,
        busy=quote_literal(_REFERENCE_PROJECT),
        mirrors=", ".join(map(quote_literal, _MIRRORS)),
    )


def quote_literal(text: str) -> str:
    """Return a text as an SQL literal; all bytes but letters, digits and "-_." are escaped."""
    encoded = text.encode("utf-8", "surrogatepass")
    return "'" + "".join(chr(byte) if byte in _UNESCAPED_BYTES else f"\\x{byte:02X}" for byte in encoded) + "'"


def split_by_query_size(names: Iterable[str]) -> Iterator[Sequence[str]]:
    """Split names into batches that fit in one query."""
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


# One query at a time: the public server allows about 60 an hour, and each may read hundreds of millions of rows.
CLICKHOUSE_LIMITS = ServiceLimits(max_concurrency=1, timeout=180, retries=RetryPolicy(max_retries=2, backoff=5.0))

# A query that exceeds the server's limits is split in halves, down to this number of names.
_MIN_SPLIT = 100

_ERROR_TEXT = re.compile(rb"Code: (\d{1,5})\. ?DB::\w*Exception: ([^\n\"]{0,300})")
_LIMIT_CODES = frozenset({158, 159, 160, 241, 307, 396})  # rows, time, speed, memory, bytes, result rows
_TRANSIENT_CODES = frozenset({202, 209, 210, 236, 394})  # too many queries, the server's network, cancelled


def build_source(connect: Callable[[ServiceLimits], ServiceClient], *, url: str) -> "ClickHouseDownloads":
    """Build the source; see `adapters.downloads`."""
    return ClickHouseDownloads(connect(CLICKHOUSE_LIMITS), url)


class _QueryTooLarge(Unavailable):
    """The query exceeds a limit of the server."""


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


# Not strict: 64-bit numbers are strings in the responses of some server versions.
_decoder = msgspec.json.Decoder(_ClickHouseResponse, strict=False)


class ClickHouseDownloads:
    """The port `DownloadStats` on ClickHouse; the query of `url` names the user."""

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
    # `Invalid` refers to the query, not to the projects in it.
    outcome = Unavailable(str(error)) if isinstance(error, Invalid) else drop_traceback(error)
    return [DownloadResult(name=name, outcome=outcome) for name in names]


def _parse_rows(body: bytes) -> tuple[_Row, ...]:
    """Return the rows of a response; an error after the first row is reported in the body only."""
    try:
        response = _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _find_exception(body) or Transient(f"the response is not the expected JSON ({error})") from error
    if response.exception:
        error_text = response.exception.encode()
        raise _find_exception(error_text) or Transient(f"the response ends with an error: {response.exception:.300}")
    return response.data


def _parse_error(error: AggregatorError, body: bytes) -> AggregatorError:
    return _find_exception(body) or error


def _find_exception(body: bytes) -> Unavailable | None:
    """Return the error that a text of ClickHouse describes, None if there is none."""
    found = _ERROR_TEXT.search(body)
    if found is None:
        return None
    code, text = int(found[1]), found[2].decode("utf-8", "replace").strip()
    error_class = _QueryTooLarge if code in _LIMIT_CODES else Transient if code in _TRANSIENT_CODES else Unavailable
    return error_class(f"ClickHouse reports: {text} (code {code})")


def _build_outcome(row: _Row | None) -> Downloads | AggregatorError:
    if row is None:
        return Unavailable("the response lacks the project; the result may be truncated")
    if not row.found or row.newest is None or row.first is None:
        return NotFound("ClickHouse has no downloads of the project")
    if row.found != row.name or len(row.months) != len(row.counts):
        return Unavailable("the response does not match the query")
    return Downloads(
        last_day=unset_if_none(row.last_day),
        last_week=unset_if_none(row.last_week),
        last_month=unset_if_none(row.last_month),
        total=unset_if_none(row.total),
        history=_build_history(dict(zip(row.months, row.counts, strict=True)), row.first, row.newest),
        newest_day=row.newest,
    )


def _build_history(counts_by_month: Mapping[int, int], first: date, newest: date) -> dict[str, int]:
    """Return the counts of whole months; months after the first download without a row count as 0."""
    months = [month for month in list_whole_months(newest, MONTHS) if month >= to_month(first)]
    return {month: counts_by_month.get(int(month.replace("-", "")), 0) for month in months}
