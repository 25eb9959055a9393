"""The history of a package: score, stars, downloads and newest release by month, in a compact form.

A record has the last values that were read in its month. Support is not stored: the documents of the releases say it.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from itertools import pairwise
from urllib.parse import quote, unquote

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace

from .documents.document import Document, Enrichments, to_optional
from .documents.schema import HistoryFields, RegistryFields
from .errors import Invalid
from .search import get_supported_pythons
from .timestamps import is_in_future

MAX_MONTHS = 120

# A value that was read longer ago is not recorded for the present month.
MAX_VALUE_AGE = 31 * 86_400

_MAX_COUNT = 10**15 - 1
_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")
# Score, "*" for another repository, stars, downloads, minute, release.
_RECORD = re.compile(r"([0-9]{0,3}),(\*?)([0-9]{0,15}),([0-9]{0,15}),([0-9]{1,5})(?:,([^,;]*))?")


class MonthRecord(Struct, frozen=True, kw_only=True):
    """What was known of a package in a month, such as `2026-01`; None for a value that was unknown.

    Attributes:
        minute: The minute of the month at which the values last changed.
        downloads: Those of the 30 days before they were read.
        release: The newest release, "" if it is unknown.
        is_other_repository: Whether the stars are those of another repository than in the months before.
    """

    month: str
    minute: int
    score: int | None = None
    stars: int | None = None
    downloads: int | None = None
    release: str = ""
    is_other_repository: bool = False


class History(Struct, frozen=True, kw_only=True):
    """The records of a package, one a month, the oldest first.

    Attributes:
        repository_created: When the repository of the latest stars was created, in Unix seconds; 0 if it is unknown.
            It identifies the repository, also after a change of its name.
    """

    months: tuple[MonthRecord, ...] = ()
    repository_created: int = 0


class HistoryMonth(Struct, frozen=True, kw_only=True):
    """What was known of a package in a month, such as `2026-01`; null for a value that was unknown.

    `downloads` are those of 30 days. `release` was the newest one; `frameworks` and `pythons` are what it supports.
    `is_other_repository` marks the month from which on the stars are those of another repository.
    """

    month: str
    score: int | None
    stars: int | None
    downloads: int | None
    release: str
    frameworks: tuple[str, ...]
    pythons: tuple[str, ...]
    is_other_repository: bool


def build_history(documents: Sequence[Document]) -> tuple[HistoryMonth, ...]:
    """Return the history of a package with these documents, the oldest month first.

    Support is that of the release as its document says; none for a release that was deleted.
    """
    releases = {document.registry.version: document.registry for document in documents}
    return tuple(
        _build_month(record, releases.get(record.release)) for record in parse_history(documents[0].history).months
    )


def _build_month(record: MonthRecord, release: RegistryFields | None) -> HistoryMonth:
    return HistoryMonth(
        month=record.month,
        score=record.score,
        stars=record.stars,
        downloads=record.downloads,
        release=record.release,
        frameworks=release.framework_versions if release else (),
        pythons=get_supported_pythons(release) if release else (),
        is_other_repository=record.is_other_repository,
    )


def record_month(enrichments: Enrichments, now: float, *, release: str = "") -> HistoryFields:
    """Return the history of a package with the present values; the same one if nothing has changed this month.

    A value that is unknown now does not replace a known one of the same month.

    Args:
        release: The newest release, "" to keep the one of the last record.
    """
    stored = parse_history(enrichments.history)
    month = to_month(now)
    # Months in the future come from a clock that was wrong.
    earlier = [record for record in stored.months if record.month < month]
    current = next((record for record in stored.months if record.month == month), None)
    latest = current or (earlier[-1] if earlier else None)
    stars, repository_created = _read_stars(enrichments, now)
    is_other = bool(repository_created and stored.repository_created not in (0, repository_created))
    known = MonthRecord(
        month=month,
        minute=_to_minute(now),
        score=_drop_implausible(to_optional(enrichments.health.health_score), 100) if enrichments.health else None,
        stars=stars,
        downloads=_read_downloads(enrichments, now),
        release=release or (latest.release if latest else ""),
        is_other_repository=is_other,
    )
    record = _fill_unknown(known, current) if current else known
    if current and replace(record, minute=current.minute) == current:
        record = current
    return build_history_fields(
        History(months=(*earlier, record), repository_created=repository_created or stored.repository_created)
    )


def has_month(fields: HistoryFields | UnsetType, now: float) -> bool:
    """Return whether a history has a record of the present month."""
    months = parse_history(fields).months
    return bool(months) and months[-1].month == to_month(now)


def merge_histories(one: HistoryFields | UnsetType, other: HistoryFields | UnsetType) -> HistoryFields:
    """Return the months of both histories, the later record of a month in both; the order does not matter."""
    histories = parse_history(one), parse_history(other)
    records: dict[str, MonthRecord] = {}
    for record in (record for history in histories for record in history.months):
        other_record = records.get(record.month, record)
        records[record.month] = max(other_record, record, key=_to_order_key)
    # This choice depends only on what a merge keeps, so that merging again changes nothing.
    latest = max(
        histories,
        key=lambda history: (bool(history.repository_created), _find_last_time(history), history.repository_created),
    )
    return build_history_fields(History(months=tuple(records.values()), repository_created=latest.repository_created))


def parse_history(fields: HistoryFields | UnsetType) -> History:
    """Parse stored fields; raises `Invalid` for a text that `build_history_fields` does not build."""
    if fields is UNSET or not fields.history:
        return History()
    first, *texts = fields.history.split(";")
    if not _MONTH.fullmatch(first) or len(texts) > MAX_MONTHS:
        raise Invalid(f"history: {fields.history[:40]!r} does not begin with a month, or has too many of them")
    records: list[MonthRecord] = []
    for month, text in zip(iter_months(first), texts, strict=False):
        if text:
            records.append(_parse_record(month, text, records[-1].release if records else ""))
    return History(months=tuple(records), repository_created=fields.history_repository or 0)


def build_history_fields(history: History) -> HistoryFields:
    """Return the stored form of the newest months."""
    ordered = sorted(history.months, key=lambda record: record.month)
    oldest = shift_month(ordered[-1].month, 1 - MAX_MONTHS) if ordered else ""
    records = [record for record in ordered if record.month >= oldest]
    if not records:
        return HistoryFields(history="", history_repository=0)
    texts = {records[0].month: _format_record(records[0], "")}
    texts |= {later.month: _format_record(later, earlier.release) for earlier, later in pairwise(records)}
    months = iter_months(records[0].month, records[-1].month)
    return HistoryFields(
        history=";".join([records[0].month, *(texts.get(month, "") for month in months)]),
        history_repository=history.repository_created,
    )


def find_record(months: Sequence[MonthRecord], month: str) -> MonthRecord | None:
    """Return the last record up to a month, None if there is none."""
    return next((record for record in reversed(months) if record.month <= month), None)


def to_month(timestamp: float) -> str:
    """Return the month of a Unix time, such as `2026-01`."""
    return f"{datetime.fromtimestamp(timestamp, UTC):%Y-%m}"


@lru_cache(maxsize=4096)  # a readiness board parses a hundred histories
def shift_month(month: str, count: int) -> str:
    """Return the month some months later, or earlier if `count` is negative; never one before the year 0."""
    number = max(int(month[:4]) * 12 + int(month[5:]) - 1 + count, 0)
    return f"{number // 12:04}-{number % 12 + 1:02}"


def iter_months(first: str, last: str = "9999-12") -> Iterator[str]:
    """Yield all months from one to another."""
    while first <= last:
        yield first
        if first == "9999-12":
            return
        first = shift_month(first, 1)


def _to_minute(now: float) -> int:
    day = datetime.fromtimestamp(now, UTC)
    return (day.day - 1) * 1440 + day.hour * 60 + day.minute


def _read_stars(enrichments: Enrichments, now: float) -> tuple[int | None, int]:
    """Return the stars, and when their repository was created; None and 0 if they are unknown or old."""
    repository = enrichments.repository
    if not repository or repository.repository_stars is UNSET or not _is_recent(repository.repository_checked, now):
        return None, 0
    return _drop_implausible(repository.repository_stars, _MAX_COUNT), repository.repository_created or 0


def _read_downloads(enrichments: Enrichments, now: float) -> int | None:
    downloads = enrichments.downloads
    if not downloads or not _is_recent(downloads.download_updated, now):
        return None
    return _drop_implausible(to_optional(downloads.download_last_month), _MAX_COUNT)


def _drop_implausible(value: int | None, highest: int) -> int | None:
    """Return a value from 0 to the highest plausible one; None for any other."""
    return value if value is not None and 0 <= value <= highest else None


def _is_recent(read_at: int | UnsetType, now: float) -> bool:
    return read_at is not UNSET and now - read_at <= MAX_VALUE_AGE and not is_in_future(read_at, now)


def _fill_unknown(record: MonthRecord, earlier: MonthRecord) -> MonthRecord:
    """Return a record with the values of an earlier one of the same month where its own are unknown."""
    return replace(
        record,
        score=earlier.score if record.score is None else record.score,
        stars=earlier.stars if record.stars is None else record.stars,
        downloads=earlier.downloads if record.downloads is None else record.downloads,
        is_other_repository=record.is_other_repository or earlier.is_other_repository,
    )


def _to_order_key(record: MonthRecord) -> tuple[object, ...]:
    """Return a key that is greater for the later of two records; the values decide between those of one minute."""
    values = (-1 if value is None else value for value in (record.score, record.stars, record.downloads))
    return (record.minute, *values, record.release, record.is_other_repository)


def _find_last_time(history: History) -> tuple[str, int]:
    """Return the month and minute of the last record."""
    return max(((record.month, record.minute) for record in history.months), default=("", 0))


def _parse_record(month: str, text: str, earlier_release: str) -> MonthRecord:
    match = _RECORD.fullmatch(text)
    if match is None:
        raise Invalid(f"history: {text[:40]!r} is not a record of a month")
    score, mark, stars, downloads, minute, release = match.groups()
    return MonthRecord(
        month=month,
        minute=int(minute),
        score=int(score) if score else None,
        stars=int(stars) if stars else None,
        downloads=int(downloads) if downloads else None,
        release=earlier_release if release is None else unquote(release),
        is_other_repository=bool(mark),
    )


def _format_record(record: MonthRecord, earlier_release: str) -> str:
    score, stars, downloads = ("" if v is None else v for v in (record.score, record.stars, record.downloads))
    text = f"{score},{'*' if record.is_other_repository else ''}{stars},{downloads},{record.minute}"
    return text if record.release == earlier_release else f"{text},{quote(record.release, safe='!+', errors='replace')}"
