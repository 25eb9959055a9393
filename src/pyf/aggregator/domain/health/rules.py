"""The signals that a score is computed from, and the interface of the rules that evaluate them.

An unknown signal is Unset, and every signal is Unset by default. Evidence is text: a URL, a license or a quotation; ""
means that there is none. Each group of rules has a module of its own.
"""

from collections.abc import Callable
from datetime import date
from typing import TypeVar

from msgspec import UNSET, Struct, UnsetType

from ..text import to_date
from .scoring_config import ScoringConfig

TextSignal = str | UnsetType


class IssueCounts(Struct, frozen=True, kw_only=True):
    """The number of open and of closed issues; only both together are useful."""

    open: int
    closed: int


class Signals(Struct, frozen=True, kw_only=True):
    """The input of rules and caps; times are Unix seconds.

    Attributes:
        has_repository: Whether the repository was requested, with whatever result; these projects get the full model.
    """

    has_repository: bool = False

    # Version and upload of the last release, a stable one if there is any; the number of stable releases, and of
    # bug-fix releases among them. Yanked releases do not count.
    version: TextSignal = UNSET
    released_at: int | UnsetType = UNSET
    releases: int | UnsetType = UNSET
    bugfix_releases: int | UnsetType = UNSET
    is_prerelease_only: bool | UnsetType = UNSET
    is_installable: bool | UnsetType = UNSET

    # The status in the registry (PEP 792), the classifier "7 - Inactive", and a notice in the README.
    status: TextSignal = UNSET
    is_inactive: bool | UnsetType = UNSET
    abandonment_notice: TextSignal = UNSET

    # Documentation: characters of prose in the README of the newest release, and the rest.
    prose_length: int | UnsetType = UNSET
    has_example: bool | UnsetType = UNSET
    docs_link: TextSignal = UNSET
    changelog: TextSignal = UNSET
    has_install_section: bool | UnsetType = UNSET

    # The license is an SPDX expression; `license_name` is the text of the metadata if there is no such expression.
    license: TextSignal = UNSET
    license_name: TextSignal = UNSET
    source: TextSignal = UNSET
    summary: TextSignal = UNSET
    tracker: TextSignal = UNSET
    contact: TextSignal = UNSET
    requires_python: TextSignal = UNSET

    # "Python 3.12", "Plone 6.0" and the declared frameworks, such as "Flask".
    python_versions: tuple[str, ...] | UnsetType = UNSET
    framework_versions: tuple[str, ...] | UnsetType = UNSET
    frameworks: tuple[str, ...] | UnsetType = UNSET
    has_wheel: bool | UnsetType = UNSET

    last_commit: int | UnsetType = UNSET
    issues: IssueCounts | UnsetType = UNSET
    maintainers: int | UnsetType = UNSET
    is_repository_archived: bool | UnsetType = UNSET

    # Ids of unfixed advisories of the newest release.
    advisories: tuple[str, ...] | UnsetType = UNSET
    has_attestations: bool | UnsetType = UNSET


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


def build_presence_rule(
    description: str, get_signal: Callable[[Signals], Signal | UnsetType], present: str, absent: str, advice: str
) -> Rule:
    """Build a rule that passes if a signal is true or not empty.

    Args:
        present: The observation of a pass; `{}` stands for the signal.
        absent: The observation of a failure.
    """

    @requires_signal(get_signal)
    def evaluate(_context: RuleContext, signal: Signal) -> RuleResult:
        return pass_or_fail(bool(signal), present.format(signal), absent, advice)

    return Rule(description, evaluate)
