"""What projects are measured by: weights, caps, thresholds and ends of support, all of which a user may change."""

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import Annotated

from msgspec import Meta, Struct

Weight = Annotated[float, Meta(ge=0, le=1_000_000)]
Part = Annotated[float, Meta(ge=0, le=1)]
Days = Annotated[float, Meta(ge=1, le=100_000)]
Count = Annotated[int, Meta(ge=1, le=1_000_000)]

Numbers = Annotated[str, Meta(pattern=r"^[0-9]{1,9}(\.[0-9]{1,9})*$")]

# When a release loses its support; None where no end is known.
EndOfSupport = date | None


class Weighed(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A rule's share of its group's weight, and the page that says more."""

    share: Weight
    read_more: str = ""


class Ceiling(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The highest score that a project has to which a cap applies, and the page that says more."""

    at_most: Annotated[int, Meta(ge=0, le=100)]
    read_more: str = ""


class Thresholds(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The numbers that rules compare with; what each one means is said in `health.yaml`. Intervals are in days."""

    young_interval: Days
    settled_interval: Days
    settled_bugfixes: Count
    interval_per_release: Days
    decline: Annotated[float, Meta(gt=0, le=1000)]
    quiet: Part
    documented_prose: Count
    prose_least: Annotated[int, Meta(ge=0, le=1_000_000)]
    prose_most: Count
    python_admitted: Part
    python_ended: Part
    issues_closed: Annotated[float, Meta(gt=0, le=1)]
    issues_usual: Part
    issues_doubt: Annotated[float, Meta(gt=0, le=1_000_000)]
    maintainers: Count


class Standards(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All that scoring depends on beside a project's facts and the time.

    `models` holds the weight of each group by model, `rules` what each rule weighs by group. `pythons` and
    `frameworks` (by the framework's name) say when the support of a release ends.
    """

    models: dict[str, dict[str, Weight]]
    rules: dict[str, dict[str, Weighed]]
    caps: dict[str, Ceiling]
    thresholds: Thresholds
    pythons: Annotated[dict[Numbers, date], Meta(min_length=1)]
    frameworks: dict[str, dict[Numbers, EndOfSupport]]

    def weights(self, model: str, group: str) -> dict[str, float]:
        """Return how many of a model's points each rule of a group can give."""
        weighed = self.rules.get(group, {})
        shares = sum(each.share for each in weighed.values())
        a_share = self.models[model].get(group, 0.0) / shares if shares else 0.0
        return {rule: a_share * each.share for rule, each in weighed.items()}

    def read_more(self, group: str, rule: str) -> str:
        """Return the page that says more about a rule."""
        return self.rules[group][rule].read_more


def is_supported(end: EndOfSupport, today: date) -> bool:
    """Tell whether a release that loses its support on a day still has it."""
    return end is None or today <= end


@lru_cache(maxsize=1024)
def numbers(version: str) -> tuple[int, ...]:
    """Return the numbers of a dotted version, to compare by."""
    return tuple(int(part) for part in version.split("."))


def supported(ends: Mapping[str, EndOfSupport], today: date) -> tuple[str, ...]:
    """Return the releases that are supported, oldest first; the newest one where the list has been outlived."""
    known = sorted(ends, key=numbers)
    return tuple(version for version in known if is_supported(ends[version], today)) or tuple(known[-1:])
