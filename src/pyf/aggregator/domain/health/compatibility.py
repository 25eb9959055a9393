"""Compatibility rules: whether the package declares versions that are supported today, and has a wheel."""

from collections.abc import Iterable, Mapping
from datetime import date
from functools import lru_cache

from msgspec import UNSET, UnsetType

from ..support.specifiers import parse_specifier
from ..text import join_last
from .rules import Rule, RuleContext, RuleResult, Rules, build_presence_rule, pass_or_fail
from .scoring_config import EndOfSupport, ScoringConfig, is_supported, list_supported, parse_version_numbers

# Patch releases to test `requires-python` with: bounds within a minor release are rare, and lie between these.
_TESTED_PATCHES = (0, 99)

# A longer text is not a version.
_MAX_VERSION_LENGTH = 20


def has_supported_framework(context: RuleContext) -> bool | UnsetType:
    """Return whether a supported framework release is declared; Unset if no known one is declared."""
    versions = context.signals.framework_versions
    return UNSET if versions is UNSET else has_supported_version(versions, context.scoring_config, context.today)


def has_supported_version(versions: Iterable[str], scoring_config: ScoringConfig, today: date) -> bool | UnsetType:
    """Return whether one of the versions ("Plone 6.0") is supported on a day; Unset if all are unknown."""
    results = [is_release_supported(version, scoring_config, today) for version in versions]
    known = [result for result in results if result is not UNSET]
    return any(known) if known else UNSET


def can_use_supported_python(context: RuleContext) -> bool | UnsetType:
    """Return whether a supported Python can be used; Unset if the package declares nothing about it.

    A package that declares Pythons without `requires-python` is assumed to run on later ones with the same major
    version.
    """
    signals = context.signals
    pythons = list_supported(context.scoring_config.pythons, context.today)
    major_versions = {version.split(".")[0] for version in pythons}
    is_allowed = (
        UNSET if signals.requires_python in (UNSET, "") else _is_python_allowed(signals.requires_python, pythons)
    )
    declared = _list_declared_pythons(context)
    is_outdated = bool(declared) and major_versions.isdisjoint(version.split(".")[0] for version in declared)
    # ">=2.6" dates from before Python 3 and does not promise it; a bound that excludes 2.7 was chosen on purpose.
    if is_outdated and (is_allowed is UNSET or _is_python_allowed(signals.requires_python, ("2.7",))):
        return False
    if is_allowed is not UNSET or not declared:
        return is_allowed
    minors = [version for version in declared if "." in version and version.split(".")[0] in major_versions]
    return True if not minors or _find_newest_supported(minors, pythons) else UNSET


def is_release_supported(release: str, scoring_config: ScoringConfig, today: date) -> bool | UnsetType:
    """Return whether a framework release, such as `Plone 6.0`, is supported on a day; Unset if unknown."""
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
        f"Declares a supported release: {versions}",
        f"Declares no supported release: {versions}",
        "Test a supported release of the framework, and add its classifier",
    )


def _check_python(context: RuleContext) -> RuleResult | UnsetType:
    signals, thresholds = context.signals, context.scoring_config.thresholds
    is_allowed, declared = can_use_supported_python(context), _list_declared_pythons(context)
    if is_allowed is UNSET and not declared:
        return UNSET
    pythons = list_supported(context.scoring_config.pythons, context.today)
    advice = f"Test the package on Python {pythons[-1]}, and add the classifier"
    if is_allowed is False:
        return RuleResult(0.0, f"Excludes Python {pythons[0]} and later", advice)
    if newest := _find_newest_supported(declared, pythons):
        return RuleResult(1.0, f"Declares Python {newest}")
    if is_allowed is UNSET:
        return RuleResult(
            thresholds.python_outdated, f"Declares no Python after {max(declared, key=parse_version_numbers)}", advice
        )
    observation = (
        f"Requires Python {signals.requires_python}"
        if signals.requires_python
        else f"Declares {join_last(declared, 'Python ')}"
    )
    return RuleResult(thresholds.python_allowed, f"{observation}, and declares no supported version", advice)


def _is_version_supported(version: str, ends: Mapping[str, EndOfSupport], today: date) -> bool | UnsetType:
    """Return whether a release is supported.

    A major release is supported while one of its minor releases is. A release later than all known ones is supported.
    """
    if version in ends:
        return is_supported(ends[version], today)
    minors = [end for known, end in ends.items() if known.startswith(f"{version}.")]
    if minors:
        return any(is_supported(end, today) for end in minors)
    return True if parse_version_numbers(version) > max(map(parse_version_numbers, ends)) else UNSET


@lru_cache(maxsize=1024)
def _is_python_allowed(requires_python: str, pythons: tuple[str, ...]) -> bool | UnsetType:
    allowed = parse_specifier(requires_python)
    if allowed is None:
        return UNSET
    return any(f"{python}.{patch}" in allowed for python in pythons for patch in _TESTED_PATCHES)


def _list_declared_pythons(context: RuleContext) -> list[str]:
    declared = context.signals.python_versions
    versions = [] if declared is UNSET else [version.removeprefix("Python ") for version in declared]
    return [version for version in versions if len(version) <= _MAX_VERSION_LENGTH]


def _find_newest_supported(declared: list[str], pythons: tuple[str, ...]) -> str:
    """Return the newest declared version that is supported, or later than all known ones; "" for none."""
    oldest = parse_version_numbers(pythons[0])
    supported_versions = [
        version for version in declared if "." in version and parse_version_numbers(version) >= oldest
    ]
    return max(supported_versions, key=parse_version_numbers, default="")


RULES: Rules = {
    "framework": Rule("a supported release of the framework, in the classifiers", _check_framework),
    "python": Rule("a supported Python, in the classifiers or by `requires-python`", _check_python),
    "wheel": build_presence_rule(
        "a wheel of the newest release",
        lambda signals: signals.has_wheel,
        present="The newest release has a wheel",
        absent="The newest release has no wheel",
        advice="Build a wheel as well, so that installing runs no code of the package",
    ),
}
