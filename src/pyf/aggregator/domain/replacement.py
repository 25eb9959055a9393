"""Find what replaces a package that has ended: by its own words, its metadata, and a curated list."""

import re
from collections.abc import Mapping

from msgspec import UNSET, Struct, UnsetType

from .documents.project import normalize_name
from .documents.schema import RegistryFields, RepositoryFields
from .health.extract_signals import INACTIVE_CLASSIFIER, RETIRED_STATUSES, find_abandonment_notice

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


class Replacement(Struct, frozen=True, kw_only=True):
    """Why a package should not be used for new work, and what to use instead.

    Attributes:
        name: The package to use instead, as written; "" if no source names one.
        reason: A clause, such as "its README says: deprecated in favor of django-filter".
    """

    name: str = ""
    reason: str = ""


def find_successor(newest: RegistryFields) -> Replacement | None:
    """Return the successor that a package names in its summary or at the top of its README."""
    title, chapter = (text if text is not UNSET else "" for text in (newest.title, newest.first_chapter))
    for source, text in (("summary", newest.summary), ("README", f"{title}\n{chapter}")):
        for match in _SUCCESSOR.finditer(text[:_TOP_LENGTH]):
            name = match["name"].rstrip(".-_")
            if normalize_name(name) not in _NO_NAMES | {newest.name_normalized}:
                return Replacement(name=name, reason=f"its {source} says: {' '.join(match[0].split())}")
    return None


def find_replacement(
    newest: RegistryFields,
    repository: RepositoryFields | UnsetType = UNSET,
    curated: Mapping[str, Replacement] | None = None,
) -> Replacement | None:
    """Return why a package has ended and what replaces it, None for a package that has not ended.

    Args:
        newest: The document of the newest release.
        curated: What people know and data does not say, by normalized name; it has the last word.
    """
    if curated and (replacement := curated.get(newest.name_normalized)):
        return replacement
    successor = find_successor(newest)
    if newest.project_status in RETIRED_STATUSES:
        reason = f"PyPI lists it as {newest.project_status}"
    elif successor is not None:
        reason = successor.reason
    elif INACTIVE_CLASSIFIER in newest.classifiers:
        reason = f'it has the classifier "{INACTIVE_CLASSIFIER}"'
    elif notice := find_abandonment_notice(f"{newest.summary}\n{newest.first_chapter or ''}"):
        reason = f"its README says: {notice}"
    elif repository is not UNSET and repository.repository_archived is True:
        reason = "its repository is archived"
    else:
        return None
    return Replacement(name=successor.name if successor else "", reason=reason)
