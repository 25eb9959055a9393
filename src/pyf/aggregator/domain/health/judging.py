"""What a rule is, and what it says of a project; each group of rules has a module of its own beside this one."""

from collections.abc import Callable
from datetime import UTC, date, datetime

from msgspec import Struct, UnsetType

from .facts import Facts
from .standards import Standards


class Case(Struct, frozen=True):
    """A project before its judges: its facts, what they are measured by, and the time in Unix seconds."""

    facts: Facts
    standards: Standards
    now: float

    @property
    def today(self) -> date:
        return day(self.now)


class Judgement(Struct, frozen=True):
    """What a rule makes of a project: a value from 0 to 1, what was seen, and what to do for more, "" for nothing."""

    value: float
    seen: str
    to_do: str = ""


class Rule(Struct, frozen=True):
    """One rule: what it looks at in a few words, and how it judges; Unset where the facts for that are not known."""

    about: str
    judge: Callable[[Case], Judgement | UnsetType]


Rules = dict[str, Rule]


def day(moment: float) -> date:
    """Return the day of a moment, in UTC."""
    return datetime.fromtimestamp(moment, UTC).date()


def whether(has: bool, seen: str, lacking: str, to_do: str) -> Judgement:
    """Judge something that is either there or not."""
    return Judgement(1.0, seen) if has else Judgement(0.0, lacking, to_do)
