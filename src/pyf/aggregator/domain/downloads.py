"""Download counts: what a source reports, and how reports of several runs are merged."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace

from .documents.schema import DownloadFields
from .text import to_date
from .timestamps import drop_future

HISTORY_MONTHS = 24


class Downloads(Struct, frozen=True, kw_only=True):
    """A source's report about one project; a count that it does not report is Unset, never 0.

    Attributes:
        last_day, last_week, last_month: Counts of 1, 7 and 30 days that end with `newest_day`.
        history: Counts of whole months, by name ("2026-01").
        newest_day: The newest day in the source's data.
    """

    last_day: int | UnsetType = UNSET
    last_week: int | UnsetType = UNSET
    last_month: int | UnsetType = UNSET
    total: int | UnsetType = UNSET
    history: Mapping[str, int] = {}
    newest_day: date | UnsetType = UNSET


def build_download_fields(downloads: Downloads, *, source: str, now: int) -> DownloadFields:
    """Build the fields of a project without earlier counts; `now` is in Unix seconds.

    If the source does not report its newest day, the day before `now` (UTC) is assumed. The month of that day is not
    complete: its value is that of the last 30 days, until the source reports the whole month.
    """
    newest_day = to_date(now) - timedelta(1) if downloads.newest_day is UNSET else downloads.newest_day
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
    """Return the newer counts, with the months and the total that only the older ones have.

    Of a month in both, the newer value counts. But the month that the newer counts end in keeps its value unless they
    reach further than the older ones: a source that lags, or is queried twice, adds nothing to that month.
    """
    if older is UNSET:
        return newer
    newer_history, older_history = newer.download_history or {}, older.download_history or {}
    if _get_end(newer) <= _get_end(older):
        end_month = to_month(to_date(_get_end(newer)))
        newer_history = {
            month: count for month, count in newer_history.items() if month != end_month or month not in older_history
        }
    return replace(
        newer,
        download_history=_limit_history({**older_history, **newer_history}),
        download_total=older.download_total if newer.download_total is UNSET else newer.download_total,
    )


def mark_not_found(source: str, older: DownloadFields | UnsetType, *, now: int) -> DownloadFields:
    """Return the older counts, marked as checked at a source that does not know the project."""
    return replace(DownloadFields() if older is UNSET else older, download_checked=now, download_source=source)


def drop_future_counts(fields: DownloadFields | UnsetType, now: float) -> DownloadFields | UnsetType:
    """Return fields without the months and times that a wrong clock has put into the future."""
    if fields is UNSET:
        return fields
    current_month, history = to_month(to_date(int(now))), fields.download_history or {}
    return replace(
        fields,
        download_history=_limit_history({month: history[month] for month in history if month <= current_month}),
        download_until=drop_future(_get_end(fields), now) or UNSET,
        download_updated=drop_future(fields.download_updated or 0, now) or UNSET,
    )


def to_month(day: date) -> str:
    """Return the name of a day's month ("2026-01"), the key of download histories."""
    return f"{day:%Y-%m}"


def list_whole_months(day: date, count: int) -> list[str]:
    """Return the names of the last `count` months that are complete at the end of a day, oldest first."""
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
