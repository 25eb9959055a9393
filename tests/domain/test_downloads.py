"""What is kept of download counts: months stay, unknown stays unknown, and nothing grows for ever."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET

from pyf.aggregator.domain.downloads import (
    HISTORY_MONTHS,
    Downloads,
    joined,
    month_of,
    recorded,
    unknown_to,
    whole_months,
)
from pyf.aggregator.domain.schema import DownloadFields

# The first of August 2026, 03:00 UTC: the newest day that a source may have counted is the last of July.
NOW = 1_785_553_200


def at(text: str) -> int:
    """Return the Unix seconds of 03:00 UTC on a day."""
    return int(datetime.fromisoformat(f"{text}T03:00:00+00:00").timestamp())


numbers = st.integers(0, 10**12)
maybe = st.one_of(st.just(UNSET), numbers)
# Mostly so near one another that they meet in the same months.
days = st.one_of(st.dates(date(2026, 6, 25), date(2026, 8, 5)), st.dates(date(2020, 1, 1), date(2030, 12, 31)))
moments = days.map(lambda day: int(datetime(day.year, day.month, day.day, 12, tzinfo=UTC).timestamp()))


@st.composite
def answers(draw: st.DrawFn) -> Downloads:
    """What a source may say: with a newest day, months that are over by then, or neither."""
    until = draw(st.one_of(st.just(UNSET), days))
    history: dict[str, int] = {}
    if until is not UNSET:
        over = whole_months(until, draw(st.integers(0, 12)))
        history = {month: draw(numbers) for month in over}
    return Downloads(
        last_day=draw(maybe),
        last_week=draw(maybe),
        last_month=draw(maybe),
        total=draw(maybe),
        history=history,
        until=until,
    )


@st.composite
def written(draw: st.DrawFn) -> DownloadFields:
    return recorded(draw(answers()), source="any", now=draw(moments))


@given(answers(), moments)
def test_a_count_that_the_source_does_not_tell_is_absent_and_not_zero(answer: Downloads, now: int) -> None:
    fields = recorded(answer, source="any", now=now)

    assert (fields.download_last_day, fields.download_last_week, fields.download_last_month, fields.download_total) == (
        answer.last_day,
        answer.last_week,
        answer.last_month,
        answer.total,
    )
    told = {*answer.history.values(), *([] if answer.last_month is UNSET else [answer.last_month])}
    assert {*(fields.download_history or {}).values()} <= told


@given(answers(), moments)
def test_a_source_that_says_nothing_leaves_no_history(answer: Downloads, now: int) -> None:
    silent = not answer.history and answer.last_month is UNSET

    assert (recorded(answer, source="any", now=now).download_history is UNSET) == silent


@given(written(), written())
def test_every_month_that_either_knows_is_kept_up_to_the_bound(newer: DownloadFields, older: DownloadFields) -> None:
    both = {*(newer.download_history or {}), *(older.download_history or {})}

    kept = joined(newer, older).download_history or {}

    assert list(kept) == sorted(both)[-HISTORY_MONTHS:]
    assert all(kept[month] in known_values(month, newer, older) for month in kept)


def known_values(month: str, *fields: DownloadFields) -> set[int]:
    return {each.download_history[month] for each in fields if month in (each.download_history or {})}  # type: ignore[index]


@settings(max_examples=300)
@given(written(), written())
def test_joining_twice_is_joining_once(newer: DownloadFields, older: DownloadFields) -> None:
    once = joined(newer, older)

    assert joined(newer, once) == joined(once, older) == once


@given(st.lists(written(), min_size=1, max_size=30))
def test_a_history_is_bounded_however_many_runs_there_were(runs: list[DownloadFields]) -> None:
    kept: Any = UNSET
    for fields in runs:
        kept = joined(fields, kept)

    assert len(kept.download_history or {}) <= HISTORY_MONTHS


@given(written(), written())
def test_all_but_history_and_total_is_what_the_newer_counts_say(newer: DownloadFields, older: DownloadFields) -> None:
    kept = joined(newer, older)

    assert (kept.download_last_day, kept.download_last_week, kept.download_last_month) == (
        newer.download_last_day,
        newer.download_last_week,
        newer.download_last_month,
    )
    assert kept.download_total in (newer.download_total, older.download_total)
    assert kept.download_updated == newer.download_updated


def test_a_total_that_only_another_source_knows_stays() -> None:
    older = recorded(Downloads(total=900, until=date(2026, 6, 30)), source="clickhouse", now=NOW)

    kept = joined(recorded(Downloads(last_month=10), source="pypistats", now=NOW), older)

    assert kept.download_total == 900


@given(written(), moments)
def test_a_source_that_does_not_know_the_project_changes_no_count(older: DownloadFields, now: int) -> None:
    kept = unknown_to("any", older, now=now)

    assert joined(kept, older) == kept
    assert (kept.download_history, kept.download_total, kept.download_last_day, kept.download_updated) == (
        older.download_history,
        older.download_total,
        older.download_last_day,
        older.download_updated,
    )
    assert kept.download_checked == now


def test_a_month_that_is_not_over_has_the_last_thirty_days() -> None:
    weekly = [("2026-07-06", 30), ("2026-07-20", 40), ("2026-08-01", 50), ("2026-08-02", 60)]

    kept: Any = UNSET
    for day, last_month in weekly:
        kept = joined(recorded(Downloads(last_month=last_month), source="pypistats", now=at(day)), kept)

    # The run of the first of August sees all of July but its first day, and is the last one to write it.
    assert kept.download_history == {"2026-07": 50, "2026-08": 60}


def test_a_whole_month_beats_thirty_days_of_it() -> None:
    seen = recorded(Downloads(last_month=30), source="pypistats", now=at("2026-07-20"))
    whole = Downloads(last_month=99, history={"2026-06": 60, "2026-07": 70}, until=date(2026, 8, 3))

    kept = joined(recorded(whole, source="clickhouse", now=at("2026-08-05")), seen)

    assert kept.download_history == {"2026-06": 60, "2026-07": 70, "2026-08": 99}


def test_the_month_is_over_on_its_last_day() -> None:
    answer = Downloads(last_month=30, history={"2026-07": 31}, until=date(2026, 7, 31))

    assert recorded(answer, source="clickhouse", now=NOW).download_history == {"2026-07": 31}


def test_a_source_that_lags_does_not_undo_what_was_seen_later() -> None:
    seen = recorded(Downloads(last_month=80), source="pypistats", now=at("2026-08-01"))
    late = Downloads(last_month=1, history={"2026-06": 60}, until=date(2026, 7, 4))

    kept = joined(recorded(late, source="clickhouse", now=at("2026-08-02")), seen)

    assert kept.download_history == {"2026-06": 60, "2026-07": 80}
    assert kept.download_last_month == 1


def test_without_a_newest_day_it_is_the_day_before() -> None:
    fields = recorded(Downloads(last_month=5), source="pypistats", now=NOW)

    assert datetime.fromtimestamp(fields.download_until or 0, UTC) == datetime(2026, 7, 31, tzinfo=UTC)


@given(days, st.integers(0, 24))
def test_whole_months_are_the_last_ones_that_have_ended(until: date, number: int) -> None:
    names = whole_months(until, number)

    assert names == sorted(set(names))
    assert len(names) == number
    if number:
        day_after = until + timedelta(1)
        assert names[-1] < month_of(day_after) <= month_of(until + timedelta(32))
        assert (names[-1] == month_of(until)) == (day_after.day == 1)
