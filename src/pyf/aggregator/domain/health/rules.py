"""The interface of scoring rules; each group of rules has a module of its own."""

from collections.abc import Callable
from datetime import date
from typing import TypeVar

from msgspec import UNSET, Struct, UnsetType

from ..text import to_date
from .scoring_config import ScoringConfig
from .signals import Signals

Signal = TypeVar("Signal")


class RuleContext(Struct, frozen=True):
    """The input of rules: a project's signals, the configuration, and the time in Unix seconds."""

    signals: Signals
    scoring_config: ScoringConfig
    now: float

    @property
    def today(self) -> date:
        """The day of `now`, in UTC."""
        return to_date(self.now)


class RuleResult(Struct, frozen=True):
    """The result of a rule: a value from 0 to 1, an observation, and the advice for a higher value, "" for none."""

    value: float
    observation: str
    advice: str = ""


Evaluate = Callable[[RuleContext], RuleResult | UnsetType]
Check = Callable[[RuleContext, Signal], RuleResult | UnsetType]


class Rule(Struct, frozen=True):
    """A rule: a short description, and the function that evaluates it; Unset if its signals are unknown."""

    description: str
    evaluate: Evaluate


Rules = dict[str, Rule]


def requires_signal(
    get_signal: Callable[[Signals], Signal | UnsetType],
) -> Callable[[Check[Signal]], Evaluate]:
    """Pass a signal to a rule; if the signal is unknown, so is the rule's result."""

    def decorate(check: Check[Signal]) -> Evaluate:
        def evaluate(context: RuleContext) -> RuleResult | UnsetType:
            signal = get_signal(context.signals)
            return UNSET if signal is UNSET else check(context, signal)

        return evaluate

    return decorate


def pass_or_fail(passed: bool, observation: str, failure: str, advice: str) -> RuleResult:
    """Return the result of a rule that has only two outcomes."""
    return RuleResult(1.0, observation) if passed else RuleResult(0.0, failure, advice)
