"""Stored download counts: months stay, unknown values stay unknown, and the size is bounded."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET

from pyf.aggregator.domain.documents.schema import DownloadFields
from pyf.aggregator.domain.downloads import (
    HISTORY_MONTHS,
    Downloads,
    build_download_fields,
    list_whole_months,
    mark_not_found,
    merge_downloads,
    to_month,
)

# The first of August 2026, 03:00 UTC: the newest day that a source may have counted is the last of July.
NOW = 1_785_553_200


def to_timestamp(text: str) -> int:
    """Return the Unix seconds of 03:00 UTC on a day."""
    return int(datetime.fromisoformat(f"{text}T03:00:00+00:00").timestamp())


numbers = st.integers(0, 10**12)
maybe = st.one_of(st.just(UNSET), numbers)
# Mostly so near one another that they meet in the same months.
days = st.one_of(st.dates(date(2026, 6, 25), date(2026, 8, 5)), st.dates(date(2020, 1, 1), date(2030, 12, 31)))
moments = days.map(lambda day: int(datetime(day.year, day.month, day.day, 12, tzinfo=UTC).timestamp()))


@st.composite
def draw_downloads(draw: st.DrawFn) -> Downloads:
    """Return counts of a source: with a newest day, with finished months, or with neither."""
    newest_day = draw(st.one_of(st.just(UNSET), days))
    history: dict[str, int] = {}
    if newest_day is not UNSET:
        over = list_whole_months(newest_day, draw(st.integers(0, 12)))
        history = {month: draw(numbers) for month in over}
    return Downloads(
        last_day=draw(maybe),
        last_week=draw(maybe),
        last_month=draw(maybe),
        total=draw(maybe),
        history=history,
        newest_day=newest_day,
    )


@st.composite
def draw_fields(draw: st.DrawFn) -> DownloadFields:
    return build_download_fields(draw(draw_downloads()), source="any", now=draw(moments))


@given(draw_downloads(), moments)
def test_missing_count_is_absent_and_not_zero(answer: Downloads, now: int) -> None:
    fields = build_download_fields(answer, source="any", now=now)

    assert (fields.download_last_day, fields.download_last_week, fields.download_last_month, fields.download_total) == (
        answer.last_day,
        answer.last_week,
        answer.last_month,
        answer.total,
    )
    reported_counts = {*answer.history.values(), *([] if answer.last_month is UNSET else [answer.last_month])}
    assert {*(fields.download_history or {}).values()} <= reported_counts


@given(draw_downloads(), moments)
def test_source_without_history_leaves_none(answer: Downloads, now: int) -> None:
    silent = not answer.history and answer.last_month is UNSET

    assert (build_download_fields(answer, source="any", now=now).download_history is UNSET) == silent


@given(draw_fields(), draw_fields())
def test_merged_history_has_months_of_both(newer: DownloadFields, older: DownloadFields) -> None:
    both = {*(newer.download_history or {}), *(older.download_history or {})}

    kept = merge_downloads(newer, older).download_history or {}

    assert list(kept) == sorted(both)[-HISTORY_MONTHS:]
    assert all(kept[month] in collect_known_values(month, newer, older) for month in kept)


def collect_known_values(month: str, *fields: DownloadFields) -> set[int]:
    return {fields_.download_history[month] for fields_ in fields if month in (fields_.download_history or {})}  # type: ignore[index]


@settings(max_examples=100)
@given(draw_fields(), draw_fields())
def test_joining_twice_is_joining_once(newer: DownloadFields, older: DownloadFields) -> None:
    once = merge_downloads(newer, older)

    assert merge_downloads(newer, once) == merge_downloads(once, older) == once


@given(st.lists(draw_fields(), min_size=1, max_size=30))
def test_history_is_bounded(runs: list[DownloadFields]) -> None:
    kept: Any = UNSET
    for fields in runs:
        kept = merge_downloads(fields, kept)

    assert len(kept.download_history or {}) <= HISTORY_MONTHS


@given(draw_fields(), draw_fields())
def test_newer_counts_replace_all_but_history_and_total(newer: DownloadFields, older: DownloadFields) -> None:
    kept = merge_downloads(newer, older)

    assert (kept.download_last_day, kept.download_last_week, kept.download_last_month) == (
        newer.download_last_day,
        newer.download_last_week,
        newer.download_last_month,
    )
    assert kept.download_total in (newer.download_total, older.download_total)
    assert kept.download_updated == newer.download_updated


def test_total_of_other_source_remains() -> None:
    older = build_download_fields(Downloads(total=900, newest_day=date(2026, 6, 30)), source="clickhouse", now=NOW)

    kept = merge_downloads(build_download_fields(Downloads(last_month=10), source="pypistats", now=NOW), older)

    assert kept.download_total == 900


@given(draw_fields(), moments)
def test_unknown_package_keeps_counts(older: DownloadFields, now: int) -> None:
    kept = mark_not_found("any", older, now=now)

    assert merge_downloads(kept, older) == kept
    assert (kept.download_history, kept.download_total, kept.download_last_day, kept.download_updated) == (
        older.download_history,
        older.download_total,
        older.download_last_day,
        older.download_updated,
    )
    assert kept.download_checked == now


def test_current_month_has_last_thirty_days() -> None:
    weekly = [("2026-07-06", 30), ("2026-07-20", 40), ("2026-08-01", 50), ("2026-08-02", 60)]

    kept: Any = UNSET
    for day, last_month in weekly:
        kept = merge_downloads(
            build_download_fields(Downloads(last_month=last_month), source="pypistats", now=to_timestamp(day)), kept
        )

    # The run of the first of August sees all of July but its first day, and is the last one to write it.
    assert kept.download_history == {"2026-07": 50, "2026-08": 60}


def test_complete_month_replaces_thirty_days() -> None:
    seen = build_download_fields(Downloads(last_month=30), source="pypistats", now=to_timestamp("2026-07-20"))
    whole = Downloads(last_month=99, history={"2026-06": 60, "2026-07": 70}, newest_day=date(2026, 8, 3))

    kept = merge_downloads(build_download_fields(whole, source="clickhouse", now=to_timestamp("2026-08-05")), seen)

    assert kept.download_history == {"2026-06": 60, "2026-07": 70, "2026-08": 99}


def test_month_ends_on_last_day() -> None:
    answer = Downloads(last_month=30, history={"2026-07": 31}, newest_day=date(2026, 7, 31))

    assert build_download_fields(answer, source="clickhouse", now=NOW).download_history == {"2026-07": 31}


def test_lagging_source_keeps_later_counts() -> None:
    seen = build_download_fields(Downloads(last_month=80), source="pypistats", now=to_timestamp("2026-08-01"))
    late = Downloads(last_month=1, history={"2026-06": 60}, newest_day=date(2026, 7, 4))

    kept = merge_downloads(build_download_fields(late, source="clickhouse", now=to_timestamp("2026-08-02")), seen)

    assert kept.download_history == {"2026-06": 60, "2026-07": 80}
    assert kept.download_last_month == 1


def test_without_a_newest_day_it_is_the_day_before() -> None:
    fields = build_download_fields(Downloads(last_month=5), source="pypistats", now=NOW)

    assert datetime.fromtimestamp(fields.download_until or 0, UTC) == datetime(2026, 7, 31, tzinfo=UTC)


@given(days, st.integers(0, 24))
def test_whole_months_are_the_last_ones_that_have_ended(until: date, number: int) -> None:
    names = list_whole_months(until, number)

    assert names == sorted(set(names))
    assert len(names) == number
    if number:
        day_after = until + timedelta(1)
        assert names[-1] < to_month(day_after) <= to_month(until + timedelta(32))
        assert (names[-1] == to_month(until)) == (day_after.day == 1)
