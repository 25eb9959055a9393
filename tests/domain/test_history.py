"""The history of a package: the last values of a month win, merging has no order, and the size is bounded."""

from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import UNSET
from msgspec.structs import replace

from pyf.aggregator.domain.documents.document import Enrichments
from pyf.aggregator.domain.documents.schema import DownloadFields, HealthFields, HistoryFields, RepositoryFields
from pyf.aggregator.domain.errors import Invalid
from pyf.aggregator.domain.history import (
    MAX_MONTHS,
    History,
    MonthRecord,
    build_history_fields,
    find_record,
    has_month,
    iter_months,
    merge_histories,
    parse_history,
    record_month,
)

counts = st.none() | st.integers(0, 10**12)


def to_timestamp(day: str) -> int:
    return int(datetime.fromisoformat(f"{day}T03:00:00+00:00").timestamp())


@st.composite
def draw_history(draw: st.DrawFn) -> HistoryFields:
    """Return a history of a few months, mostly so near others that they share some."""
    months = draw(st.lists(st.sampled_from(list(iter_months("2025-01", "2026-06"))), unique=True, max_size=8))
    records = [
        MonthRecord(
            month=month,
            minute=draw(st.integers(0, 5)),
            score=draw(st.none() | st.integers(0, 100)),
            stars=draw(counts),
            downloads=draw(counts),
            release=draw(st.sampled_from(["", "1.0", "2!1.0+local", "an, old; version % 1"])),
            is_other_repository=draw(st.booleans()),
        )
        for month in months
    ]
    return build_history_fields(History(months=tuple(records), repository_created=draw(st.integers(0, 3))))


@st.composite
def draw_enrichments(draw: st.DrawFn, now: int) -> Enrichments:
    repository = RepositoryFields(
        repository_stars=draw(st.integers(0, 9)), repository_created=draw(st.integers(1, 2)), repository_checked=now
    )
    downloads = DownloadFields(download_last_month=draw(st.integers(0, 9)), download_updated=now)
    return Enrichments(
        repository=draw(st.sampled_from([UNSET, repository])),
        downloads=draw(st.sampled_from([UNSET, downloads])),
        health=HealthFields(health_score=draw(st.integers(0, 100))),
    )


def build_enrichments(
    *, stars: int, repository: int, now: int, history: HistoryFields = HistoryFields()
) -> Enrichments:
    return Enrichments(
        repository=RepositoryFields(repository_stars=stars, repository_created=repository, repository_checked=now),
        history=history,
    )


@given(draw_history(), draw_history(), draw_history())
def test_merging_has_no_order(one: HistoryFields, two: HistoryFields, three: HistoryFields) -> None:
    assert merge_histories(one, two) == merge_histories(two, one)
    merged = merge_histories(merge_histories(one, two), three)
    assert parse_history(merged).months == parse_history(merge_histories(one, merge_histories(two, three))).months


@given(draw_history(), draw_history())
@example(
    HistoryFields(history="2025-01;,,,0;;;;;;;;;;;,0,,0;,,,0;,,,0", history_repository=0),
    HistoryFields(history="2025-01;,,,0;,,,0;,,,0;;;;;;;;;,,,1", history_repository=1),
)
def test_merging_twice_is_merging_once(one: HistoryFields, two: HistoryFields) -> None:
    merged = merge_histories(one, two)

    assert merge_histories(one, one) == one
    assert merge_histories(merged, two) == merged


@given(draw_history(), draw_history())
def test_merging_keeps_the_later_record_of_a_month(one: HistoryFields, two: HistoryFields) -> None:
    sides = [{record.month: record for record in parse_history(fields).months} for fields in (one, two)]

    for record in parse_history(merge_histories(one, two)).months:
        known = [side[record.month] for side in sides if record.month in side]
        assert record in known
        assert record.minute == max(item.minute for item in known)


@given(st.data(), st.lists(st.integers(to_timestamp("2025-01-01"), to_timestamp("2026-12-31")), max_size=12))
def test_last_values_of_a_month_win(data: st.DataObject, moments: list[int]) -> None:
    history, last_scores = HistoryFields(), {}
    for now in sorted(moments):
        enrichments = replace(data.draw(draw_enrichments(now)), history=history)
        history = record_month(enrichments, now, release="1.0")
        assert record_month(replace(enrichments, history=history), now, release="1.0") == history
        assert has_month(history, now)
        last_scores[f"{datetime.fromtimestamp(now, UTC):%Y-%m}"] = enrichments.health.health_score  # type: ignore[union-attr]

    assert {record.month: record.score for record in parse_history(history).months} == last_scores


def test_unchanged_values_leave_the_history_as_it_is() -> None:
    first, later = to_timestamp("2026-03-01"), to_timestamp("2026-03-20")
    history = record_month(build_enrichments(stars=5, repository=1, now=first), first, release="1.0")

    assert record_month(build_enrichments(stars=5, repository=1, now=later, history=history), later) == history


def test_unknown_value_does_not_replace_one_of_the_same_month() -> None:
    now = to_timestamp("2026-03-01")
    history = record_month(build_enrichments(stars=5, repository=1, now=now), now)

    later = record_month(Enrichments(health=HealthFields(health_score=9), history=history), now + 60)

    (record,) = parse_history(later).months
    assert (record.score, record.stars) == (9, 5)


def test_old_value_is_not_one_of_the_month() -> None:
    read_at = to_timestamp("2026-01-01")

    history = record_month(build_enrichments(stars=5, repository=1, now=read_at), to_timestamp("2026-03-01"))

    assert parse_history(history).months[0].stars is None


def test_other_repository_is_marked_and_a_renamed_one_is_not() -> None:
    history = HistoryFields()
    for day, stars, repository in (("2026-01-05", 900, 1), ("2026-02-05", 905, 1), ("2026-03-05", 3, 2)):
        now = to_timestamp(day)
        history = record_month(build_enrichments(stars=stars, repository=repository, now=now, history=history), now)
    now = to_timestamp("2026-04-05")
    history = record_month(build_enrichments(stars=4, repository=2, now=now, history=history), now)

    records = parse_history(history).months
    assert [(record.stars, record.is_other_repository) for record in records] == [
        (900, False),
        (905, False),
        (3, True),
        (4, False),
    ]


def test_months_of_a_clock_that_was_ahead_are_dropped() -> None:
    history = record_month(Enrichments(health=HealthFields(health_score=1)), to_timestamp("2027-05-01"))
    enrichments = Enrichments(health=HealthFields(health_score=2), history=history)

    history = record_month(enrichments, to_timestamp("2026-03-01"))

    assert [(record.month, record.score) for record in parse_history(history).months] == [("2026-03", 2)]


def test_ten_years_need_twenty_bytes_a_month() -> None:
    history = HistoryFields()
    for month in iter_months("2020-01", "2035-12"):
        now = to_timestamp(f"{month}-28")
        enrichments = Enrichments(
            repository=RepositoryFields(repository_stars=1234, repository_created=1, repository_checked=now),
            downloads=DownloadFields(download_last_month=45_678, download_updated=now),
            health=HealthFields(health_score=87),
            history=history,
        )
        history = record_month(enrichments, now, release="5.2.1")

    assert len(parse_history(history).months) == MAX_MONTHS
    assert len(history.history or "") < 21 * MAX_MONTHS


def test_record_up_to_a_month_is_found() -> None:
    months = parse_history(HistoryFields(history="2026-01;1,,,0,1.0;;2,,,0")).months

    found = [find_record(months, month) for month in ("2025-12", "2026-01", "2026-02", "2026-03", "2026-04")]

    assert [record and (record.month, record.release) for record in found] == [
        None,
        ("2026-01", "1.0"),
        ("2026-01", "1.0"),
        ("2026-03", "1.0"),
        ("2026-03", "1.0"),
    ]


@pytest.mark.parametrize("text", ["x", "2026-13;1,,,0", "2026-01;1,,0", "2026-01;1,,,0;" + ";" * MAX_MONTHS])
def test_text_that_is_no_history_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="history"):
        parse_history(HistoryFields(history=text))
