"""What a rule is, and what it says of a project; each group of rules has a module of its own beside this one."""

from collections.abc import Callable
from datetime import UTC, date, datetime

from msgspec import Struct, UnsetType

from .scoring_config import ScoringConfig
from .signals import Signals


class RuleContext(Struct, frozen=True):
    """A project before its judges: its facts, what they are measured by, and the time in Unix seconds."""

    signals: Signals
    scoring_config: ScoringConfig
    now: float

    @property
    def today(self) -> date:
        return to_date(self.now)


class RuleResult(Struct, frozen=True):
    """What a rule makes of a project: a value from 0 to 1, what was seen, and what to do for more, "" for nothing."""

    value: float
    observation: str
    advice: str = ""


class Rule(Struct, frozen=True):
    """One rule: what it looks at in a few words, and how it judges; Unset where the facts for that are not known."""

    description: str
    evaluate: Callable[[RuleContext], RuleResult | UnsetType]


Rules = dict[str, Rule]


def to_date(timestamp: float) -> date:
    """Return the day of a moment, in UTC."""
    return datetime.fromtimestamp(timestamp, UTC).date()


def pass_or_fail(passed: bool, observation: str, failure: str, advice: str) -> RuleResult:
    """Judge something that is either there or not."""
    return RuleResult(1.0, observation) if passed else RuleResult(0.0, failure, advice)
