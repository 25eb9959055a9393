"""Conversion of the dates in responses."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def to_unix_seconds(moment: datetime) -> float:
    """Return a date in Unix seconds; one without a time zone is in UTC."""
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def parse_email_date(text: str) -> float | None:
    """Return a date in the format of e-mail (RFC 2822) in Unix seconds, None for an invalid one."""
    try:
        return to_unix_seconds(parsedate_to_datetime(text))
    except (ValueError, OverflowError):
        return None
