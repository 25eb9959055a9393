"""Find the package that another one names as its successor, in its summary or at the top of its README."""

import re

from msgspec import UNSET, Struct

from .project import normalize_name
from .schema import RegistryFields

# Announcements are at the top of a README.
_TOP_LENGTH = 1500

_NAME = r"(?:the\s+|an?\s+)?(?:new\s+)?[`'\"“*\[]*(?P<name>[A-Za-z0-9][\w.-]{0,99})"
_SUCCESSOR = re.compile(
    rf"""
    \b(?:
        (?:deprecated|discontinued|retired|abandoned|archived|obsolete)\b[^.\n]{{0,40}}?\bin\ favou?r\ of
      | (?:replaced|superseded|succeeded)\ by
      | (?:renamed|been\ renamed|changed\ its\ name)\ (?:to|as|into)
      | merged\ (?:into|in\ to)
      | (?:please\s+|now\s+)?(?:use|switch\ to|migrate\ to|move\ to|see)(?=\s+[`'"“*\[]*[\w.-]+[`'"”*\]]*\s+instead\b)
    )\s+{_NAME}
    """,
    re.VERBOSE | re.IGNORECASE,
)
_NO_NAMES = frozenset({"it", "this", "that", "these", "those", "another", "other", "one", "them", "something", "a"})

# Every announcement contains one of them: most packages have none, and searching them takes a fiftieth of the time.
_HINTS = (
    *("in favo", "replaced by", "superseded by", "succeeded by"),
    *("renamed", "changed its name", "merged in", "instead"),
)


class NamedSuccessor(Struct, frozen=True, kw_only=True):
    """The name of a successor, as written, and where the package says so, such as "its README says: renamed to x"."""

    name: str
    statement: str


def find_successor(newest: RegistryFields) -> NamedSuccessor | None:
    """Return the successor that a package names, None for most packages."""
    title, chapter = (text if text is not UNSET else "" for text in (newest.title, newest.first_chapter))
    for source, text in (("summary", newest.summary[:_TOP_LENGTH]), ("README", f"{title}\n{chapter}"[:_TOP_LENGTH])):
        lowered = text.lower()
        if not any(hint in lowered for hint in _HINTS):
            continue
        for match in _SUCCESSOR.finditer(text):
            name = match["name"].rstrip(".-_")
            if normalize_name(name) not in _NO_NAMES | {newest.name_normalized}:
                return NamedSuccessor(name=name, statement=f"its {source} says: {' '.join(match[0].split())}")
    return None
