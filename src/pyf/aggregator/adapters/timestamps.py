"""Conversion of the dates in responses."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from msgspec import UNSET, UnsetType

_MIN_YEAR = 1970


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
