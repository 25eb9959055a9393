"""ClickHouse on this machine, as far as one question goes: the downloads of projects, from a list of their names."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from aiohttp import web

from .answer import PreparedResponse
from .download_table import DownloadTable
from .faults import Fault, FaultKind
from .server import LocalService, RequestTarget

# What the question has to have in it to be answered: everything else is refused as this stand-in can't read SQL.
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
    """A query's subject: the projects that it asks for, as they are written in it."""

    names: Sequence[str] = ()


class LocalClickHouse(LocalService[ClickHouseTarget]):
    """ClickHouse's public server, answering from a table that may be replaced meanwhile.

    A result is cut after `most_rows` without a word, as the real one cuts it. More projects than `most_projects` in one
    question are too much: refused with the server's code 158. `refusal_text` is an exception that refuses everything,
    with `refusal_status`. Numbers are text, as 64-bit ones are in the answers of most versions, unless
    `quotes_numbers` is false.
    """

    def __init__(self, table: DownloadTable, *, latency: float = 0.0, port: int = 0, seed: int = 0) -> None:
        super().__init__(latency=latency, port=port, seed=seed)
        self.table = table
        self.max_rows = 1000
        self.max_projects = 1000
        self.error_text = ""
        self.error_status = 500
        self.quotes_numbers = True

    def target(self, method: str, path: str, body: bytes) -> ClickHouseTarget:
        match = _NAMES.search(body)
        if method != "POST" or match is None or not all(part in body for part in _REQUIRED_SQL):
            return ClickHouseTarget("other")
        return ClickHouseTarget("query", names=[_unescape(literal) for literal in _LITERAL.findall(match[1])])

    def answer(self, target: ClickHouseTarget, request: web.BaseRequest, fault: Fault | None) -> PreparedResponse:
        if self.error_text:
            return _build_error_response(self.error_text, self.error_status)
        if target.kind != "query":
            return _build_error_response("Code: 62. DB::Exception: Syntax error: one question is known here (SYNTAX_ERROR)", 400)
        if len(target.names) > self.max_projects:
            return _build_error_response("Code: 158. DB::Exception: Limit for rows to read exceeded (TOO_MANY_ROWS)", 500)
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
