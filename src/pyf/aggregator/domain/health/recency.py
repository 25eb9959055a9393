"""Recency: whether releases come as often as this project's users are used to, without punishing what is finished."""

from msgspec import UNSET, UnsetType

from ..documents.version import parse_version_parts
from .abandonment import is_abandoned
from .compatibility import can_use_supported_python, has_supported_framework
from .rules import Rule, RuleContext, RuleResult, Rules, to_date

_DAY = 86_400


def compute_expected_interval(context: RuleContext) -> float:
    """Return the days within which the next sign of life is expected.

    It grows with maturity, from a young 0.x to a settled 1.x with several bug-fix releases, and is bounded by the
    number of releases. What is not known neither helps nor bounds.
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
    """Return 1 up to the expected interval after a moment, then a line down to 0."""
    interval = compute_expected_interval(context) * _DAY
    age = max(0.0, context.now - timestamp)
    return min(1.0, max(0.0, 1.0 - (age - interval) / (interval * context.scoring_config.thresholds.decay)))


def _check_release(context: RuleContext) -> RuleResult | UnsetType:
    signals, dormant_value = context.signals, context.scoring_config.thresholds.dormant
    if signals.released_at is UNSET:
        # Left out, a package that has earned the quiet value whenever its release was could score below that.
        return (
            RuleResult(dormant_value, "It is not known when it was released; it is documented")
            if _is_dormant(context)
            else UNSET
        )
    value = compute_freshness(context, signals.released_at)
    version = "The newest release" if signals.version is UNSET else signals.version
    observation = f"{version} is of {to_date(signals.released_at)}; the next one is expected within {compute_expected_interval(context):.0f} days"
    if value == 1.0:
        return RuleResult(value, observation)
    if value < dormant_value and _is_dormant(context):
        return RuleResult(
            dormant_value, f"{observation}; quiet and not dead: it is documented, and nothing speaks against it"
        )
    return RuleResult(value, observation, "Release what has changed since, if only the supported versions")


def _is_dormant(context: RuleContext) -> bool:
    """Tell a quiet package from a dead one: it is documented, and nothing is known to speak against it.

    What it supports is told by its framework's releases; where none of these is named, by its Pythons: that it names
    old ones only is held against it only where it can't run on others.
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
        "time since the newest stable release, against the interval that its maturity suggests", _check_release
    ),
}
