"""Local services of download counts: a table of daily downloads, pypistats, and one query of ClickHouse."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from zlib import crc32

import msgspec
import yaml
from aiohttp import web
from packaging.utils import canonicalize_name

from .faults import Fault, FaultKind, RateLimit
from .local_service import LocalService, RequestTarget
from .responses import PreparedResponse

# The number of days with counts.
_SAMPLE_DAYS = 3 * 365


class DownloadTable:
    """Downloads by project and day; `newest` is the newest day of the data, even without downloads."""

    def __init__(self, daily: Mapping[str, Mapping[date, int]], newest: date) -> None:
        self.newest = newest
        self._daily: dict[str, dict[date, int]] = {canonicalize_name(name): dict(days) for name, days in daily.items()}

    def has_project(self, name: str) -> bool:
        """Return whether a project (normalized name) has downloads."""
        return bool(self._daily.get(name))

    def get_first_day(self, name: str) -> date:
        """Return the day of a known project's first download."""
        return min(self._daily[name])

    def sum_last_days(self, name: str, days: int) -> int:
        """Return the downloads of a known project on the last days."""
        counts = self._daily[name]
        return sum(counts.get(self.newest - timedelta(ago), 0) for ago in range(days))

    def get_total(self, name: str) -> int:
        """Return all downloads of a known project."""
        return sum(self._daily[name].values())

    def sum_months(self, name: str, month_count: int) -> dict[int, int]:
        """Return the downloads of a known project by month (202601): the last complete months with downloads."""
        tomorrow = self.newest + timedelta(1)
        months: dict[int, int] = {}
        for day, count in sorted(self._daily[name].items()):
            ago = (tomorrow.year - day.year) * 12 + tomorrow.month - day.month
            if 1 <= ago <= month_count:
                month = day.year * 100 + day.month
                months[month] = months.get(month, 0) + count
        return months

    def iter_rows(self) -> Iterator[tuple[str, date, int]]:
        """Yield (project, day, downloads) of the whole table."""
        for name, days in self._daily.items():
            for day, count in days.items():
                yield name, day, count


def load_sample_downloads(newest: date | None = None) -> DownloadTable:
    """Return the downloads of the sample ecosystem, up to a day; by default up to yesterday (UTC)."""
    end = newest or datetime.now(UTC).date() - timedelta(1)
    content = yaml.safe_load(Path(__file__).with_name("downloads.yaml").read_text("utf-8"))
    return DownloadTable(
        {name: _spread_over_days(name, monthly, end) for name, monthly in content["monthly"].items()}, end
    )


def _spread_over_days(name: str, monthly: int, newest: date) -> dict[date, int]:
    """Distribute a monthly number over days: fewer at weekends, a different number a year ago, some noise."""
    yearly = 1.05 + (crc32(name.encode()) % 40 - 12) / 100
    counts = {}
    for ago in range(_SAMPLE_DAYS):
        day = newest - timedelta(ago)
        noise = 0.9 + crc32(f"{name} {day}".encode()) % 200 / 1000
        weekend = 0.6 if day.weekday() >= 5 else 1.15
        if count := round(monthly / 30 * weekend * noise * yearly ** (-ago / 365)):
            counts[day] = count
    return counts


def build_pypistats_limit(scale: float = 1.0) -> RateLimit:
    """Return the service's limits, 30 requests a minute and 5 a second; `scale` is the length of a second."""
    return RateLimit(30, 60 * scale, additional=RateLimit(5, scale))


class LocalPypistats(LocalService[RequestTarget]):
    """pypistats, with a table that may be replaced at any time; without a `rate_limit` it never rejects a request."""

    def __init__(
        self,
        table: DownloadTable,
        *,
        latency: float = 0.0,
        port: int = 0,
        seed: int = 0,
        rate_limit: RateLimit | None = None,
    ) -> None:
        super().__init__(latency=latency, port=port, seed=seed, rate_limit=rate_limit)
        self.table = table

    def parse_target(self, method: str, path: str, body: bytes) -> RequestTarget:
        match path.partition("?")[0].split("/")[1:]:
            case ["api", "packages", name, "recent"] if method == "GET":
                return RequestTarget("recent", unquote(name))
        return RequestTarget("other")

    def build_refusal(self, target: RequestTarget, limit: RateLimit) -> PreparedResponse:
        return PreparedResponse(b"RATE LIMIT EXCEEDED", "text/html", status=429)

    def build_response(self, target: RequestTarget, request: web.BaseRequest, fault: Fault | None) -> PreparedResponse:
        name = target.project
        if target.kind != "recent" or not self.table.has_project(name):
            return PreparedResponse(b"<title>404</title>", "text/html", status=404)
        windows = {"last_day": 1, "last_week": 7, "last_month": 30}
        data = {window: self.table.sum_last_days(name, days) for window, days in windows.items()}
        return PreparedResponse(msgspec.json.encode({"data": data, "package": name, "type": "recent_downloads"}))


# Required parts of a query; other queries are rejected, because this service can't read SQL.
_REQUIRED_SQL = (
    b"FROM pypi.pypi_downloads_per_day_by_version_by_installer_by_type\n",
    b"installer NOT IN ('bandersnatch', 'z3c.pypimirror', 'Artifactory', 'devpi')",
    b"LEFT JOIN",
    b"sumMapIf(",
    b"SETTINGS",
    b"FORMAT JSON",
)
_NAMES = re.compile(rb"arrayJoin\(\[([^\]]*)\]\)")
_LITERAL = re.compile(rb"'((?:[^'\\]|\\.)*)'")
_ESCAPED = re.compile(rb"\\x([0-9A-F]{2})")
_MONTHS = 12


@dataclass(frozen=True, slots=True)
class ClickHouseTarget(RequestTarget):
    """The projects of a query, as written in it."""

    names: Sequence[str] = ()


class LocalClickHouse(LocalService[ClickHouseTarget]):
    """ClickHouse's public server, with a table that may be replaced at any time.

    A result is silently cut after `max_rows`, as on the real server. More projects than `max_projects` in one query are
    rejected with the server's code 158. An error can be set that rejects every query. 64-bit numbers are text, as in
    most versions; `quotes_numbers` switches that off.
    """

    def __init__(self, table: DownloadTable, *, latency: float = 0.0, port: int = 0, seed: int = 0) -> None:
        super().__init__(latency=latency, port=port, seed=seed)
        self.table = table
        self.max_rows = 1000
        self.max_projects = 1000
        self.error_text = ""
        self.error_status = 500
        self.quotes_numbers = True

    def parse_target(self, method: str, path: str, body: bytes) -> ClickHouseTarget:
        match = _NAMES.search(body)
        if method != "POST" or match is None or not all(part in body for part in _REQUIRED_SQL):
            return ClickHouseTarget("other")
        return ClickHouseTarget("query", names=[_unescape(literal) for literal in _LITERAL.findall(match[1])])

    def build_response(
        self, target: ClickHouseTarget, request: web.BaseRequest, fault: Fault | None
    ) -> PreparedResponse:
        if self.error_text:
            return _build_error_response(self.error_text, self.error_status)
        if target.kind != "query":
            return _build_error_response(
                "Code: 62. DB::Exception: Syntax error: one question is known here (SYNTAX_ERROR)", 400
            )
        if len(target.names) > self.max_projects:
            return _build_error_response(
                "Code: 158. DB::Exception: Limit for rows to read exceeded (TOO_MANY_ROWS)", 500
            )
        rows = [self._build_row(name) for name in target.names][: self.max_rows]
        body = msgspec.json.encode({"meta": [], "data": rows, "rows": len(rows)})
        if fault is not None and fault.kind == FaultKind.ERROR_MID_BODY:
            half = body[: len(body) // 2]
            body = half + b"\nCode: 241. DB::Exception: Query memory limit exceeded (MEMORY_LIMIT_EXCEEDED)\n"
        return PreparedResponse(body, "application/json; charset=UTF-8")

    def _build_row(self, name: str) -> dict[str, Any]:
        if not self.table.has_project(name):
            null_fields = ("found", "newest", "first", "last_day", "last_week", "last_month", "total")
            return {"name": name, **dict.fromkeys(null_fields), "months": [], "counts": []}
        months = self.table.sum_months(name, _MONTHS)
        return {
            "name": name,
            "found": name,
            "newest": str(self.table.newest),
            "first": str(self.table.get_first_day(name)),
            "last_day": self._format_number(self.table.sum_last_days(name, 1)),
            "last_week": self._format_number(self.table.sum_last_days(name, 7)),
            "last_month": self._format_number(self.table.sum_last_days(name, 30)),
            "total": self._format_number(self.table.get_total(name)),
            "months": list(months),
            "counts": [self._format_number(count) for count in months.values()],
        }

    def _format_number(self, number: int) -> int | str:
        return str(number) if self.quotes_numbers else number


def _unescape(literal: bytes) -> str:
    return _ESCAPED.sub(lambda found: bytes([int(found[1], 16)]), literal).decode("utf-8", "replace")


def _build_error_response(text: str, status: int) -> PreparedResponse:
    code = re.match(r"Code: (\d+)", text)
    headers = {"X-ClickHouse-Exception-Code": code[1] if code else "1002"}
    return PreparedResponse(f"{text}\n".encode(), "text/plain; charset=UTF-8", status=status, headers=headers)
