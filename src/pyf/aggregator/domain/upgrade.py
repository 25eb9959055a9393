"""Check pinned packages against a release of a framework or of Python that a site wants to upgrade to."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any

from msgspec import UNSET, Struct
from msgspec.structs import replace
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from .documents.document import Document
from .documents.schema import RegistryFields
from .documents.version import parse_version, to_version_key
from .errors import InvalidRequest
from .membership.requirements import excludes_python, iter_relevant_requirements
from .replacement import Replacement, find_replacement
from .requirement_files import ListedPackage
from .support.degrees import Degree, ReleaseEvidence, Support, evaluate_framework_support, evaluate_python_support

_NUMBER = re.compile(r"\d{1,5}(?:\.\d{1,5}){0,3}")
_PYTHON_NUMBER = re.compile(r"\d\.\d{1,3}")


class UpgradeGoal(Struct, frozen=True, kw_only=True):
    """The releases that a site wants to run on; "" for what does not matter.

    Attributes:
        framework: As in classifiers: "Django".
        version: Its release: "6.0".
        python: A Python: "3.14".
        projects: Normalized names of the projects whose versions are those of the framework.
        released_at: When the framework's release was published, in Unix seconds; 0 if it is unknown.
        remark: What a reader should know of the goal: that no such release is known. "" if there is nothing.
    """

    framework: str = ""
    version: str = ""
    python: str = ""
    projects: frozenset[str] = frozenset()
    released_at: int = 0
    remark: str = ""

    @property
    def label(self) -> str:
        """The goal in words: "Django 6.0 and Python 3.14"."""
        names = [f"{self.framework} {self.version}"] if self.version else []
        return " and ".join([*names, *([f"Python {self.python}"] if self.python else [])])

    @property
    def version_key(self) -> Any:
        """The order of goals for one framework, or for Python."""
        return to_version_key(self.version or self.python)


class Status(StrEnum):
    """What has to be done for a package; the worst first."""

    BLOCKED = "blocked"
    UPGRADE = "upgrade"
    UNKNOWN = "unknown"
    UNLISTED = "unlisted"
    READY = "ready"

    @property
    def label(self) -> str:
        """The status in words."""
        return "not in the index" if self is Status.UNLISTED else self.value


class CheckedPackage(Struct, frozen=True, kw_only=True):
    """A listed package, and what is known of it.

    Attributes:
        used: The release that the file pins, or the newest one that it allows; "" if the index has none.
        newest: The newest release; "" if the collection does not have the package.
        first_supporting: The first release, from the used one on, that supports the goal; "" if none does.
        degree: How far the used release supports the goal; None without a goal.
        evidence: What the degree is based on, in words.
        health: The package's health score, None if it is unknown.
        advisories: Advisories that affect the used release.
    """

    name: str
    location: str
    status: Status
    used: str = ""
    newest: str = ""
    first_supporting: str = ""
    degree: Degree | None = None
    evidence: tuple[str, ...] = ()
    health: int | None = None
    advisories: tuple[str, ...] = ()
    replacement: Replacement | None = None

    @property
    def action(self) -> str:
        """The status in words, with the release to upgrade to."""
        return f"upgrade to {self.first_supporting}" if self.status is Status.UPGRADE else self.status.label

    @property
    def notes(self) -> tuple[str, ...]:
        """Advisories of the used release, and that the package has ended."""
        notes = [f"advisories: {', '.join(self.advisories)}"] if self.advisories else []
        if self.replacement:
            successor = f"; use {self.replacement.name}" if self.replacement.name else ""
            notes.append(f"ended: {self.replacement.reason}{successor}")
        return tuple(notes)

    @property
    def details(self) -> tuple[str, ...]:
        """The evidence of a package that is not ready, and the notes."""
        return self.notes if self.status is Status.READY else (*self.evidence, *self.notes)


def parse_framework_goal(text: str, frameworks: Sequence[str]) -> tuple[str, str]:
    """Return framework and version of "Django 6.0", "django==6.0" or "6.0".

    Args:
        frameworks: The frameworks of the collection; the first one is meant if the text names none.

    Raises:
        InvalidRequest: The text names no version, or another framework.
    """
    name, _, version = re.sub(r"[=\s]+", " ", text.strip()).rpartition(" ")
    if not _NUMBER.fullmatch(version):
        raise InvalidRequest(f"{text!r} is not a release of a framework, such as {(frameworks or ('Django',))[0]} 6.0")
    if not frameworks:
        raise InvalidRequest("the collection has no framework: check against a Python only")
    by_name = {framework.lower(): framework for framework in frameworks}
    if not name:
        return frameworks[0], version
    if name.lower() not in by_name:
        raise InvalidRequest(f"the collection is not about {name}, but about {', '.join(frameworks)}")
    return by_name[name.lower()], version


def build_goal_remark(framework: str, version: str, known_versions: Iterable[str]) -> str:
    """Return a remark that no such release of a framework is known; "" if one is, or if it precedes all known ones.

    Args:
        known_versions: Those of the framework's releases, previews included; none if they are not known.
    """
    known = sorted(filter(None, map(parse_version, known_versions)))
    numbers = tuple(map(int, version.split(".")))
    releases = [(*release.release, 0, 0, 0)[: len(numbers)] for release in known]
    if not known or numbers in releases or numbers < releases[0]:
        return ""
    newest = max((release for release in known if not release.is_prerelease), default=known[-1])
    return f"No release {framework} {version} is known; the newest is {newest}"


def parse_python_goal(text: str) -> str:
    """Return the Python of "3.14" or "Python 3.14"; raises `InvalidRequest` for anything else."""
    version = text.strip().lower().removeprefix("python").strip()
    if not _PYTHON_NUMBER.fullmatch(version):
        raise InvalidRequest(f"{text!r} is not a release of Python, such as 3.14")
    return version


def evaluate_release(release: RegistryFields, goal: UpgradeGoal) -> Support | None:
    """Return how far a release supports a goal: the lower degree, with all evidence; None without a goal."""
    evidence = ReleaseEvidence(
        classifiers=release.classifiers,
        requires_python=release.requires_python,
        requires_dist=release.requires_dist,
        filenames=tuple(file.filename for file in release.urls),
        uploaded=release.upload_timestamp,
    )
    supports: list[tuple[str, Support]] = []
    if goal.version:
        label = f"{goal.framework} {goal.version}"
        supports.append((label, _evaluate_framework(release, evidence, goal)))
    if goal.python:
        supports.append((f"Python {goal.python}", evaluate_python_support(evidence, goal.python)))
    if not supports:
        return None
    return Support(
        degree=min(support.degree for _, support in supports),
        evidence="; ".join(
            f"{label} {support.degree.label}: {support.evidence}" if len(supports) > 1 else support.evidence
            for label, support in supports
        ),
        is_confirmed=all(support.is_confirmed for _, support in supports),
    )


def is_supporting(support: Support) -> bool:
    """Return whether a degree is enough to recommend a release: an open range of an older release says nothing."""
    return support.degree >= Degree.ADMITTED and support.is_confirmed


def _evaluate_framework(release: RegistryFields, evidence: ReleaseEvidence, goal: UpgradeGoal) -> Support:
    if release.name_normalized in goal.projects:
        is_goal = f"{release.version}.".startswith(f"{goal.version}.")
        return Support(
            degree=Degree.DECLARED if is_goal else Degree.EXCLUDED,
            evidence=f"{release.name} {release.version} is {'that' if is_goal else 'another'} release",
            is_confirmed=True,
        )
    if goal.python:  # requirements for other Pythons do not count
        requirements = iter_relevant_requirements(release.requires_dist, goal.projects.__contains__)
        lines = (line for line, parsed in requirements if not excludes_python(parsed.condition, goal.python))
        evidence = replace(evidence, requires_dist=tuple(lines))
    return evaluate_framework_support(
        evidence, goal.framework, goal.version, projects=goal.projects, released_at=goal.released_at
    )


def check_package(
    listed: ListedPackage,
    documents: Sequence[Document],
    goal: UpgradeGoal,
    curated: Mapping[str, Replacement] | None = None,
) -> CheckedPackage:
    """Check a listed package against a goal.

    Args:
        documents: All of its releases, the newest first; none if the collection does not have it.
    """
    if not documents:
        return CheckedPackage(name=listed.name, location=listed.location, status=Status.UNLISTED, used=listed.version)
    releases = [document.registry for document in documents]
    newest, used = releases[0], _find_used(listed, releases)
    support = evaluate_release(used or newest, goal)
    first = _find_first_supporting(used, releases, goal)
    health = documents[0].health
    return CheckedPackage(
        name=newest.name,
        location=listed.location,
        status=Status.UNKNOWN if listed.is_code else _find_status(used, support, first, newest, goal),
        used=used.version if used else listed.version,
        newest=newest.version,
        first_supporting=first.version if first and not listed.is_code else "",
        degree=support.degree if support else None,
        evidence=_list_evidence(listed, used, newest, first, goal),
        health=None if health is UNSET or health.health_score is UNSET else health.health_score,
        advisories=tuple(advisory.id for advisory in (used.vulnerabilities if used else ())),
        replacement=find_replacement(newest, documents[0].repository, curated),
    )


def _find_used(listed: ListedPackage, releases: Sequence[RegistryFields]) -> RegistryFields | None:
    """Return the pinned release, or the newest one that the file allows; None if the index has none, or for code."""
    if listed.is_code:
        return None
    if listed.version:
        return _find_release(listed.version, releases) or _find_release(listed.version.partition("+")[0], releases)
    try:
        specifier = SpecifierSet(listed.specifier)
    except InvalidSpecifier:  # the parser of the file has reported it
        return None
    allowed = [
        release
        for release in releases
        if is_installable(release) and specifier.contains(release.version, prereleases=False)
    ]
    return max(allowed, key=lambda release: to_version_key(release.version), default=None)


def _find_release(version: str, releases: Sequence[RegistryFields]) -> RegistryFields | None:
    """Return the release of a version in any spelling."""
    parsed = parse_version(version)
    return next((r for r in releases if r.version == version or (parsed and parse_version(r.version) == parsed)), None)


def _find_first_supporting(
    used: RegistryFields | None, releases: Collection[RegistryFields], goal: UpgradeGoal
) -> RegistryFields | None:
    lowest = to_version_key(used.version) if used else None
    candidates = (
        release
        for release in sorted(releases, key=lambda release: to_version_key(release.version))
        if is_installable(release) and (lowest is None or to_version_key(release.version) >= lowest)
    )
    return next(
        (release for release in candidates if (support := evaluate_release(release, goal)) and is_supporting(support)),
        None,
    )


def is_installable(release: RegistryFields) -> bool:
    """Return whether pip installs a release without being asked for it by version."""
    version = parse_version(release.version)
    return version is not None and not version.is_prerelease and not release.yanked and release.has_files


def _find_status(
    used: RegistryFields | None,
    support: Support | None,
    first: RegistryFields | None,
    newest: RegistryFields,
    goal: UpgradeGoal,
) -> Status:
    """Return the status of a package.

    Args:
        support: That of the used release, or of the newest one if no release is known to be used.
        first: The first release that supports the goal.
    """
    if support is None or (used and is_supporting(support)):
        return Status.READY if used else Status.UNKNOWN
    if first is not None:
        return Status.UPGRADE
    newest_support = evaluate_release(newest, goal)
    return Status.BLOCKED if newest_support and newest_support.degree is Degree.EXCLUDED else Status.UNKNOWN


def _list_evidence(
    listed: ListedPackage,
    used: RegistryFields | None,
    newest: RegistryFields,
    first: RegistryFields | None,
    goal: UpgradeGoal,
) -> tuple[str, ...]:
    """Return what the status is based on, one release per line."""
    lines = []
    if listed.source:
        lines.append(f"installed from {listed.source}, not from PyPI")
    if used is None and not listed.is_code:
        wanted = listed.version or listed.specifier
        lines.append(f"no release {wanted} in the index" if wanted else "no release that pip would install")
    for version, release in {release.version: release for release in (used, first, newest) if release}.items():
        if support := evaluate_release(release, goal):
            lines.append(f"{version}: {support.evidence}")
    return tuple(lines)
