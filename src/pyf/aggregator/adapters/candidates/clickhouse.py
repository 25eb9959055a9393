"""Candidates from ClickHouse's public copy of PyPI's metadata: who requires a framework, under whatever name.

Its table `pypi.projects` holds a row a file with `name`, as published, and `requires_dist`. Read in its documentation,
not verified live.
"""

import re
from collections.abc import Iterator, Sequence
from urllib.parse import urlencode

from msgspec import Struct

from ...domain.errors import Invalid, Unavailable
from ...domain.project import normalized
from ..body import json_reader
from ..service import Request, Service

# The service cuts results over 1,000 rows without a word.
PAGE = 900

# A requirement only for an extra is left out here already; one that has an "or" is left to its document.
_QUERY = """
SELECT DISTINCT name FROM pypi.projects
WHERE name > {after:String} AND arrayExists(
    line -> has({frameworks:Array(String)}, replaceRegexpAll(
        lower(extract(line, '^\\\\s*([A-Za-z0-9][A-Za-z0-9._-]*)')), '[-_.]+', '-'))
    AND (NOT match(line, '\\\\bextra\\\\s*==') OR match(line, '\\\\bor\\\\b')),
    requires_dist)
ORDER BY name LIMIT {page:UInt32}
"""

_FRAMEWORK = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


class _Row(Struct, frozen=True):
    name: str


class _Page(Struct, frozen=True):
    data: list[_Row]


_page_reader = json_reader(_Page)


class ClickHouseCandidates:
    """The port `Candidates` over a ClickHouse server; `url` is its address, user and password included as its query."""

    def __init__(self, service: Service, url: str) -> None:
        self._service = service
        self._url = url

    def requiring(self, frameworks: Sequence[str]) -> Iterator[str]:
        """Yield names page by page, one request each; they are those of any release, not of the newest only."""
        if strange := [each for each in frameworks if not _FRAMEWORK.fullmatch(each)]:
            raise Invalid(f"{strange[0]!r} is no normalised name")
        seen: set[str] = set()
        after = ""
        while True:
            rows = self._service.fetch(self._request(frameworks, after), _page_reader).data
            for row in rows:
                if row.name <= after:
                    raise Unavailable(
                        f"ClickHouse names {row.name!r:.60} after {after!r:.60}: its pages can't be followed"
                    )
                after = row.name
                if (key := normalized(row.name)) not in seen:
                    seen.add(key)
                    yield key
            if len(rows) < PAGE:
                return

    def _request(self, frameworks: Sequence[str], after: str) -> Request:
        quoted = ",".join(f"'{each}'" for each in frameworks)
        given = {
            "default_format": "JSON",
            "param_after": after,
            "param_frameworks": f"[{quoted}]",
            "param_page": str(PAGE),
        }
        separator = "&" if "?" in self._url else "?"
        return Request(
            url=f"{self._url}{separator}{urlencode(given)}",
            method="POST",
            body=_QUERY.encode(),
            about="projects that require " + ", ".join(frameworks),
            patience=3,
            always_there=True,
        )
