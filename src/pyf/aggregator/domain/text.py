"""Format lists, dates and quoted text for messages, in one way on every layer, and suggest known values."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from difflib import get_close_matches

# More names than this are counted instead of listed.
MAX_LISTED_NAMES = 10


def to_date(timestamp: float) -> date:
    """Return the day of a Unix time, in UTC."""
    return datetime.fromtimestamp(timestamp, UTC).date()


def format_time(timestamp: float) -> str:
    """Format a Unix time to the minute, such as `2026-01-31 12:00 UTC`."""
    return f"{datetime.fromtimestamp(timestamp, UTC):%Y-%m-%d %H:%M} UTC"


def format_age(seconds: int) -> str:
    """Format a duration in its largest unit of which there are at least two, such as `36 hours`."""
    for unit, name in ((86_400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * unit:
            return f"{seconds // unit} {name}"
    return f"{max(seconds, 0)} seconds"


def pluralize(count: int, singular: str, plural: str = "") -> str:
    """Format a count with its noun, such as `1 package` or `1,200 packages`."""
    return f"{count:,} {singular if count == 1 else plural or f'{singular}s'}"


def join_names(names: Iterable[str], word: str = "and") -> str:
    """Join names with commas, and the last one with a word: `a, b and c`."""
    *first, last = [*names] or [""]
    return f"{', '.join(first)} {word} {last}" if first else last


def format_names(names: Sequence[str], noun: str) -> str:
    """Format a count with its noun and, up to ten, the names: `2 packages (a, b)`, or `1,200 packages`."""
    counted = pluralize(len(names), noun)
    return f"{counted} ({', '.join(names)})" if 0 < len(names) <= MAX_LISTED_NAMES else counted


def join_last(names: Sequence[str], prefix: str = "") -> str:
    """Join the last three names, and say how many there are before them."""
    joined = ", ".join(f"{prefix}{name}" for name in names[-3:])
    return f"{joined} and {len(names) - 3} more" if len(names) > 3 else joined


def to_single_line(text: str, max_length: int) -> str:
    """Shorten text to one line of at most `max_length` characters, without control characters."""
    line = text if len(text) <= max_length else f"{text[: max_length - 1]}…"
    return line if line.isprintable() else "".join(character if character.isprintable() else " " for character in line)


def suggest(value: str, known: Iterable[str], *, cutoff: float = 0.6) -> str:
    """Return "Did you mean X?", or "" if no known value is similar: `cutoff` is the ratio of difflib."""
    by_lower_case = {name.lower(): name for name in known}
    matches = get_close_matches(value.lower(), by_lower_case, n=1, cutoff=cutoff)
    return f"Did you mean {by_lower_case[matches[0]]}?" if matches else ""


# What packaging tools and templates write for a missing value; setuptools wrote "UNKNOWN" for twenty years.
_PLACEHOLDERS = frozenset({"unknown", "none", "null", "n/a", "undefined"})


def is_placeholder(text: str) -> bool:
    """Return whether a published text stands for a missing value."""
    return text.strip().lower() in _PLACEHOLDERS
