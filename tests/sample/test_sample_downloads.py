"""The local sources of counts behave as the real ones do, as far as that is known."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyf.aggregator.sample.clickhouse import LocalClickHouse
from pyf.aggregator.sample.download_table import DownloadTable, sample_downloads
from pyf.aggregator.sample.ecosystem import Ecosystem
from pyf.aggregator.sample.load import sample_documents
from pyf.aggregator.sample.pypistats import LocalPypistats, pypistats_limit

NEWEST = date(2026, 8, 31)


def get(url: str) -> tuple[int, dict[str, str], Any]:
    try:
        with urlopen(url, timeout=10) as answer:
            return answer.status, dict(answer.headers), msgspec.json.decode(answer.read())
    except HTTPError as error:
        with error:
            return error.code, dict(error.headers), error.read()


@pytest.fixture
def pypistats() -> Iterator[LocalPypistats]:
    table = DownloadTable({"Some.Thing": {NEWEST - timedelta(ago): 1 for ago in range(40)}}, NEWEST)
    with LocalPypistats(table) as pypistats:
        yield pypistats


def test_pypistats_answers_for_the_normalised_name_in_the_recorded_shape(
    pypistats: LocalPypistats, shared_data: Any
) -> None:
    status, _, answer = get(f"{pypistats.url}/api/packages/some-thing/recent")
    recorded = msgspec.json.decode((shared_data / "pypi" / "pypistats-recent.json").read_bytes())

    assert (status, answer["data"]) == (200, {"last_day": 1, "last_week": 7, "last_month": 30})
    assert (answer["package"], answer.keys()) == ("some-thing", recorded.keys())
    assert answer["data"].keys() == recorded["data"].keys()


@pytest.mark.parametrize("path", ["/api/packages/Some.Thing/recent", "/api/packages/other/recent", "/", "/api"])
def test_pypistats_knows_nothing_else(pypistats: LocalPypistats, path: str) -> None:
    assert get(f"{pypistats.url}{path}")[0] == 404


def test_pypistats_refuses_the_sixth_in_a_second_without_a_word_about_when(pypistats: LocalPypistats) -> None:
    pypistats.rate_limit = pypistats_limit()

    answers = [get(f"{pypistats.url}/api/packages/some-thing/recent") for _ in range(6)]

    assert [status for status, _, _ in answers] == [200] * 5 + [429]
    assert "Retry-After" not in answers[-1][1]


def test_thirty_a_minute_and_five_a_second_hold_together() -> None:
    limit = pypistats_limit()

    slowly = [limit.admits(number * 1.0) for number in range(70)]
    at_once = pypistats_limit()

    assert slowly == [number % 60 < 30 for number in range(70)]
    assert [at_once.admits(100.0) for _ in range(7)] == [True] * 5 + [False] * 2


def test_clickhouse_refuses_what_it_is_not_made_for() -> None:
    with LocalClickHouse(DownloadTable({}, NEWEST)) as clickhouse, pytest.raises(HTTPError) as refusal:
        urlopen(Request(f"{clickhouse.url}/?user=demo", data=b"SELECT 1 FORMAT JSON"), timeout=10)

    with refusal.value as answer:
        assert (answer.code, answer.headers["X-ClickHouse-Exception-Code"]) == (400, "62")
        assert b"DB::Exception" in answer.read()


def test_the_sample_has_numbers_for_every_project_but_the_quarantined() -> None:
    table = sample_downloads(NEWEST)

    projects = {project.normalized_name: project.status for project in Ecosystem(sample_documents()).projects()}
    assert {name for name in projects if not table.knows(name)} == {
        name for name, status in projects.items() if status == "quarantined"
    }


def test_the_sample_is_the_same_every_time_and_of_the_size_that_it_states() -> None:
    table = sample_downloads(NEWEST)

    assert list(table.rows()) == list(sample_downloads(NEWEST).rows())
    assert 100_000_000 < table.last_days("flask", 30) < 200_000_000
    assert table.total("flask") > 12 * table.last_days("flask", 30)
    assert len(table.whole_months("flask", 12)) == 12


days = st.dates(date(2025, 8, 1), NEWEST)


@given(st.dictionaries(days, st.integers(1, 9), min_size=1, max_size=30))
def test_months_are_whole_ones(counted: dict[date, int]) -> None:
    table = DownloadTable({"a": counted}, NEWEST)  # the last day of a month: that one is over

    assert sum(table.whole_months("a", 13).values()) == table.total("a")
    assert 202508 not in table.whole_months("a", 12)
