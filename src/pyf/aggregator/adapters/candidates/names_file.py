"""Candidates from a file of names: whatever somebody has found out elsewhere, or wants to be looked at."""

import gzip
import re
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

from ...domain.errors import Invalid
from ...domain.project import normalize_name

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
