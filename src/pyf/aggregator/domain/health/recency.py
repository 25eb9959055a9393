"""Recency: whether releases come as often as this project's users are used to, without punishing what is finished."""

from msgspec import UNSET, UnsetType

from ..version import parts
from .compatibility import admits_supported_python, supports_supported_framework
from .judging import Case, Judgement, Rule, Rules, day
from .standing import is_given_up

_DAY = 86_400


def expected_interval(case: Case) -> float:
    """Return the days within which the next sign of life is expected.

    It grows with maturity, from a young 0.x to a settled 1.x with several bug-fix releases, and is bounded by the
    number of releases. What is not known neither helps nor bounds.
    """
    facts, limits = case.facts, case.standards.thresholds
    is_past_zero = facts.version is not UNSET and parts(facts.version).major > 0
    fixes = 0 if facts.bugfix_releases is UNSET else min(facts.bugfix_releases / limits.settled_bugfixes, 1.0)
    maturity = (is_past_zero + fixes) / 2
    interval = limits.young_interval + maturity * (limits.settled_interval - limits.young_interval)
    if facts.releases is UNSET:
        return interval
    return min(interval, limits.interval_per_release * max(facts.releases, 1))


def freshness(case: Case, moment: int) -> float:
    """Return 1 up to the expected interval after a moment, then a line down to 0."""
    interval = expected_interval(case) * _DAY
    age = max(0.0, case.now - moment)
    return min(1.0, max(0.0, 1.0 - (age - interval) / (interval * case.standards.thresholds.decline)))


def _release(case: Case) -> Judgement | UnsetType:
    facts, quiet = case.facts, case.standards.thresholds.quiet
    if facts.released is UNSET:
        # Left out, a package that has earned the quiet value whenever its release was could score below that.
        return Judgement(quiet, "It is not known when it was released; it is documented") if _is_quiet(case) else UNSET
    value = freshness(case, facts.released)
    version = "The newest release" if facts.version is UNSET else facts.version
    seen = f"{version} is of {day(facts.released)}; the next one is expected within {expected_interval(case):.0f} days"
    if value == 1.0:
        return Judgement(value, seen)
    if value < quiet and _is_quiet(case):
        return Judgement(quiet, f"{seen}; quiet and not dead: it is documented, and nothing speaks against it")
    return Judgement(value, seen, "Release what has changed since, if only the supported versions")


def _is_quiet(case: Case) -> bool:
    """Tell a quiet package from a dead one: it is documented, and nothing is known to speak against it.

    What it supports is told by its framework's releases; where none of these is named, by its Pythons: that it names
    old ones only is held against it only where it can't run on others.
    """
    facts, limits = case.facts, case.standards.thresholds
    if is_given_up(facts) or facts.advisories not in (UNSET, ()):
        return False
    has_prose = facts.prose is not UNSET and facts.prose >= limits.documented_prose
    if not has_prose and facts.docs_link in (UNSET, ""):
        return False
    framework = supports_supported_framework(case)
    if framework is not UNSET:
        return framework
    return admits_supported_python(case) is not False and bool(facts.requires_python or facts.python_versions)


RULES: Rules = {
    "release": Rule("time since the newest stable release, against the interval that its maturity suggests", _release),
}
