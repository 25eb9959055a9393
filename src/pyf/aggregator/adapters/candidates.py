"""Bulk sources of projects that may require a framework, as the port `Candidates` wants them.

Candidates that somebody knows already, for tests and for those who have no bulk source.

Candidates from a file of names: whatever somebody has found out elsewhere, or wants to be looked at.

Candidates from ClickHouse's public copy of PyPI's metadata: who requires a framework, under whatever name.

Its table `pypi.projects` holds a row a file with `name`, as published, and `requires_dist`. Read in its documentation,
not verified live.
"""

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
from .http.readers import make_json_reader
from .http.service_client import Request, ServiceClient


class StaticCandidates:
    """The port `Candidates` over names by the framework (normalised) that they may require."""

    def __init__(self, names: Mapping[str, Iterable[str]] | None = None) -> None:
        self._names = {framework: tuple(framework_names) for framework, framework_names in (names or {}).items()}

    def find_candidates(self, frameworks: Sequence[str]) -> Iterator[str]:
        """Yield the names of all frameworks asked for, each once."""
        candidates = (normalize_name(name) for framework in frameworks for name in self._names.get(framework, ()))
        return iter(dict.fromkeys(candidates))


_PROJECT_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_READ_ERRORS = (OSError, EOFError, RuntimeError, ValueError, zlib.error)


class CandidatesFile:
    """The port `Candidates` over a file with one name a line, in any spelling; `#` begins a comment.

    A file whose name ends in `.gz` is decompressed. The file is one for all frameworks.
    """

    def __init__(self, path: str) -> None:
        self._path = path

    def find_candidates(self, frameworks: Sequence[str]) -> Iterator[str]:
        """Yield all names of the file; raises `Invalid`, naming file and line, for what is none."""
        seen: set[str] = set()
        try:
            with self._open() as lines:
                for line_number, line in enumerate(lines, start=1):
                    name = line.partition("#")[0].strip()
                    if not name:
                        continue
                    if not _PROJECT_NAME.fullmatch(name):
                        raise Invalid(f"{self._path}, line {line_number}: {name!r:.60} is no name of a project")
                    if (normalized_name := normalize_name(name)) not in seen:
                        seen.add(normalized_name)
                        yield normalized_name
        except _READ_ERRORS as error:
            raise Invalid(f"candidates {self._path}: {_format_reason(error)}") from error

    def _open(self) -> IO[str]:
        path = Path(self._path).expanduser()
        if path.name.endswith(".gz"):
            return gzip.open(path, "rt", encoding="utf-8-sig")
        return path.open(encoding="utf-8-sig")


def _format_reason(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "not UTF-8 text"
    return getattr(error, "strerror", None) or " ".join(str(error).split())


# The service cuts results over 1,000 rows without a word.
PAGE_SIZE = 900

# A requirement only for an extra is left out here already; one that has an "or" is left to its document.
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
    """The port `Candidates` over a ClickHouse server; `url` is its address, user and password included as its query."""

    def __init__(self, service: ServiceClient, url: str) -> None:
        self._service = service
        self._url = url

    def find_candidates(self, frameworks: Sequence[str]) -> Iterator[str]:
        """Yield names page by page, one request each; they are those of any release, not of the newest only."""
        if invalid_names := [framework for framework in frameworks if not _NORMALIZED_NAME.fullmatch(framework)]:
            raise Invalid(f"{invalid_names[0]!r} is no normalised name")
        seen: set[str] = set()
        after = ""
        while True:
            rows = self._service.get(self._build_request(frameworks, after), _make_page_reader).data
            for row in rows:
                if row.name <= after:
                    raise Unavailable(
                        f"ClickHouse names {row.name!r:.60} after {after!r:.60}: its pages can't be followed"
                    )
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
