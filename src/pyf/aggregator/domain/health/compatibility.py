"""Compatibility: whether the package runs on what is supported today, as far as it says so itself."""

from collections.abc import Iterable, Mapping
from datetime import date
from functools import lru_cache

from msgspec import UNSET, UnsetType
from packaging.specifiers import SpecifierSet

from .rules import Rule, RuleContext, RuleResult, Rules, pass_or_fail
from .scoring_config import EndOfSupport, ScoringConfig, is_supported, list_supported, parse_version_numbers

# Patch releases that a `requires-python` is tried with: bounds within a minor release are rare, and lie between.
_TESTED_PATCHES = (0, 99)

# A number that is longer is no version of anything.
_MAX_VERSION_LENGTH = 20


def has_supported_framework(context: RuleContext) -> bool | UnsetType:
    """Tell whether a framework's release that is supported today is named; Unset where none is named that we know."""
    versions = context.signals.framework_versions
    return UNSET if versions is UNSET else has_supported_version(versions, context.scoring_config, context.today)


def has_supported_version(versions: Iterable[str], scoring_config: ScoringConfig, today: date) -> bool | UnsetType:
    """Tell whether one of these ("Plone 6.0") is supported on a day; Unset where none is one that we know."""
    results = [is_release_supported(version, scoring_config, today) for version in versions]
    known = [result for result in results if result is not UNSET]
    return any(known) if known else UNSET


def can_use_supported_python(context: RuleContext) -> bool | UnsetType:
    """Tell whether a Python that is supported today may be used; Unset where the package says nothing of it.

    A package that names Pythons and requires none runs on later ones by tradition, but not across a first number.
    """
    signals = context.signals
    pythons = list_supported(context.scoring_config.pythons, context.today)
    major_versions = {version.split(".")[0] for version in pythons}
    is_allowed = (
        UNSET if signals.requires_python in (UNSET, "") else _is_python_allowed(signals.requires_python, pythons)
    )
    declared = _list_declared_pythons(context)
    is_outdated = bool(declared) and major_versions.isdisjoint(version.split(".")[0] for version in declared)
    # ">=2.6" was written when there was no other Python; ">=3.8" can only have been meant.
    if is_outdated and (is_allowed is UNSET or _is_python_allowed(signals.requires_python, ("2.7",))):
        return False
    if is_allowed is not UNSET or not declared:
        return is_allowed
    minors = [version for version in declared if "." in version and version.split(".")[0] in major_versions]
    return True if not minors or _find_newest_supported(minors, pythons) else UNSET


def is_release_supported(release: str, scoring_config: ScoringConfig, today: date) -> bool | UnsetType:
    """Tell whether a framework's release, such as `Plone 6.0`, is supported on a day; Unset where nobody knows."""
    framework, _, version = release.rpartition(" ")
    ends = scoring_config.frameworks.get(framework)
    return _is_version_supported(version, ends, today) if ends and len(version) <= _MAX_VERSION_LENGTH else UNSET


def _check_framework(context: RuleContext) -> RuleResult | UnsetType:
    is_supported = has_supported_framework(context)
    if is_supported is UNSET or context.signals.framework_versions is UNSET:
        return UNSET
    versions = join_last(context.signals.framework_versions)
    return pass_or_fail(
        is_supported,
        f"Names a supported release: {versions}",
        f"Names none that is supported today: {versions}",
        "Try a release of the framework that is supported, and add its classifier",
    )


def _check_python(context: RuleContext) -> RuleResult | UnsetType:
    signals, thresholds = context.signals, context.scoring_config.thresholds
    is_allowed, declared = can_use_supported_python(context), _list_declared_pythons(context)
    if is_allowed is UNSET and not declared:
        return UNSET
    pythons = list_supported(context.scoring_config.pythons, context.today)
    advice = f"Try the package on Python {pythons[-1]}, and add the classifier"
    if is_allowed is False:
        return RuleResult(0.0, f"Supports no Python from {pythons[0]} on", advice)
    if newest := _find_newest_supported(declared, pythons):
        return RuleResult(1.0, f"Names Python {newest}")
    if is_allowed is UNSET:
        return RuleResult(
            thresholds.python_outdated, f"Names no Python after {max(declared, key=parse_version_numbers)}", advice
        )
    observation = (
        f"Requires Python {signals.requires_python}"
        if signals.requires_python
        else f"Names {join_last(declared, 'Python ')}"
    )
    return RuleResult(thresholds.python_allowed, f"{observation}, and names no version that is supported today", advice)


def _check_wheel(context: RuleContext) -> RuleResult | UnsetType:
    if context.signals.has_wheel is UNSET:
        return UNSET
    return pass_or_fail(
        context.signals.has_wheel,
        "The newest release has a wheel",
        "The newest release has no wheel",
        "Build a wheel as well, so that installing runs no code of the package",
    )


def _is_version_supported(version: str, ends: Mapping[str, EndOfSupport], today: date) -> bool | UnsetType:
    """Judge one release; a major one is supported while one of its minor ones is, a later one than we know is, too."""
    if version in ends:
        return is_supported(ends[version], today)
    minors = [end for known, end in ends.items() if known.startswith(f"{version}.")]
    if minors:
        return any(is_supported(end, today) for end in minors)
    return True if parse_version_numbers(version) > max(map(parse_version_numbers, ends)) else UNSET


@lru_cache(maxsize=1024)
def _is_python_allowed(requires_python: str, pythons: tuple[str, ...]) -> bool | UnsetType:
    try:
        allowed = SpecifierSet(requires_python)
        return any(f"{python}.{patch}" in allowed for python in pythons for patch in _TESTED_PATCHES)
    except ValueError:  # InvalidSpecifier is one; a number of more digits than Python reads is another.
        return UNSET


def _list_declared_pythons(context: RuleContext) -> list[str]:
    declared = context.signals.python_versions
    versions = [] if declared is UNSET else [version.removeprefix("Python ") for version in declared]
    return [version for version in versions if len(version) <= _MAX_VERSION_LENGTH]


def _find_newest_supported(declared: list[str], pythons: tuple[str, ...]) -> str:
    """Return the newest version among the named ones that is supported, or later than all we know; "" for none."""
    oldest = parse_version_numbers(pythons[0])
    supported_versions = [
        version for version in declared if "." in version and parse_version_numbers(version) >= oldest
    ]
    return max(supported_versions, key=parse_version_numbers, default="")


def join_last(names: tuple[str, ...] | list[str], prefix: str = "") -> str:
    """Return the last few of several names, and how many more there are."""
    joined = ", ".join(f"{prefix}{name}" for name in names[-3:])
    return f"{joined} and {len(names) - 3} more" if len(names) > 3 else joined


RULES: Rules = {
    "framework": Rule("a release of the framework that is supported today, in the classifiers", _check_framework),
    "python": Rule("a Python that is supported today, in the classifiers or by `requires-python`", _check_python),
    "wheel": Rule("a wheel of the newest release", _check_wheel),
}
