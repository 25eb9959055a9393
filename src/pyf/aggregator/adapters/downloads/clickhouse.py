"""Download counts from ClickHouse's public copy of PyPI's log: hundreds of projects a request, with a year by month."""

import re
from collections.abc import Generator, Iterable, Mapping, Sequence
from datetime import date
from math import ceil

import msgspec
from msgspec import Struct

from ...domain.downloads import Downloads, month_of, whole_months
from ...domain.errors import AggregatorError, Invalid, NotFound, Unavailable
from ...ports import Count, Effort
from ..answers import settled
from ..body import Whole
from ..retry import Retries, Transient
from ..service import MEBIBYTE, Limits, Request, Service
from .clickhouse_query import MONTHS, MOST_NAMES, batches, query
from .values import Number, known

# One question at a time: the public server allows some 60 an hour, and each may read hundreds of millions of rows.
CLICKHOUSE_LIMITS = Limits(workers=1, timeout=180, retries=Retries(most=2, backoff=5.0))

# A question that is too much for the server is asked in halves, but not in ever smaller ones.
_SMALLEST = 100

_SAID = re.compile(rb"Code: (\d{1,5})\. ?DB::\w*Exception: ([^\n\"]{0,300})")
_TOO_MUCH = frozenset({158, 159, 160, 241, 307, 396})  # rows, time, slowness, memory, bytes, rows of the result
_PASSING = frozenset({202, 209, 210, 236, 394})  # too many at once, the server's network, cancelled


class _TooMuch(Unavailable):
    """The question asks for more than the server allows."""


class _Row(Struct, frozen=True):
    name: str
    found: str | None = None
    newest: date | None = None
    first: date | None = None
    last_day: Number | None = None
    last_week: Number | None = None
    last_month: Number | None = None
    total: Number | None = None
    months: tuple[Number, ...] = ()
    counts: tuple[Number, ...] = ()


class _Answer(Struct, frozen=True):
    data: tuple[_Row, ...]
    exception: str = ""


# Numbers of 64 bits are text in the answers of some versions and numbers in those of others.
_decoder = msgspec.json.Decoder(_Answer, strict=False)


class ClickHouse:
    """The `DownloadStats` of ClickHouse at `url`, which carries the user in its query."""

    source = "clickhouse"

    def __init__(self, service: Service, url: str) -> None:
        self._service = service
        self._url = url

    def effort(self, projects: int) -> Effort:
        return Effort(requests=ceil(projects / MOST_NAMES), seconds=0)

    def counts(self, names: Iterable[str]) -> Generator[Sequence[Count], None, None]:
        yield from self._service.stream(batches(names), self._counts, ahead=1)

    async def _counts(self, names: Sequence[str]) -> Sequence[Count]:
        try:
            rows = await self._service.ask(self._request(names), lambda: Whole(_rows))
        except _TooMuch as error:
            if len(names) <= _SMALLEST:
                return _failed(names, error)
            middle = len(names) // 2
            return [*await self._counts(names[:middle]), *await self._counts(names[middle:])]
        except AggregatorError as error:
            return _failed(names, error)
        by_name = {row.name: row for row in rows}
        return [Count(name=name, answer=_answer(by_name.get(name))) for name in names]

    def _request(self, names: Sequence[str]) -> Request:
        return Request(
            url=self._url,
            method="POST",
            headers={"Content-Type": "text/plain; charset=utf-8"},
            body=query(names).encode(),
            about=f"downloads of {len(names)} projects",
            largest=16 * MEBIBYTE,
            always_there=True,
            explained=_explained,
        )


def _failed(names: Sequence[str], error: AggregatorError) -> Sequence[Count]:
    # That a question is refused as wrong is no fault of the projects that it is about.
    failure = Unavailable(str(error)) if isinstance(error, Invalid) else settled(error)
    return [Count(name=name, answer=failure) for name in names]


def _rows(body: bytes) -> tuple[_Row, ...]:
    """Return the rows of an answer; a failure in the middle of it is told in its text only."""
    try:
        answer = _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _exception(body) or Transient(f"the answer is not the JSON that was asked for ({error})") from error
    if answer.exception:
        said = answer.exception.encode()
        raise _exception(said) or Transient(f"the answer ends with a failure: {answer.exception:.300}")
    return answer.data


def _explained(refusal: AggregatorError, body: bytes) -> AggregatorError:
    return _exception(body) or refusal


def _exception(body: bytes) -> Unavailable | None:
    """Return the meaning of the failure that a text of ClickHouse tells of, None where it tells of none."""
    said = _SAID.search(body)
    if said is None:
        return None
    code, text = int(said[1]), said[2].decode("utf-8", "replace").strip()
    failure = _TooMuch if code in _TOO_MUCH else Transient if code in _PASSING else Unavailable
    return failure(f"ClickHouse says: {text} (code {code})")


def _answer(row: _Row | None) -> Downloads | AggregatorError:
    if row is None:
        return Unavailable("the answer leaves the project out: the result may have been cut")
    if not row.found or row.newest is None or row.first is None:
        return NotFound("ClickHouse has no downloads of the project")
    if row.found != row.name or len(row.months) != len(row.counts):
        return Unavailable("the answer does not hold what was asked for")
    return Downloads(
        last_day=known(row.last_day),
        last_week=known(row.last_week),
        last_month=known(row.last_month),
        total=known(row.total),
        history=_history(dict(zip(row.months, row.counts, strict=True)), row.first, row.newest),
        until=row.newest,
    )


def _history(counted: Mapping[int, int], first: date, newest: date) -> dict[str, int]:
    """Return the counts by whole month; after the first download, a month without a row is one without downloads."""
    months = [month for month in whole_months(newest, MONTHS) if month >= month_of(first)]
    return {month: counted.get(int(month.replace("-", "")), 0) for month in months}
