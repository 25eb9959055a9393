"""Convert the dates of responses to Unix seconds, and drop stored times that a wrong clock has set."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from msgspec import UNSET, UnsetType

_MIN_YEAR = 1970

# Seconds by which the clocks of machines may differ.
CLOCK_TOLERANCE = 300


def is_in_future(timestamp: float, now: float) -> bool:
    """Return whether a stored time can't be that of an earlier run."""
    return timestamp > now + CLOCK_TOLERANCE


def drop_future(timestamp: int, now: float) -> int:
    """Return the time of an earlier run; 0, which means never, for a time in the future.

    Otherwise one run with a clock that is 100 days ahead would keep all others from their work for 100 days.
    """
    return 0 if is_in_future(timestamp, now) else timestamp


def to_unix_seconds(moment: datetime) -> float:
    """Return a date in Unix seconds; one without a time zone is in UTC."""
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def to_optional_seconds(moment: datetime | None) -> int | UnsetType:
    """Return a date in whole Unix seconds, UNSET for none; servers in Go write an unset date as the year 1."""
    return UNSET if moment is None or moment.year < _MIN_YEAR else int(to_unix_seconds(moment))


def parse_email_date(text: str) -> float | None:
    """Return a date in the format of e-mail (RFC 2822) in Unix seconds, None for an invalid one."""
    try:
        return to_unix_seconds(parsedate_to_datetime(text))
    except (ValueError, OverflowError):
        return None
