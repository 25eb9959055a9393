"""Embedded ClickHouse engine (chdb) behind ClickHouse's HTTP interface."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from aiohttp import web

from pyf.aggregator.adapters.downloads.clickhouse import TABLE
from pyf.aggregator.sandbox.faults import Fault
from pyf.aggregator.sandbox.local_service import LocalService, RequestTarget
from pyf.aggregator.sandbox.responses import PreparedResponse

# Schema of the public server, according to ClickHouse's description.
_SCHEMA = f"""
CREATE OR REPLACE TABLE {TABLE} (
    project String,
    version String,
    date Date,
    installer String,
    type Enum8('bdist_wheel' = 0, 'sdist' = 1),
    count Int64
) ENGINE = SummingMergeTree ORDER BY (project, version, date, installer)
"""


class Engine(LocalService[RequestTarget]):
    """Executes posted queries. `session` is chdb's; a process can have only one."""

    def __init__(self, session: Any) -> None:
        super().__init__()
        self._session = session
        self._body = ""
        self.run("CREATE DATABASE IF NOT EXISTS pypi")
        self.replace_rows([])

    def replace_rows(self, rows: Iterable[tuple[str, str, date, str, str, int]]) -> None:
        """Replace the rows of the table: project, version, day, installer, type and count."""
        self.run(_SCHEMA)
        values = ", ".join(
            f"({quote_bytes(project)}, {quote_bytes(version)}, '{day}', {quote_bytes(installer)}, '{kind}', {count})"
            for project, version, day, installer, kind, count in rows
        )
        if values:
            self.run(f"INSERT INTO {TABLE} VALUES {values}")

    def run(self, sql: str) -> str:
        return str(self._session.query(sql))

    def parse_target(self, method: str, path: str, body: bytes) -> RequestTarget:
        self._body = body.decode()
        return RequestTarget("query")

    def build_response(self, target: RequestTarget, request: web.BaseRequest, fault: Fault | None) -> PreparedResponse:
        try:
            return PreparedResponse(self.run(self._body).encode())
        except Exception as error:  # chdb raises its own exceptions for all failures
            return PreparedResponse(str(error).encode(), "text/plain", status=500)


def quote_bytes(value: str) -> str:
    """Return a text as SQL, byte by byte, unlike the query under test."""
    return f"concat({', '.join(f'char({byte})' for byte in value.encode())}, '')" if value else "''"
