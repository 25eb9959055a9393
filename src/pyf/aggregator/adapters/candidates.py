"""Bulk sources of projects that may require a framework: a fixed list, a file, ClickHouse."""

import gzip
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO
from urllib.parse import urlencode

from msgspec import Struct

from ..domain.documents.project import normalize_name
from ..domain.errors import Invalid, Unavailable
from .files import format_reason
from .http.readers import make_json_reader
from .http.service_client import Request, ServiceClient


class StaticCandidates:
    """The port `Candidates` over given names, by normalized name of the framework that they may require."""

    def __init__(self, names: Mapping[str, Iterable[str]] | None = None) -> None:
        self._names = {framework: tuple(framework_names) for framework, framework_names in (names or {}).items()}

    def find_candidates(self, frameworks: Sequence[str]) -> Iterator[str]:
        """Yield the names of all these frameworks, each once."""
        candidates = (normalize_name(name) for framework in frameworks for name in self._names.get(framework, ()))
        return iter(dict.fromkeys(candidates))


_PROJECT_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_READ_ERRORS = (OSError, EOFError, RuntimeError, ValueError, zlib.error)


class CandidatesFile:
    """The port `Candidates` over a file with one name per line, in any spelling; `#` starts a comment.

    A file whose name ends in `.gz` is decompressed. All its names are candidates of every framework.
    """

    def __init__(self, path: str) -> None:
        self._path = path

    def find_candidates(self, frameworks: Sequence[str]) -> Iterator[str]:
        """Yield all names of the file; raise `Invalid` with file and line for an invalid name."""
        seen: set[str] = set()
        try:
            with self._open() as lines:
                for line_number, line in enumerate(lines, start=1):
                    name = line.partition("#")[0].strip()
                    if not name:
                        continue
                    if not _PROJECT_NAME.fullmatch(name):
                        raise Invalid(f"{self._path}, line {line_number}: {name!r:.60} is not a valid project name")
                    if (normalized_name := normalize_name(name)) not in seen:
                        seen.add(normalized_name)
                        yield normalized_name
        except _READ_ERRORS as error:
            raise Invalid(f"candidates {self._path}: {format_reason(error)}") from error

    def _open(self) -> IO[str]:
        path = Path(self._path).expanduser()
        if path.name.endswith(".gz"):
            return gzip.open(path, "rt", encoding="utf-8-sig")
        return path.open(encoding="utf-8-sig")


# The service silently truncates results to 1,000 rows.
PAGE_SIZE = 900

# Requirements of extras are excluded here; for markers with "or" the project's document decides.
_CANDIDATES_QUERY = """
SELECT DISTINCT name FROM pypi.projects
WHERE name > {after:String} AND arrayExists(
    line -> has({frameworks:Array(String)}, replaceRegexpAll(
        lower(extract(line, '^\\\\s*([A-Za-z0-9][A-Za-z0-9._-]*)')), '[-_.]+', '-'))
    AND (NOT match(line, '\\\\bextra\\\\s*==') OR match(line, '\\\\bor\\\\b')),
    requires_dist)
ORDER BY name LIMIT {page:UInt32}
"""

_NORMALIZED_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


class _CandidateRow(Struct, frozen=True):
    name: str


class _CandidatePage(Struct, frozen=True):
    data: list[_CandidateRow]


_make_page_reader = make_json_reader(_CandidatePage)


class ClickHouseCandidates:
    """The port `Candidates` on ClickHouse's public copy of PyPI's metadata; the query of `url` names the user.

    The table `pypi.projects` has one row per file with `name`, as published, and `requires_dist` (according to its
    documentation; not verified on the server).
    """

    def __init__(self, service: ServiceClient, url: str) -> None:
        self._service = service
        self._url = url

    def find_candidates(self, frameworks: Sequence[str]) -> Iterator[str]:
        """Yield names page by page, one request each; a requirement of any release counts."""
        if invalid_names := [framework for framework in frameworks if not _NORMALIZED_NAME.fullmatch(framework)]:
            raise Invalid(f"{invalid_names[0]!r} is not a normalized name")
        seen: set[str] = set()
        after = ""
        while True:
            rows = self._service.get(self._build_request(frameworks, after), _make_page_reader).data
            for row in rows:
                if row.name <= after:
                    raise Unavailable(f"ClickHouse returns {row.name!r:.60} after {after!r:.60}: paging is impossible")
                after = row.name
                if (normalized_name := normalize_name(row.name)) not in seen:
                    seen.add(normalized_name)
                    yield normalized_name
            if len(rows) < PAGE_SIZE:
                return

    def _build_request(self, frameworks: Sequence[str], after: str) -> Request:
        quoted_names = ",".join(f"'{framework}'" for framework in frameworks)
        params = {
            "default_format": "JSON",
            "param_after": after,
            "param_frameworks": f"[{quoted_names}]",
            "param_page": str(PAGE_SIZE),
        }
        separator = "&" if "?" in self._url else "?"
        return Request(
            url=f"{self._url}{separator}{urlencode(params)}",
            method="POST",
            body=_CANDIDATES_QUERY.encode(),
            label="projects that require " + ", ".join(frameworks),
            timeout_factor=3,
            must_exist=True,
        )
