"""The one question that ClickHouse is asked, as text: what is sent is what the tests run on the same engine."""

import string
from collections.abc import Iterable, Iterator, Sequence

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
