"""The local sources of download counts behave as the real ones, as far as known."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyf.aggregator.sandbox.downloads import (
    DownloadTable,
    LocalClickHouse,
    LocalPypistats,
    build_pypistats_limit,
    load_sample_downloads,
)
from pyf.aggregator.sandbox.fake_registry import FakeRegistry
from pyf.aggregator.sandbox.load import load_sample_documents

NEWEST = date(2026, 8, 31)


def fetch(url: str) -> tuple[int, dict[str, str], Any]:
    try:
        with urlopen(url, timeout=10) as response:
            return response.status, dict(response.headers), msgspec.json.decode(response.read())
    except HTTPError as error:
        with error:
            return error.code, dict(error.headers), error.read()


@pytest.fixture
def pypistats() -> Iterator[LocalPypistats]:
    table = DownloadTable({"Some.Thing": {NEWEST - timedelta(ago): 1 for ago in range(40)}}, NEWEST)
    with LocalPypistats(table) as pypistats:
        yield pypistats


def test_pypistats_response_shape(pypistats: LocalPypistats, shared_data: Any) -> None:
    status, _, response = fetch(f"{pypistats.url}/api/packages/some-thing/recent")
    recorded = msgspec.json.decode((shared_data / "pypi" / "pypistats-recent.json").read_bytes())

    assert (status, response["data"]) == (200, {"last_day": 1, "last_week": 7, "last_month": 30})
    assert (response["package"], response.keys()) == ("some-thing", recorded.keys())
    assert response["data"].keys() == recorded["data"].keys()


@pytest.mark.parametrize("path", ["/api/packages/Some.Thing/recent", "/api/packages/other/recent", "/", "/api"])
def test_pypistats_unknown_path_is_404(pypistats: LocalPypistats, path: str) -> None:
    assert fetch(f"{pypistats.url}{path}")[0] == 404


def test_pypistats_rate_limit_has_no_retry_after(pypistats: LocalPypistats) -> None:
    pypistats.rate_limit = build_pypistats_limit()

    answers = [fetch(f"{pypistats.url}/api/packages/some-thing/recent") for _ in range(6)]

    assert [status for status, _, _ in answers] == [200] * 5 + [429]
    assert "Retry-After" not in answers[-1][1]


def test_pypistats_limits_combine() -> None:
    limit = build_pypistats_limit()

    slowly = [limit.acquire(number * 1.0) for number in range(70)]
    at_once = build_pypistats_limit()

    assert slowly == [number % 60 < 30 for number in range(70)]
    assert [at_once.acquire(100.0) for _ in range(7)] == [True] * 5 + [False] * 2


def test_clickhouse_rejects_unknown_queries() -> None:
    with LocalClickHouse(DownloadTable({}, NEWEST)) as clickhouse, pytest.raises(HTTPError) as refusal:
        urlopen(Request(f"{clickhouse.url}/?user=demo", data=b"SELECT 1 FORMAT JSON"), timeout=10)

    with refusal.value as response:
        assert (response.code, response.headers["X-ClickHouse-Exception-Code"]) == (400, "62")
        assert b"DB::Exception" in response.read()


def test_sample_covers_all_visible_projects() -> None:
    table = load_sample_downloads(NEWEST)

    projects = {
        project.normalized_name: project.status for project in FakeRegistry(load_sample_documents()).list_projects()
    }
    assert {name for name in projects if not table.has_project(name)} == {
        name for name, status in projects.items() if status == "quarantined"
    }


def test_sample_is_deterministic() -> None:
    table = load_sample_downloads(NEWEST)

    assert list(table.iter_rows()) == list(load_sample_downloads(NEWEST).iter_rows())
    assert 100_000_000 < table.sum_last_days("flask", 30) < 200_000_000
    assert table.get_total("flask") > 12 * table.sum_last_days("flask", 30)
    assert len(table.sum_months("flask", 12)) == 12


days = st.dates(date(2025, 8, 1), NEWEST)


@given(st.dictionaries(days, st.integers(1, 9), min_size=1, max_size=30))
def test_sum_months_counts_complete_months(counted: dict[date, int]) -> None:
    table = DownloadTable({"a": counted}, NEWEST)  # the last day of a month: that one is over

    assert sum(table.sum_months("a", 13).values()) == table.get_total("a")
    assert 202508 not in table.sum_months("a", 12)
