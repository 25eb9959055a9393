"""Recompute degrees of support and the figures of a readiness board, without the code of the program.

It follows docs/explanation/support.md and docs/how-to/readiness.md, and tests requirements against lists of releases.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import NamedTuple

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name, parse_wheel_filename
from packaging.version import InvalidVersion, Version

HALF_YEAR = 180 * 24 * 60 * 60

PYTHON_DATES = {
    "2.6": (2008, 10, 1),
    "2.7": (2010, 7, 3),
    "3.0": (2008, 12, 3),
    "3.1": (2009, 6, 27),
    "3.2": (2011, 2, 20),
    "3.3": (2012, 9, 29),
    "3.4": (2014, 3, 16),
    "3.5": (2015, 9, 13),
    "3.6": (2016, 12, 23),
    "3.7": (2018, 6, 27),
    "3.8": (2019, 10, 14),
    "3.9": (2020, 10, 5),
    "3.10": (2021, 10, 4),
    "3.11": (2022, 10, 24),
    "3.12": (2023, 10, 2),
    "3.13": (2024, 10, 7),
    "3.14": (2025, 10, 7),
    "3.15": (2026, 10, 1),
}


@dataclass(frozen=True)
class PublishedRelease:
    """What a release publishes: as in PyPI's JSON, with the upload in Unix seconds."""

    project: str
    version: str
    classifiers: Sequence[str] = ()
    requires_python: str = ""
    requires_dist: Sequence[str] = ()
    filenames: Sequence[str] = ()
    uploaded: int = 0
    is_yanked: bool = False


class Verdict(NamedTuple):
    """A degree in words, and whether it is enough to be ready."""

    degree: str
    is_ready: bool


class BoardRow(NamedTuple):
    """The figures of a package."""

    state: str
    degree: str
    last_supporting: str
    since_release: str
    since: int
    latest_supported: str


@dataclass(frozen=True)
class Goal:
    """A release of Python or of a framework.

    Attributes:
        dates: When each release was published, in Unix seconds.
        projects: The normalized names of the framework's own projects.
    """

    product: str
    version: str
    dates: Mapping[str, int]
    projects: Collection[str] = ()

    @property
    def label(self) -> str:
        return f"{self.product} {self.version}"


def build_python_goal(version: str) -> Goal:
    dates = {python: int(datetime(*day, tzinfo=UTC).timestamp()) for python, day in PYTHON_DATES.items()}
    return Goal("Python", version, dates)


def judge(release: PublishedRelease, goal: Goal) -> Verdict:
    """Return how far a release supports a goal."""
    if goal.product == "Python":
        return _judge_python(release, goal)
    if canonicalize_name(release.project) in goal.projects:
        is_goal = f"{release.version}.".startswith(f"{goal.version}.")
        return Verdict("declared", True) if is_goal else Verdict("excluded", False)
    return _judge_framework(release, goal)


def _judge_python(release: PublishedRelease, goal: Goal) -> Verdict:
    python, major = goal.version, goal.version.split(".")[0]
    specifier = SpecifierSet(release.requires_python) if release.requires_python else None
    if specifier is not None and not _admits_any(specifier, python):
        return Verdict("excluded", False)
    words = [c.split(" :: ")[2:] for c in release.classifiers if c.startswith("Programming Language :: Python :: ")]
    if any(word[-1] == "Only" and word[0] != major for word in words):
        return Verdict("excluded", False)
    listed = [word[0] for word in words if len(word) == 1 and word[0][0].isdigit()]
    if python in listed:
        return Verdict("declared", True)
    if f"cp{python.replace('.', '')}" in _list_interpreters(release.filenames):
        return Verdict("admitted", True)
    if specifier is None or (listed and not any(name.split(".")[0] == major for name in listed)):
        return Verdict("unknown", False)
    is_open = f"{major}.1000" in specifier
    return _weigh(release, goal, [name for name in listed if name.startswith(f"{major}.")], is_bounded=not is_open)


def _judge_framework(release: PublishedRelease, goal: Goal) -> Verdict:
    listed = [
        words[2]
        for c in release.classifiers
        if (words := c.split(" :: "))[:2] == ["Framework", goal.product] and words[2:]
    ]
    listed = [name for name in listed if name[0].isdigit()]
    requirements = [
        requirement
        for requirement in _parse_all(tuple(release.requires_dist))
        if canonicalize_name(requirement.name) in goal.projects and "extra" not in str(requirement.marker)
    ]
    if any(not r.marker and not _admits_any(r.specifier, goal.version) for r in requirements):
        return Verdict("excluded", False)
    if any(f"{name}.".startswith(f"{goal.version}.") for name in listed):
        return Verdict("declared", True)
    was_out = bool(goal.dates.get(goal.version)) and release.uploaded >= goal.dates[goal.version]
    if goal.version.split(".")[0] in listed:
        return Verdict("admitted", was_out)
    admitting = [r.specifier for r in requirements if str(r.specifier) and _admits_any(r.specifier, goal.version)]
    if not admitting:
        return Verdict("unknown", False)
    bounded = any(clause.operator in ("<", "<=", "==", "===", "~=") for clause in admitting[0])
    return _weigh(release, goal, listed, is_bounded=bounded)


def _weigh(release: PublishedRelease, goal: Goal, listed: Sequence[str], *, is_bounded: bool) -> Verdict:
    """Decide about a release that a requirement admits, and that no classifier names."""
    published = goal.dates.get(goal.version, 0)
    was_out = bool(published) and release.uploaded >= published
    could_have_listed = any(Version(name) > Version(goal.version) for name in listed) or (
        was_out and release.uploaded - published > HALF_YEAR
    )
    if listed and could_have_listed:
        return Verdict("unknown", False)
    return Verdict("admitted", is_bounded or was_out)


def _list_interpreters(filenames: Sequence[str]) -> set[str]:
    wheels = [name for name in filenames if name.endswith(".whl")]
    return {tag.interpreter for name in wheels for tag in parse_wheel_filename(name)[3]}


@cache
def _admits_any(specifier: SpecifierSet, version: str) -> bool:
    """Test every release of a version, the minor ones of a major version among them."""
    minors = [version] if "." in version else [f"{version}.{minor}" for minor in range(20)]
    return any(f"{minor}.{patch}" in specifier for minor in minors for patch in range(100))


@cache
def _parse_all(lines: tuple[str, ...]) -> list[Requirement]:
    requirements = []
    for line in lines:
        try:
            requirements.append(Requirement(line))
        except InvalidRequirement:
            continue
    return requirements


def judge_package(
    newest: PublishedRelease, releases: Sequence[PublishedRelease], goal: Goal, others: Sequence[Goal]
) -> BoardRow:
    """Return the figures of a package; `others` are the other releases of the goal's product."""
    verdict, last = judge(newest, goal), newest
    installable = sorted(filter(_is_installable, releases), key=lambda release: Version(release.version))
    earlier = [release for release in installable if _parse(release.version) < _parse(newest.version)]
    is_later_admitted = any(
        judge(newest, other).degree in ("admitted", "declared")
        for other in others
        if Version(other.version) > Version(goal.version)
    )
    if verdict.degree == "excluded" and is_later_admitted:
        for release in earlier:
            if judge(release, goal).is_ready:
                verdict, last = judge(release, goal), release
    if not verdict.is_ready:
        supported = [o for o in others if Version(o.version) < Version(goal.version) and judge(newest, o).is_ready]
        latest = max(supported, key=lambda other: Version(other.version)).label if supported else ""
        return BoardRow("not ready" if verdict.degree == "excluded" else "unknown", verdict.degree, "", "", 0, latest)
    since = last
    for release in reversed([item for item in earlier if _parse(item.version) < _parse(last.version)]):
        if not judge(release, goal).is_ready:
            break
        since = release
    moved_on = last.version if last is not newest else ""
    return BoardRow("ready", verdict.degree, moved_on, since.version, since.uploaded, "")


def _is_installable(release: PublishedRelease) -> bool:
    version = _parse(release.version)
    return (
        version > Version("0.dev0") and not version.is_prerelease and not release.is_yanked and bool(release.filenames)
    )


def _parse(version: str) -> Version:
    try:
        return Version(version)
    except InvalidVersion:
        return Version("0.dev0")


def compute_trend(rows: Sequence[BoardRow], now: int) -> list[tuple[str, int]]:
    """Return the number of ready packages at the end of each of the last 24 months."""
    year, month = datetime.fromtimestamp(now, UTC).year, datetime.fromtimestamp(now, UTC).month
    trend: list[tuple[str, int]] = []
    for _ in range(24):
        next_month = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC).timestamp()
        trend.insert(0, (f"{year}-{month:02}", sum(row.state == "ready" and row.since < next_month for row in rows)))
        year, month = (year, month - 1) if month > 1 else (year - 1, 12)
    return trend
