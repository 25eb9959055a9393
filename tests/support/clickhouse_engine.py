"""ClickHouse's own engine in this process (chdb), behind the HTTP interface that our reader speaks to."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from aiohttp import web

from pyf.aggregator.adapters.downloads.clickhouse import TABLE
from pyf.aggregator.sandbox.faults import Fault
from pyf.aggregator.sandbox.local_service import LocalService, RequestTarget
from pyf.aggregator.sandbox.responses import PreparedResponse

# As the public server's tables are made, see ClickHouse's description of them.
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
    """Answers every query that is posted, by running it; `session` is chdb's, of which a process can have one."""

    def __init__(self, session: Any) -> None:
        super().__init__()
        self._session = session
        self._body = ""
        self.run("CREATE DATABASE IF NOT EXISTS pypi")
        self.replace_rows([])

    def replace_rows(self, rows: Iterable[tuple[str, str, date, str, str, int]]) -> None:
        """Make the table hold these rows only: project, version, day, installer, type and count."""
        self.run(_SCHEMA)
        values = ", ".join(
            f"({to_sql_literal(project)}, {to_sql_literal(version)}, '{day}', {to_sql_literal(installer)}, '{kind}', {count})"
            for project, version, day, installer, kind, count in rows
        )
        if values:
            self.run(f"INSERT INTO {TABLE} VALUES {values}")

    def run(self, sql: str) -> str:
        return str(self._session.query(sql))

    def target(self, method: str, path: str, body: bytes) -> RequestTarget:
        self._body = body.decode()
        return RequestTarget("query")

    def answer(self, target: RequestTarget, request: web.BaseRequest, fault: Fault | None) -> PreparedResponse:
        try:
            return PreparedResponse(self.run(self._body).encode())
        except Exception as error:  # chdb says everything that goes wrong with an exception of its own
            return PreparedResponse(str(error).encode(), "text/plain", status=500)


def to_sql_literal(value: str) -> str:
    """Write a text as SQL in another way than the query does: each byte by its number."""
    return f"concat({', '.join(f'char({byte})' for byte in value.encode())}, '')" if value else "''"
