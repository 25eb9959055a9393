"""Compute what the index must have from the registry's documents, without the code of the program.

It follows the specification, and compares what a user sees of a document.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatch
from typing import Any

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

Json = dict[str, Any]

TEXT_FIELDS = ("author", "author_email", "summary", "license", "requires_python", "home_page", "maintainer")


@dataclass(frozen=True)
class MembershipRules:
    """The rules of membership: classifiers and what else counts; all names are normalized."""

    classifiers: Sequence[str]
    requires: Collection[str] = ()
    names: Sequence[str] = ()
    include: Collection[str] = ()
    exclude: Collection[str] = ()


def build_expected(projects: Iterable[tuple[Json, Mapping[str, Json]]], rules: MembershipRules) -> dict[str, Json]:
    """Return the comparable fields of every document, by id.

    Args:
        served: Project documents, each with its release documents by version.
        rules: The membership rules for the newest release.
    """
    documents: dict[str, Json] = {}
    for project, releases in projects:
        newest = _find_newest(project)
        reason = _find_reason(releases[newest]["info"], rules)
        if reason:
            for version, release in releases.items():
                document = _build_document(project, release, version, is_newest=version == newest)
                document["membership_reason"] = reason
                documents[f"{project['info']['name']}-{version}"] = document
    return documents


def to_comparable(document: Json) -> Json:
    """Return the fields of a stored document that can be compared."""
    return {
        "name": document["name"],
        "name_normalized": document["name_normalized"],
        "version": document["version"],
        "is_newest": document["is_newest"],
        "yanked": document["yanked"],
        "yanked_reason": document["yanked_reason"],
        "classifiers": list(document["classifiers"]),
        "requires_dist": list(document["requires_dist"]),
        "project_urls": document["project_urls"],
        "files": sorted(file["filename"] for file in document["urls"]),
        "has_files": document["has_files"],
        "upload_timestamp": document["upload_timestamp"],
        "maintainers": list(document["maintainers"]),
        "last_serial": document["last_serial"],
        "has_description": bool(document["description"]),
        "membership_reason": document["membership_reason"],
        **{name: document[name] for name in TEXT_FIELDS},
    }


def _build_document(project: Json, release: Json, version: str, *, is_newest: bool) -> Json:
    info, files = release["info"], project["releases"][version]
    reasons = [file["yanked_reason"] for file in files if file.get("yanked") and file.get("yanked_reason")]
    return {
        "name": project["info"]["name"],
        "name_normalized": canonicalize_name(project["info"]["name"]),
        "version": version,
        "is_newest": is_newest,
        "yanked": _is_yanked(files, info),
        "yanked_reason": reasons[0] if reasons else (info.get("yanked_reason") or ""),
        "classifiers": info["classifiers"] or [],
        "requires_dist": info["requires_dist"] or [],
        "project_urls": {k: v for k, v in (info["project_urls"] or {}).items() if v},
        "files": sorted(file["filename"] for file in files),
        "has_files": bool(files),
        "upload_timestamp": min((_parse_time(file["upload_time_iso_8601"]) for file in files), default=0),
        "maintainers": sorted({role["user"] for role in project["ownership"]["roles"]}),
        "last_serial": project["last_serial"],
        "has_description": is_newest and bool((info["description"] or "").strip()),
        **{name: info[name] or "" for name in TEXT_FIELDS},
    }


def _find_reason(info: Json, rules: MembershipRules) -> str:
    """Return the membership reason of a project, "" for none."""
    name = canonicalize_name(info["name"])
    if name in rules.exclude:
        return ""
    if any(_is_at_or_below(c, rules.classifiers) for c in info["classifiers"] or []):
        return "classifier"
    requirements = [_parse_requirement_name(line) for line in info["requires_dist"] or [] if _is_unconditional(line)]
    matches = [
        any(fnmatch(name_or_requirement, pattern) for pattern in rules.names)
        for name_or_requirement in (name, *requirements)
    ]
    if any(each in rules.requires for each in requirements):
        return "requires"
    if matches[0] and any(matches[1:]):
        return "name"
    return "include" if name in rules.include else ""


def _parse_requirement_name(line: str) -> str:
    return canonicalize_name(re.split(r"[^A-Za-z0-9._-]", line, maxsplit=1)[0])


def _is_unconditional(line: str) -> bool:
    """Return whether a requirement applies without an extra; sufficient for the requirements in the tests."""
    return "extra" not in line or " or python_version" in line


def _find_newest(project: Json) -> str:
    def to_sort_key(version: str) -> tuple[bool, bool, bool, bool, Version, bool, str]:
        files = project["releases"][version]
        is_latest = project["info"]["version"] == version
        is_usable = not _is_yanked(files, project["info"] if is_latest else {})
        try:
            parsed = Version(version)
        except InvalidVersion:
            return (bool(files), is_usable, False, False, Version("0"), is_latest, version)
        return (bool(files), is_usable, True, not parsed.is_prerelease, parsed, is_latest, version)

    return max(project["releases"], key=to_sort_key)


def _is_yanked(files: Sequence[Json], info: Json) -> bool:
    return all(file["yanked"] for file in files) if files else bool(info.get("yanked"))


def _is_at_or_below(classifier: str, bases: Sequence[str]) -> bool:
    return any(classifier == base or classifier.startswith(base + " :: ") for base in bases)


def _parse_time(text: str) -> int:
    return int(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp())
