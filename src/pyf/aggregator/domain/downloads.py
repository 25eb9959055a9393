"""How often a project is downloaded: what a source says at one moment, and what is kept of what earlier runs saw."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace

from .documents.schema import DownloadFields

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
    newest_day: date | UnsetType = UNSET


def build_download_fields(downloads: Downloads, *, source: str, now: int) -> DownloadFields:
    """Return what is written of a project that nothing was known of before; `now` in Unix seconds.

    Where the source does not say which day is its newest, that is taken to be the day before `now`, in UTC. The month
    which that day lies in is not over: its value is that of the last 30 days, until the source gives the whole month.
    """
    newest_day = (
        downloads.newest_day
        if downloads.newest_day is not UNSET
        else datetime.fromtimestamp(now, UTC).date() - timedelta(1)
    )
    current_month = {} if downloads.last_month is UNSET else {to_month(newest_day): downloads.last_month}
    return DownloadFields(
        download_last_day=downloads.last_day,
        download_last_week=downloads.last_week,
        download_last_month=downloads.last_month,
        download_total=downloads.total,
        download_history=_limit_history({**current_month, **downloads.history}),
        download_until=int(datetime.combine(newest_day, time(), UTC).timestamp()),
        download_updated=now,
        download_checked=now,
        download_source=source,
    )


def merge_downloads(newer: DownloadFields, older: DownloadFields | UnsetType) -> DownloadFields:
    """Return the newer counts, with the months and the total that only the older ones know.

    A month that both know has the newer value. But the month that the newer counts end in stays as it was unless they
    reach further than the older ones: a source that lags, or one asked twice, has nothing to add to it.
    """
    if older is UNSET:
        return newer
    newer_history, older_history = newer.download_history or {}, older.download_history or {}
    if _get_end(newer) <= _get_end(older):
        end_month = to_month(datetime.fromtimestamp(_get_end(newer), UTC).date())
        newer_history = {
            month: count for month, count in newer_history.items() if month != end_month or month not in older_history
        }
    return replace(
        newer,
        download_history=_limit_history({**older_history, **newer_history}),
        download_total=older.download_total if newer.download_total is UNSET else newer.download_total,
    )


def mark_not_found(source: str, older: DownloadFields | UnsetType, *, now: int) -> DownloadFields:
    """Return what is written of a project that a source does not know: what was known, and that it was asked."""
    return replace(DownloadFields() if older is UNSET else older, download_checked=now, download_source=source)


def to_month(day: date) -> str:
    """Return the name of the month that a day lies in, by which histories are kept and sorted."""
    return f"{day:%Y-%m}"


def list_whole_months(day: date, count: int) -> list[str]:
    """Return the names of the last months that are over on a day, which may be their last; oldest first."""
    end = day + timedelta(1)
    return [
        f"{month // 12:04}-{month % 12 + 1:02}" for month in range(_to_month_index(end) - count, _to_month_index(end))
    ]


def _to_month_index(day: date) -> int:
    return day.year * 12 + day.month - 1


def _get_end(fields: DownloadFields) -> int:
    return fields.download_until or 0


def _limit_history(history: Mapping[str, int]) -> dict[str, int] | UnsetType:
    return dict(sorted(history.items())[-HISTORY_MONTHS:]) or UNSET
