"""The configuration of scoring: weights, caps, thresholds and ends of support. `HEALTH_FILE` overrides all of it."""

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import Annotated

from msgspec import Meta, Struct

Weight = Annotated[float, Meta(ge=0, le=1_000_000)]
Fraction = Annotated[float, Meta(ge=0, le=1)]
Days = Annotated[float, Meta(ge=1, le=100_000)]
Count = Annotated[int, Meta(ge=1, le=1_000_000)]

VersionNumber = Annotated[str, Meta(pattern=r"^[0-9]{1,9}(\.[0-9]{1,9})*$")]

# The day on which support ends; None if no end is known.
EndOfSupport = date | None


class RuleWeight(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A rule's weight within its group, and a link to more information."""

    weight: Weight
    read_more: str = ""


class CapLimit(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The highest score under a cap, and a link to more information."""

    at_most: Annotated[int, Meta(ge=0, le=100)]
    read_more: str = ""


class Thresholds(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Thresholds of rules, explained in `health.yaml`; intervals are in days."""

    early_interval: Days
    stable_interval: Days
    stable_bugfixes: Count
    interval_per_release: Days
    decay: Annotated[float, Meta(gt=0, le=1000)]
    dormant: Fraction
    min_documented_length: Count
    min_prose_length: Annotated[int, Meta(ge=0, le=1_000_000)]
    full_prose_length: Count
    python_allowed: Fraction
    python_outdated: Fraction
    issues_closed: Annotated[float, Meta(gt=0, le=1)]
    issues_usual: Fraction
    issues_doubt: Annotated[float, Meta(gt=0, le=1_000_000)]
    maintainers: Count


class ScoringConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that scoring depends on, apart from a project's signals and the time.

    Attributes:
        models: The weight of each group, by model.
        rules: The weight of each rule, by group.
        pythons: End of support by Python version.
        frameworks: End of support by release, by the framework's name.
    """

    models: dict[str, dict[str, Weight]]
    rules: dict[str, dict[str, RuleWeight]]
    caps: dict[str, CapLimit]
    thresholds: Thresholds
    pythons: Annotated[dict[VersionNumber, date], Meta(min_length=1)]
    frameworks: dict[str, dict[VersionNumber, EndOfSupport]]

    def get_weights(self, model: str, group: str) -> dict[str, float]:
        """Return the maximum points of each rule of a group in a model."""
        rules = self.rules.get(group, {})
        total_weight = sum(rule_weight.weight for rule_weight in rules.values())
        points_per_weight = self.models[model].get(group, 0.0) / total_weight if total_weight else 0.0
        return {rule: points_per_weight * rule_weight.weight for rule, rule_weight in rules.items()}

    def get_read_more(self, group: str, rule: str) -> str:
        """Return the link to more information about a rule."""
        return self.rules[group][rule].read_more


def is_supported(end: EndOfSupport, today: date) -> bool:
    """Return whether a release with this end of support is still supported."""
    return end is None or today <= end


@lru_cache(maxsize=1024)
def parse_version_numbers(version: str) -> tuple[int, ...]:
    """Return the numbers of a dotted version, as a sort key."""
    return tuple(int(part) for part in version.split("."))


def list_supported(ends: Mapping[str, EndOfSupport], today: date) -> tuple[str, ...]:
    """Return the supported releases, oldest first; the newest known one if the support of all has ended."""
    known = sorted(ends, key=parse_version_numbers)
    return tuple(version for version in known if is_supported(ends[version], today)) or tuple(known[-1:])
