"""Degrees of support: what a release says about a release of Python or of a framework, with the evidence in words.

Whether the authors have tested a combination cannot be known from published data, and is never claimed.
"""

import re
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from enum import IntEnum
from functools import lru_cache

from msgspec import Struct
from packaging.specifiers import SpecifierSet

from ..documents.version import parse_version
from ..membership.requirements import iter_relevant_requirements
from .specifiers import has_upper_bound, parse_specifier

_DAY = 86_400

# When each Python was released: devguide.python.org/versions. Raise DOCUMENT_VERSION if you add one.
PYTHON_RELEASES = {
    "2.6": "2008-10-01",
    "2.7": "2010-07-03",
    "3.0": "2008-12-03",
    "3.1": "2009-06-27",
    "3.2": "2011-02-20",
    "3.3": "2012-09-29",
    "3.4": "2014-03-16",
    "3.5": "2015-09-13",
    "3.6": "2016-12-23",
    "3.7": "2018-06-27",
    "3.8": "2019-10-14",
    "3.9": "2020-10-05",
    "3.10": "2021-10-04",
    "3.11": "2022-10-24",
    "3.12": "2023-10-02",
    "3.13": "2024-10-07",
    "3.14": "2025-10-07",
    "3.15": "2026-10-01",
}


def to_unix_seconds(day: str) -> int:
    """Return the beginning of a day in ISO format."""
    return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp())


_RELEASE_TIMES = tuple(sorted(map(to_unix_seconds, PYTHON_RELEASES.values())))

# Seconds after which a release should list a new version: one that lists only others is evidence against it.
GRACE_PERIOD = 180 * _DAY

# Bug-fix releases to test specifiers with, besides those near a bound; minor releases of a major one to test.
_FIRST_PATCH, _LAST_PATCH, _MINOR_COUNT = 0, 99, 20
_PATCH_POSITION = 2

_VERSION = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})*")
_PYTHON = "Programming Language :: Python :: "


class Degree(IntEnum):
    """How far a release of a package supports a release of Python or of a framework; a higher degree is stronger."""

    EXCLUDED = 0
    UNKNOWN = 1
    ADMITTED = 2
    DECLARED = 3

    @property
    def label(self) -> str:
        """The degree as one word."""
        return self.name.lower()


class Support(Struct, frozen=True, kw_only=True):
    """The degree of support with its evidence.

    Attributes:
        is_confirmed: Whether the authors could know the supported release: it is declared, an upper bound includes it
            (of Python: a bound below the next major version), a wheel is built for it, or it was out before theirs.
    """

    degree: Degree
    evidence: str
    is_confirmed: bool = False


class ReleaseEvidence(Struct, frozen=True, kw_only=True):
    """What one release publishes about its support.

    Attributes:
        filenames: Its files: a wheel may be built for one Python.
        uploaded: Unix seconds, 0 if it is unknown.
    """

    classifiers: tuple[str, ...] = ()
    requires_python: str = ""
    requires_dist: tuple[str, ...] = ()
    filenames: tuple[str, ...] = ()
    uploaded: int = 0


def evaluate_python_support(release: ReleaseEvidence, python: str) -> Support:
    """Return how far a release supports a Python, such as `3.12`."""
    return _evaluate_python(
        tuple(classifier for classifier in release.classifiers if classifier.startswith(_PYTHON)),
        release.requires_python,
        _list_wheel_pythons(release.filenames),
        release.uploaded,
        python,
    )


def list_supported_pythons(release: ReleaseEvidence) -> tuple[str, ...]:
    """Return the Pythons that a release declares or admits, such as `Python 3.12`, oldest first."""
    # The result is the same for all uploads between the releases of two Pythons, so it is cached by their number.
    released_count = bisect_left(_RELEASE_TIMES, release.uploaded - GRACE_PERIOD)
    classifiers = tuple(classifier for classifier in release.classifiers if classifier.startswith(_PYTHON))
    return _list_supported(classifiers, release.requires_python, _list_wheel_pythons(release.filenames), released_count)


@lru_cache(maxsize=4096)  # releases of a project mostly publish the same
def _list_supported(
    classifiers: tuple[str, ...], requires_python: str, wheel_pythons: tuple[str, ...], released_count: int
) -> tuple[str, ...]:
    uploaded = _RELEASE_TIMES[released_count - 1] + GRACE_PERIOD + 1 if released_count else 0
    pythons = sorted({*PYTHON_RELEASES, *_list_declared(classifiers)}, key=_to_key)
    supports = (
        (python, _evaluate_python(classifiers, requires_python, wheel_pythons, uploaded, python)) for python in pythons
    )
    return tuple(f"Python {python}" for python, support in supports if support.degree >= Degree.ADMITTED)


def _list_declared(classifiers: Iterable[str]) -> list[str]:
    names = (classifier.removeprefix(_PYTHON) for classifier in classifiers)
    return [name for name in names if _VERSION.fullmatch(name)]


def _evaluate_python(
    classifiers: tuple[str, ...], requires_python: str, wheel_pythons: tuple[str, ...], uploaded: int, python: str
) -> Support:
    specifier = parse_specifier(requires_python) if requires_python.strip() else None
    requirement = f'requires-python "{" ".join(requires_python.split())}"'
    if specifier is not None and not _admits(specifier, python):
        return Support(degree=Degree.EXCLUDED, evidence=f"{requirement} excludes it")
    names = [classifier.removeprefix(_PYTHON) for classifier in classifiers]
    major = python.partition(".")[0]
    if only := next((name for name in names if name.endswith(" :: Only") and name != f"{major} :: Only"), ""):
        return Support(degree=Degree.EXCLUDED, evidence=f'the classifier "{_PYTHON}{only}" excludes it')
    listed = _list_declared(classifiers)
    if python in listed:
        return Support(degree=Degree.DECLARED, evidence=f'the classifier "{_PYTHON}{python}"', is_confirmed=True)
    if python in wheel_pythons:
        return Support(degree=Degree.ADMITTED, evidence="a wheel is built for it", is_confirmed=True)
    if listed and not any(name.partition(".")[0] == major for name in listed):
        return Support(degree=Degree.UNKNOWN, evidence=f"its classifiers name Python {_join(listed)} only")
    if specifier is None:
        reason = f"its classifiers list only {_join(listed)}" if listed else "no classifier of a Python release"
        return Support(degree=Degree.UNKNOWN, evidence=f"it has no requires-python, and {reason}")
    return _evaluate_admission(
        requirement,
        target=python,
        listed=[name for name in listed if name.startswith(f"{major}.")],
        delay=_compute_delay(to_unix_seconds(PYTHON_RELEASES[python]) if python in PYTHON_RELEASES else 0, uploaded),
        # Tools write "<4" into every requires-python: it says nothing about the minor releases of Python 3.
        is_bounded=not _admits(specifier, f"{major}.{_LAST_PATCH}"),
    )


def evaluate_framework_support(
    release: ReleaseEvidence,
    framework: str,
    version: str,
    *,
    projects: Collection[str] = (),
    released_at: int = 0,
) -> Support:
    """Return how far a release supports a release of a framework; a major version covers its minor ones.

    Args:
        framework: As in classifiers: "Django".
        version: "5.2", or "5" for any 5.x.
        projects: Normalized names of the projects whose versions are those of the framework.
        released_at: When the framework's release was published, in Unix seconds; 0 if it is unknown.
    """
    prefix = f"Framework :: {framework} :: "
    names = (classifier.removeprefix(prefix) for classifier in release.classifiers if classifier.startswith(prefix))
    listed = [name for name in names if _VERSION.fullmatch(name)]
    specifiers = [
        (line, specifier)
        for line, parsed in iter_relevant_requirements(release.requires_dist, projects.__contains__)
        if parsed.is_run_time and (specifier := parse_specifier(parsed.versions)) is not None
    ]
    for line, specifier in specifiers:
        # A line with a marker may be one of several alternatives.
        if ";" not in line and not _admits(specifier, version):
            return Support(degree=Degree.EXCLUDED, evidence=f'its requirement "{line}" excludes it')
    if declared := next((name for name in listed if name == version or name.startswith(f"{version}.")), ""):
        return Support(degree=Degree.DECLARED, evidence=f'the classifier "{prefix}{declared}"', is_confirmed=True)
    if version.partition(".")[0] in listed:
        major = version.partition(".")[0]
        return Support(
            degree=Degree.ADMITTED,
            evidence=f'the classifier "{prefix}{major}" includes it',
            is_confirmed=bool(released_at) and release.uploaded >= released_at,
        )
    admitting = [(line, specifier) for line, specifier in specifiers if _admits(specifier, version)]
    line, specifier = max(admitting, key=lambda item: bool(len(item[1])), default=("", SpecifierSet()))
    if not len(specifier):
        reason = f'its requirement "{line}" admits every version' if line else ""
        only = f"its classifiers list only {_join(listed)}" if listed else ""
        reasons = [text for text in (reason, only) if text]
        nothing = f"nothing says which versions of {framework} it supports"
        return Support(degree=Degree.UNKNOWN, evidence=", and ".join(reasons) or nothing)
    return _evaluate_admission(
        f'its requirement "{line}"',
        target=version,
        listed=listed,
        delay=_compute_delay(released_at, release.uploaded),
        is_bounded=has_upper_bound(specifier),
    )


def _compute_delay(released_at: int, uploaded: int) -> int | None:
    """Return the seconds from one release to an upload, negative for an earlier upload; None if a time is unknown."""
    return uploaded - released_at if released_at and uploaded else None


def _evaluate_admission(
    requirement: str, *, target: str, listed: Sequence[str], delay: int | None, is_bounded: bool
) -> Support:
    """Return the degree of a target that a requirement admits and no classifier names.

    Args:
        requirement: The requirement, in words.
        target: The version of the framework or of Python.
        listed: Versions that classifiers name.
        delay: Seconds from the target's release to the upload of the package's release; None if one is unknown.
        is_bounded: Whether the requirement has an upper bound.
    """
    is_newest = all(_to_key(target) > _to_key(name) for name in listed)
    if listed and (not is_newest or (delay is not None and delay > GRACE_PERIOD)):
        return Support(
            degree=Degree.UNKNOWN,
            evidence=f"{requirement} admits it, but its classifiers list only {_join(listed)}",
        )
    reason = f"{requirement} admits it"
    if is_bounded:
        return Support(degree=Degree.ADMITTED, evidence=f"{reason}, within an upper bound", is_confirmed=True)
    if delay is not None and delay >= 0:
        evidence = f"{reason}, and this package release is newer"
        return Support(degree=Degree.ADMITTED, evidence=evidence, is_confirmed=True)
    age = "may be" if delay is None else "is"
    return Support(degree=Degree.ADMITTED, evidence=f"{reason}, but this package release {age} older")


def _admits(specifier: SpecifierSet, version: str) -> bool:
    """Return whether a specifier admits a bug-fix release of a version; any minor release of a major version."""
    minors = [version] if "." in version else [f"{version}.{minor}" for minor in range(_MINOR_COUNT)]
    patches = {_FIRST_PATCH, _LAST_PATCH, *_list_patches_near_bounds(specifier)}
    candidates = (f"{minor}.{patch}" for minor in minors for patch in patches)
    return any(parse_version(candidate) is not None and candidate in specifier for candidate in candidates)


def _list_patches_near_bounds(specifier: SpecifierSet) -> Iterator[int]:
    """Yield bug-fix numbers that may be the only ones that a specifier admits: 16 for `==3.10.16`."""
    for clause in specifier:
        numbers = _to_key(clause.version)
        if len(numbers) > _PATCH_POSITION:
            patch = numbers[_PATCH_POSITION]
            yield from range(max(patch - 1, 0), patch + 2)


def _list_wheel_pythons(filenames: Iterable[str]) -> tuple[str, ...]:
    """Return the Pythons that compiled wheels are built for: `3.12` for the tag `cp312`."""
    tags = {
        tag
        for filename in filenames
        if filename.endswith(".whl")
        for tag in filename.removesuffix(".whl").split("-")[-3:-2]
        for tag in tag.split(".")
    }
    return tuple(
        sorted(f"{tag[2]}.{tag[3:]}" for tag in tags if tag.startswith("cp") and tag[2:].isdecimal() and tag[3:])
    )


def _to_key(version: str) -> tuple[int, ...]:
    return tuple(int(number) if number.isdecimal() and len(number) < 10 else 0 for number in version.split("."))


def _join(versions: Iterable[str]) -> str:
    return ", ".join(sorted(versions, key=_to_key))
