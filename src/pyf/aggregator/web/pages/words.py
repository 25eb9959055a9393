"""Numbers, times and names as people read them."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime

from markupsafe import escape

from ...domain.addresses import without_addresses

_DAY = 86_400
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_STEPS = ((1_000_000_000, "bn"), (1_000_000, "M"), (1_000, "k"))
_AGES = ((365.25, "year"), (30.44, "month"), (7, "week"), (1, "day"))

_UNPRINTABLE = re.compile(r"[^\S ]|[\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


def exactly(number: int) -> str:
    """Return a number with all of its digits, in groups of three: "1,234,567"."""
    return f"{number:,}"


def shortly(number: int) -> str:
    """Return a number in three digits at most: "1.2 M"."""
    for least, unit in _STEPS:
        # 999,950 would otherwise be "1000 k".
        if number >= least - least / 2000:
            value = number / least
            return f"{value:.1f} {unit}" if value < 9.95 else f"{value:.0f} {unit}"
    return str(number)


def day(time: int) -> str:
    """Return the day of a Unix time, as it is written in an attribute: "2026-09-02"."""
    return f"{datetime.fromtimestamp(time, UTC):%Y-%m-%d}"


def date(time: int) -> str:
    """Return the day of a Unix time: "2 Sep 2026"; "" for 0, which stands for an unknown one."""
    if not time:
        return ""
    moment = datetime.fromtimestamp(time, UTC)
    return f"{moment.day} {_MONTHS[moment.month - 1]} {moment.year}"


def month(name: str) -> str:
    """Return a month of a download history (`2026-09`) for people: "Sep 2026"."""
    year, _, number = name.partition("-")
    return f"{_MONTHS[int(number) - 1]} {year}" if number in _NUMBERS else name


_NUMBERS = frozenset(f"{number:02}" for number in range(1, 13))


def ago(time: int, now: float) -> str:
    """Return how long ago a Unix time was, in its largest unit: "3 weeks ago"; "" for an unknown one."""
    if not time:
        return ""
    days = (now - time) / _DAY
    for length, unit in _AGES:
        if days >= length:
            return f"{counted(int(days / length), unit)} ago"
    return "today"


def counted(number: int, thing: str, things: str = "") -> str:
    """Return a number with what is counted: "1 package", "2 packages"."""
    return f"{number:,} {thing if number == 1 else things or thing + 's'}"


def listed(names: Iterable[str]) -> str:
    """Return names as a sentence has them: "a, b and c"."""
    *most, last = list(names) or [""]
    return f"{', '.join(most)} and {last}" if most else last


def legible(text: str) -> str:
    """Return a stranger's text in one line, without control characters, and without what turns its direction."""
    return " ".join(_UNPRINTABLE.sub(" ", text).split())


def told(text: str) -> str:
    """Return what a stranger says of a package as it may be shown."""
    return without_addresses(legible(text))


def weight(text: str) -> int:
    """Return how many bytes of HTML a text takes."""
    return len(escape(text).encode())


def fitting(text: str, most: int) -> str:
    """Return a text, cut where it would take more than `most` bytes of HTML: at the end of a word, if one is near."""
    if weight(text) <= most:
        return text
    left, end = most - weight("…"), 0
    while (left := left - weight(text[end])) >= 0:
        end += 1
    word = text.rfind(" ", max(0, end - 20), end)
    return f"{text[: word if word > 0 else end].rstrip()}…"
