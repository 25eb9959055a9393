"""How often a project is downloaded: what a source says at one moment, and what is kept of what earlier runs saw."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace

from .schema import DownloadFields

HISTORY_MONTHS = 24


class Downloads(Struct, frozen=True, kw_only=True):
    """What a source says of one project; what it does not say is Unset, and never 0.

    The last day, week (7 days) and month (30 days) all end with `until`, the newest day in the source's data. `history`
    holds whole months only, by their names ("2026-01").
    """

    last_day: int | UnsetType = UNSET
    last_week: int | UnsetType = UNSET
    last_month: int | UnsetType = UNSET
    total: int | UnsetType = UNSET
    history: Mapping[str, int] = {}
    until: date | UnsetType = UNSET


def recorded(downloads: Downloads, *, source: str, now: int) -> DownloadFields:
    """Return what is written of a project that nothing was known of before; `now` in Unix seconds.

    Where the source does not say which day is its newest, that is taken to be the day before `now`, in UTC. The month
    which that day lies in is not over: its value is that of the last 30 days, until the source gives the whole month.
    """
    until = downloads.until if downloads.until is not UNSET else datetime.fromtimestamp(now, UTC).date() - timedelta(1)
    running = {} if downloads.last_month is UNSET else {month_of(until): downloads.last_month}
    return DownloadFields(
        download_last_day=downloads.last_day,
        download_last_week=downloads.last_week,
        download_last_month=downloads.last_month,
        download_total=downloads.total,
        download_history=_bounded({**running, **downloads.history}),
        download_until=int(datetime.combine(until, time(), UTC).timestamp()),
        download_updated=now,
        download_checked=now,
        download_source=source,
    )


def joined(newer: DownloadFields, older: DownloadFields | UnsetType) -> DownloadFields:
    """Return the newer counts, with the months and the total that only the older ones know.

    A month that both know has the newer value. But the month that the newer counts end in stays as it was unless they
    reach further than the older ones: a source that lags, or one asked twice, has nothing to add to it.
    """
    if older is UNSET:
        return newer
    theirs, ours = newer.download_history or {}, older.download_history or {}
    if _end(newer) <= _end(older):
        end = month_of(datetime.fromtimestamp(_end(newer), UTC).date())
        theirs = {month: count for month, count in theirs.items() if month != end or month not in ours}
    return replace(
        newer,
        download_history=_bounded({**ours, **theirs}),
        download_total=older.download_total if newer.download_total is UNSET else newer.download_total,
    )


def unknown_to(source: str, older: DownloadFields | UnsetType, *, now: int) -> DownloadFields:
    """Return what is written of a project that a source does not know: what was known, and that it was asked."""
    return replace(DownloadFields() if older is UNSET else older, download_checked=now, download_source=source)


def month_of(day: date) -> str:
    """Return the name of the month that a day lies in, by which histories are kept and sorted."""
    return f"{day:%Y-%m}"


def whole_months(until: date, number: int) -> list[str]:
    """Return the names of the last months that are over on a day, which may be their last; oldest first."""
    end = until + timedelta(1)
    return [f"{month // 12:04}-{month % 12 + 1:02}" for month in range(_count(end) - number, _count(end))]


def _count(day: date) -> int:
    return day.year * 12 + day.month - 1


def _end(fields: DownloadFields) -> int:
    return fields.download_until or 0


def _bounded(history: Mapping[str, int]) -> dict[str, int] | UnsetType:
    return dict(sorted(history.items())[-HISTORY_MONTHS:]) or UNSET
