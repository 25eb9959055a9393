"""Recency rules: the age of the newest release, compared with an interval that grows with the project's maturity."""

from msgspec import UNSET, UnsetType

from ..documents.version import parse_version_parts
from ..text import to_date
from .compatibility import can_use_supported_python, has_supported_framework
from .extract_signals import is_abandoned
from .rules import Rule, RuleContext, RuleResult, Rules

_DAY = 86_400


def compute_expected_interval(context: RuleContext) -> float:
    """Return the days within which the next activity is expected.

    The interval grows with maturity, from an early 0.x to a stable 1.x with several bug-fix releases, and is limited by
    the number of releases. Unknown signals have no effect.
    """
    signals, thresholds = context.signals, context.scoring_config.thresholds
    is_stable_version = signals.version is not UNSET and parse_version_parts(signals.version).major > 0
    bugfix_fraction = (
        0 if signals.bugfix_releases is UNSET else min(signals.bugfix_releases / thresholds.stable_bugfixes, 1.0)
    )
    maturity = (is_stable_version + bugfix_fraction) / 2
    interval = thresholds.early_interval + maturity * (thresholds.stable_interval - thresholds.early_interval)
    if signals.releases is UNSET:
        return interval
    return min(interval, thresholds.interval_per_release * max(signals.releases, 1))


def compute_freshness(context: RuleContext, timestamp: int) -> float:
    """Return 1 within the expected interval after a time; afterwards the value falls linearly to 0."""
    interval = compute_expected_interval(context) * _DAY
    age = max(0.0, context.now - timestamp)
    return min(1.0, max(0.0, 1.0 - (age - interval) / (interval * context.scoring_config.thresholds.decay)))


def _check_release(context: RuleContext) -> RuleResult | UnsetType:
    signals, dormant_value = context.signals, context.scoring_config.thresholds.dormant
    if signals.released_at is UNSET:
        # A dormant package gets this value at any age; as unknown it could score below that.
        return RuleResult(dormant_value, "Release date unknown; documented") if _is_dormant(context) else UNSET
    value = compute_freshness(context, signals.released_at)
    version = "The newest release" if signals.version is UNSET else signals.version
    observation = (
        f"{version} was released on {to_date(signals.released_at)}; "
        f"the next release is expected within {compute_expected_interval(context):.0f} days"
    )
    if value == 1.0:
        return RuleResult(value, observation)
    if value < dormant_value and _is_dormant(context):
        return RuleResult(dormant_value, f"{observation}; dormant but usable: documented, and without known problems")
    return RuleResult(value, observation, "Publish the changes since then, or at least the supported versions")


def _is_dormant(context: RuleContext) -> bool:
    """Return whether a package without recent releases is still usable: documented, supported, without known problems.

    Support is decided by the declared framework releases; without these, by the Pythons: outdated ones only count
    against it if the package can't run on later ones.
    """
    signals, thresholds = context.signals, context.scoring_config.thresholds
    if is_abandoned(signals) or signals.advisories not in (UNSET, ()):
        return False
    has_prose = signals.prose_length is not UNSET and signals.prose_length >= thresholds.min_documented_length
    if not has_prose and signals.docs_link in (UNSET, ""):
        return False
    framework = has_supported_framework(context)
    if framework is not UNSET:
        return framework
    return can_use_supported_python(context) is not False and bool(signals.requires_python or signals.python_versions)


RULES: Rules = {
    "release": Rule(
        "time since the newest stable release, compared with the interval that fits its maturity", _check_release
    ),
}
