"""`ClickHouseDownloads` over HTTP; `test_clickhouse_engine.py` tests its SQL."""

import re
from collections.abc import Iterator
from datetime import date

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyf.aggregator.adapters.downloads.clickhouse import (
    MAX_NAMES,
    ClickHouseDownloads,
    build_query,
    quote_literal,
    split_by_query_size,
)
from pyf.aggregator.adapters.http.client import HttpClient
from pyf.aggregator.adapters.http.retry import RetryPolicy
from pyf.aggregator.adapters.http.service_client import ServiceClient, ServiceLimits
from pyf.aggregator.domain.downloads import Downloads
from pyf.aggregator.domain.errors import AggregatorError, NotFound, Unavailable
from pyf.aggregator.sandbox.downloads import DownloadTable, LocalClickHouse
from pyf.aggregator.sandbox.faults import Fault
from support.download_sources import DOWNLOADS, EXPECTED_DOWNLOADS, NEWEST
from support.raw_server import build_ok_response, wire

NAMES = [f"project-{number}" for number in range(2000)]


@pytest.fixture
def local() -> Iterator[LocalClickHouse]:
    with LocalClickHouse(DOWNLOADS) as local:
        yield local


def fetch_counts(url: str, *names: str, retries: int = 0) -> dict[str, Downloads | AggregatorError]:
    with HttpClient() as http:
        source = ClickHouseDownloads(
            ServiceClient(http, ServiceLimits(retries=RetryPolicy(max_retries=retries, backoff=0))), f"{url}/?user=demo"
        )
        return {count.name: count.outcome for batch in source.fetch_counts(names) for count in batch}


def parse_body(body: bytes, *headers: bytes) -> Downloads | AggregatorError:
    """Return the outcome of a response about `flask`."""
    with wire(build_ok_response(body, *headers)) as served:
        return fetch_counts(served.url, "flask")["flask"]


def build_body(**changes: object) -> bytes:
    """Return a response of ClickHouse about `flask` with changed values."""
    row = {
        "name": "flask",
        "found": "flask",
        "newest": "2026-08-10",
        "first": "2026-07-01",
        "last_day": "1",
        "last_week": "7",
        "last_month": "30",
        "total": "41",
        "months": [202607],
        "counts": ["31"],
    }
    return msgspec.json.encode({"meta": [], "data": [row | changes], "rows": 1})


def test_clickhouse_batches() -> None:
    table = DownloadTable({name: {NEWEST: 5} for name in NAMES}, NEWEST)

    with LocalClickHouse(table) as local:
        outcomes = fetch_counts(local.url, *NAMES)

    assert local.requests.total == 3
    assert outcomes.keys() == set(NAMES)
    assert {outcome.last_month for outcome in outcomes.values() if isinstance(outcome, Downloads)} == {5}


@pytest.mark.parametrize("quoted", [True, False])
def test_clickhouse_accepts_numbers_as_text(local: LocalClickHouse, quoted: bool) -> None:
    local.quotes_numbers = quoted

    assert fetch_counts(local.url, *EXPECTED_DOWNLOADS) == EXPECTED_DOWNLOADS


def test_clickhouse_truncated_result_is_unavailable(local: LocalClickHouse) -> None:
    local.max_rows = 2

    outcomes = fetch_counts(local.url, "nobody", "busy", "quiet", "null")

    assert isinstance(outcomes["nobody"], NotFound)
    assert outcomes["busy"] == EXPECTED_DOWNLOADS["busy"]
    assert isinstance(outcomes["quiet"], Unavailable)
    assert isinstance(outcomes["null"], Unavailable)


def test_clickhouse_splits_too_large_query() -> None:
    names = NAMES[:900]
    table = DownloadTable({name: {NEWEST: 5} for name in names}, NEWEST)

    with LocalClickHouse(table) as local:
        local.max_projects = 300
        outcomes = fetch_counts(local.url, *names)

    assert all(isinstance(outcome, Downloads) for outcome in outcomes.values())
    assert local.requests.total == 1 + 2 + 4  # 900 and 450 are too many, 225 are not


def test_clickhouse_splits_down_to_minimum() -> None:
    with LocalClickHouse(DOWNLOADS) as local:
        local.max_projects = 0
        outcomes = fetch_counts(local.url, *NAMES[:900])

    assert len(outcomes) == 900
    assert all(isinstance(outcome, Unavailable) for outcome in outcomes.values())
    assert local.requests.total < 40


@pytest.mark.parametrize("status", [400, 500])
def test_clickhouse_error_is_reported_without_retry(status: int) -> None:
    error_text = "Code: 201. DB::Exception: Quota for user `demo` for 3600s has been exceeded. (QUOTA_EXCEEDED)"
    with LocalClickHouse(DOWNLOADS) as local:
        local.error_text, local.error_status = error_text, status
        outcomes = fetch_counts(local.url, "busy", retries=3)

    assert isinstance(outcomes["busy"], Unavailable)
    assert "Quota for user `demo` for 3600s has been exceeded" in str(outcomes["busy"])
    assert local.requests.total == 1


def test_clickhouse_retries_busy_server(local: LocalClickHouse) -> None:
    local.error_text = "Code: 202. DB::Exception: Too many simultaneous queries. (TOO_MANY_SIMULTANEOUS_QUERIES)"

    outcomes = fetch_counts(local.url, "busy", retries=2)

    assert isinstance(outcomes["busy"], Unavailable)
    assert local.requests.total == 3


def test_clickhouse_error_inside_response(local: LocalClickHouse) -> None:
    local.faults.add(Fault("midway"))

    outcomes = fetch_counts(local.url, "busy", "quiet")

    assert {str(outcome).rpartition("reports: ")[2] for outcome in outcomes.values()} == {
        "Query memory limit exceeded (MEMORY_LIMIT_EXCEEDED) (code 241)"
    }
    assert all(isinstance(outcome, Unavailable) for outcome in outcomes.values())


@pytest.mark.parametrize(
    "body",
    [
        b'{"data": [], "exception": "Code: 159. DB::Exception: Timeout exceeded (TIMEOUT_EXCEEDED)"}',
        build_body() + b"\n__exception__abcdefgh\nCode: 395. DB::Exception: boom\n14 abcdefgh__exception__",
        b'{"data": [], "exception": "something else"}',
        b"Code: 159. DB::Exception: Timeout exceeded",
        b"",
        b"<html>Sorry</html>",
        b'{"rows": 0}',
        build_body(last_day=-1),
        build_body(last_day="many"),
        build_body(newest="yesterday"),
        build_body(name="django"),
        build_body(found="django"),
        build_body(months=[202607, 202608]),
    ],
)
def test_mismatched_response_is_unavailable(body: bytes) -> None:
    assert isinstance(parse_body(body), Unavailable)


def test_clickhouse_error_text_in_name_is_no_error() -> None:
    name = "Code: 158. DB::Exception: x"
    with wire(build_ok_response(build_body(name=name, found=name))) as served:
        assert isinstance(fetch_counts(served.url, name)[name], Downloads)


@pytest.mark.parametrize("unknown", [{"found": None}, {"found": "", "newest": "1970-01-01", "first": "1970-01-01"}])
def test_clickhouse_project_without_rows_is_not_found(unknown: dict[str, object]) -> None:
    zeros = {"last_day": 0, "last_week": 0, "last_month": 0, "total": 0, "months": [], "counts": []}

    assert isinstance(parse_body(build_body(**zeros | unknown)), NotFound)


def test_clickhouse_null_count_is_unset() -> None:
    outcome = parse_body(build_body(total=None))

    assert isinstance(outcome, Downloads)
    assert "total" not in msgspec.to_builtins(outcome)
    assert outcome.last_day == 1


def test_clickhouse_history_starts_at_first_download() -> None:
    outcome = parse_body(build_body(first="2026-05-09", months=[202605, 202607], counts=[4, 31]))

    assert isinstance(outcome, Downloads)
    assert outcome.history == {"2026-05": 4, "2026-06": 0, "2026-07": 31}
    assert outcome.newest_day == date(2026, 8, 10)


@pytest.mark.parametrize("fault", ["404", "403", "500", "502", "reset", "half", "empty", "html"])
def test_clickhouse_service_failure_is_unavailable(local: LocalClickHouse, fault: str) -> None:
    local.faults.add(Fault(fault))

    assert isinstance(fetch_counts(local.url, "busy")["busy"], Unavailable)


def test_clickhouse_error_hides_password() -> None:
    with HttpClient() as http:
        source = ClickHouseDownloads(
            ServiceClient(http, ServiceLimits(retries=RetryPolicy(max_retries=0))),
            "http://u:s3cret@127.0.0.1:1/?password=s3cret",
        )
        ((count,),) = source.fetch_counts(["busy"])

    assert isinstance(count.outcome, Unavailable)
    assert "s3cret" not in str(count.outcome)


names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)


@given(names)
def test_quote_literal_escapes_text(name: str) -> None:
    encoded = quote_literal(name)

    assert re.fullmatch(r"'(?:[A-Za-z0-9._-]|\\x[0-9A-F]{2})*'", encoded)


@given(st.lists(names, max_size=50))
def test_build_query_differs_only_in_names(project_names: list[str]) -> None:
    listed = ", ".join(map(quote_literal, project_names))
    text = build_query(project_names)

    assert text.replace(f"[{listed}]", "[]").replace(f"('pip', {listed})", "('pip', )") == build_query([])


@given(st.lists(st.text(max_size=3000), max_size=60))
def test_split_by_query_size(project_names: list[str]) -> None:
    groups = list(split_by_query_size(project_names))

    assert [name for batch in groups for name in batch] == project_names
    assert all(1 <= len(batch) <= MAX_NAMES and len(build_query(batch)) < 256 * 1024 for batch in groups)


def test_clickhouse_finds_any_name() -> None:
    hostile = "x'); drop table y"
    with LocalClickHouse(DownloadTable({hostile: {NEWEST: 2}, "y": {NEWEST: 1}}, NEWEST)) as local:
        outcomes = fetch_counts(local.url, hostile, "y", "'", "\\", "\\'", "a\nb", "{x:String}", "ä")

    found = {name for name, outcome in outcomes.items() if isinstance(outcome, Downloads)}
    assert found == {"y", hostile}
    assert len(outcomes) == 8
