"""Compatibility: whether the package runs on what is supported today, as far as it says so itself."""

from collections.abc import Iterable, Mapping
from datetime import date
from functools import lru_cache

from msgspec import UNSET, UnsetType
from packaging.specifiers import SpecifierSet

from .judging import Case, Judgement, Rule, Rules, whether
from .standards import EndOfSupport, Standards, is_supported, numbers, supported

# Patch releases that a `requires-python` is tried with: bounds within a minor release are rare, and lie between.
_PATCHES = (0, 99)

# A number that is longer is no version of anything.
_LONGEST = 20


def supports_supported_framework(case: Case) -> bool | UnsetType:
    """Tell whether a framework's release that is supported today is named; Unset where none is named that we know."""
    named = case.facts.framework_versions
    return UNSET if named is UNSET else names_supported_framework(named, case.standards, case.today)


def names_supported_framework(named: Iterable[str], standards: Standards, today: date) -> bool | UnsetType:
    """Tell whether one of these ("Plone 6.0") is supported on a day; Unset where none is one that we know."""
    verdicts = [release_is_supported(each, standards, today) for each in named]
    known = [verdict for verdict in verdicts if verdict is not UNSET]
    return any(known) if known else UNSET


def admits_supported_python(case: Case) -> bool | UnsetType:
    """Tell whether a Python that is supported today may be used; Unset where the package says nothing of it.

    A package that names Pythons and requires none runs on later ones by tradition, but not across a first number.
    """
    facts = case.facts
    pythons = supported(case.standards.pythons, case.today)
    firsts = {version.split(".")[0] for version in pythons}
    required = UNSET if facts.requires_python in (UNSET, "") else _admitted(facts.requires_python, pythons)
    named = _named_pythons(case)
    is_of_the_past = bool(named) and firsts.isdisjoint(version.split(".")[0] for version in named)
    # ">=2.6" was written when there was no other Python; ">=3.8" can only have been meant.
    if is_of_the_past and (required is UNSET or _admitted(facts.requires_python, ("2.7",))):
        return False
    if required is not UNSET or not named:
        return required
    minors = [version for version in named if "." in version and version.split(".")[0] in firsts]
    return True if not minors or _newest_named(minors, pythons) else UNSET


def release_is_supported(named: str, standards: Standards, today: date) -> bool | UnsetType:
    """Tell whether a framework's release, such as `Plone 6.0`, is supported on a day; Unset where nobody knows."""
    framework, _, version = named.rpartition(" ")
    ends = standards.frameworks.get(framework)
    return _number_is_supported(version, ends, today) if ends and len(version) <= _LONGEST else UNSET


def _framework(case: Case) -> Judgement | UnsetType:
    verdict = supports_supported_framework(case)
    if verdict is UNSET or case.facts.framework_versions is UNSET:
        return UNSET
    named = few(case.facts.framework_versions)
    return whether(
        verdict,
        f"Names a supported release: {named}",
        f"Names none that is supported today: {named}",
        "Try a release of the framework that is supported, and add its classifier",
    )


def _python(case: Case) -> Judgement | UnsetType:
    facts, limits = case.facts, case.standards.thresholds
    admitted, named = admits_supported_python(case), _named_pythons(case)
    if admitted is UNSET and not named:
        return UNSET
    pythons = supported(case.standards.pythons, case.today)
    to_do = f"Try the package on Python {pythons[-1]}, and add the classifier"
    if admitted is False:
        return Judgement(0.0, f"Supports no Python from {pythons[0]} on", to_do)
    if found := _newest_named(named, pythons):
        return Judgement(1.0, f"Names Python {found}")
    if admitted is UNSET:
        return Judgement(limits.python_ended, f"Names no Python after {max(named, key=numbers)}", to_do)
    seen = f"Requires Python {facts.requires_python}" if facts.requires_python else f"Names {few(named, 'Python ')}"
    return Judgement(limits.python_admitted, f"{seen}, and names no version that is supported today", to_do)


def _wheel(case: Case) -> Judgement | UnsetType:
    if case.facts.has_wheel is UNSET:
        return UNSET
    return whether(
        case.facts.has_wheel,
        "The newest release has a wheel",
        "The newest release has no wheel",
        "Build a wheel as well, so that installing runs no code of the package",
    )


def _number_is_supported(version: str, ends: Mapping[str, EndOfSupport], today: date) -> bool | UnsetType:
    """Judge one release; a major one is supported while one of its minor ones is, a later one than we know is, too."""
    if version in ends:
        return is_supported(ends[version], today)
    minors = [end for known, end in ends.items() if known.startswith(f"{version}.")]
    if minors:
        return any(is_supported(end, today) for end in minors)
    return True if numbers(version) > max(map(numbers, ends)) else UNSET


@lru_cache(maxsize=1024)
def _admitted(requires_python: str, pythons: tuple[str, ...]) -> bool | UnsetType:
    try:
        allowed = SpecifierSet(requires_python)
        return any(f"{python}.{patch}" in allowed for python in pythons for patch in _PATCHES)
    except ValueError:  # InvalidSpecifier is one; a number of more digits than Python reads is another.
        return UNSET


def _named_pythons(case: Case) -> list[str]:
    named = case.facts.python_versions
    versions = [] if named is UNSET else [version.removeprefix("Python ") for version in named]
    return [version for version in versions if len(version) <= _LONGEST]


def _newest_named(named: list[str], pythons: tuple[str, ...]) -> str:
    """Return the newest version among the named ones that is supported, or later than all we know; "" for none."""
    oldest = numbers(pythons[0])
    fitting = [version for version in named if "." in version and numbers(version) >= oldest]
    return max(fitting, key=numbers, default="")


def few(names: tuple[str, ...] | list[str], prefix: str = "") -> str:
    """Return the last few of several names, and how many more there are."""
    shown = ", ".join(f"{prefix}{name}" for name in names[-3:])
    return f"{shown} and {len(names) - 3} more" if len(names) > 3 else shown


RULES: Rules = {
    "framework": Rule("a release of the framework that is supported today, in the classifiers", _framework),
    "python": Rule("a Python that is supported today, in the classifiers or by `requires-python`", _python),
    "wheel": Rule("a wheel of the newest release", _wheel),
}
