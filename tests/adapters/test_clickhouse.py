"""Our reader of ClickHouse, over HTTP; that its SQL means what it should is told in `test_clickhouse_engine.py`."""

import re
from collections.abc import Iterator
from datetime import date

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.wire import ok, wire
from download_sources import NEWEST, TABLE, TRUTH
from pyf.aggregator.adapters.downloads import ClickHouse
from pyf.aggregator.adapters.downloads.clickhouse_query import MOST_NAMES, batches, literal, query
from pyf.aggregator.adapters.http import Http
from pyf.aggregator.adapters.retry import Retries
from pyf.aggregator.adapters.service import Limits, Service
from pyf.aggregator.domain.downloads import Downloads
from pyf.aggregator.domain.errors import AggregatorError, NotFound, Unavailable
from pyf.aggregator.sample.clickhouse import LocalClickHouse
from pyf.aggregator.sample.download_table import DownloadTable
from pyf.aggregator.sample.faults import Fault

MANY = [f"project-{number}" for number in range(2000)]


@pytest.fixture
def local() -> Iterator[LocalClickHouse]:
    with LocalClickHouse(TABLE) as local:
        yield local


def counts(url: str, *names: str, retries: int = 0) -> dict[str, Downloads | AggregatorError]:
    with Http() as http:
        source = ClickHouse(Service(http, Limits(retries=Retries(most=retries, backoff=0))), f"{url}/?user=demo")
        return {count.name: count.answer for batch in source.counts(names) for count in batch}


def answered(body: bytes, *headers: bytes) -> Downloads | AggregatorError:
    """Return what is made of an answer about `flask`."""
    with wire(ok(body, *headers)) as served:
        return counts(served.url, "flask")["flask"]


def row(**changes: object) -> bytes:
    """Return an answer about `flask` as ClickHouse gives it, changed."""
    given = {
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
    return msgspec.json.encode({"meta": [], "data": [given | changes], "rows": 1})


def test_two_thousand_projects_are_three_requests() -> None:
    table = DownloadTable({name: {NEWEST: 5} for name in MANY}, NEWEST)

    with LocalClickHouse(table) as local:
        answers = counts(local.url, *MANY)

    assert local.requests.total == 3
    assert answers.keys() == set(MANY)
    assert {answer.last_month for answer in answers.values() if isinstance(answer, Downloads)} == {5}


@pytest.mark.parametrize("quoted", [True, False])
def test_numbers_of_64_bits_may_be_text_or_numbers(local: LocalClickHouse, quoted: bool) -> None:
    local.quotes_numbers = quoted

    assert counts(local.url, *TRUTH) == TRUTH


def test_what_a_cut_result_leaves_out_is_unavailable_and_never_zero(local: LocalClickHouse) -> None:
    local.most_rows = 2

    answers = counts(local.url, "nobody", "busy", "quiet", "null")

    assert isinstance(answers["nobody"], NotFound)
    assert answers["busy"] == TRUTH["busy"]
    assert isinstance(answers["quiet"], Unavailable)
    assert isinstance(answers["null"], Unavailable)


def test_a_question_that_is_too_much_is_asked_in_halves() -> None:
    names = MANY[:900]
    table = DownloadTable({name: {NEWEST: 5} for name in names}, NEWEST)

    with LocalClickHouse(table) as local:
        local.most_projects = 300
        answers = counts(local.url, *names)

    assert all(isinstance(answer, Downloads) for answer in answers.values())
    assert local.requests.total == 1 + 2 + 4  # 900 and 450 are too many, 225 are not


def test_a_question_that_stays_too_much_is_not_parted_for_ever() -> None:
    with LocalClickHouse(TABLE) as local:
        local.most_projects = 0
        answers = counts(local.url, *MANY[:900])

    assert len(answers) == 900
    assert all(isinstance(answer, Unavailable) for answer in answers.values())
    assert local.requests.total < 40


@pytest.mark.parametrize("status", [400, 500])
def test_what_the_server_says_is_told_and_not_asked_again(status: int) -> None:
    said = "Code: 201. DB::Exception: Quota for user `demo` for 3600s has been exceeded. (QUOTA_EXCEEDED)"
    with LocalClickHouse(TABLE) as local:
        local.refusal_text, local.refusal_status = said, status
        answers = counts(local.url, "busy", retries=3)

    assert isinstance(answers["busy"], Unavailable)
    assert "Quota for user `demo` for 3600s has been exceeded" in str(answers["busy"])
    assert local.requests.total == 1


def test_a_server_that_is_busy_is_asked_again(local: LocalClickHouse) -> None:
    local.refusal_text = "Code: 202. DB::Exception: Too many simultaneous queries. (TOO_MANY_SIMULTANEOUS_QUERIES)"

    answers = counts(local.url, "busy", retries=2)

    assert isinstance(answers["busy"], Unavailable)
    assert local.requests.total == 3


def test_a_failure_in_the_middle_of_an_answer_is_a_failure(local: LocalClickHouse) -> None:
    local.faults.add(Fault("midway"))

    answers = counts(local.url, "busy", "quiet")

    assert {str(answer).rpartition("says: ")[2] for answer in answers.values()} == {
        "Query memory limit exceeded (MEMORY_LIMIT_EXCEEDED) (code 241)"
    }
    assert all(isinstance(answer, Unavailable) for answer in answers.values())


@pytest.mark.parametrize(
    "body",
    [
        b'{"data": [], "exception": "Code: 159. DB::Exception: Timeout exceeded (TIMEOUT_EXCEEDED)"}',
        row() + b"\n__exception__abcdefgh\nCode: 395. DB::Exception: boom\n14 abcdefgh__exception__",
        b'{"data": [], "exception": "something else"}',
        b"Code: 159. DB::Exception: Timeout exceeded",
        b"",
        b"<html>Sorry</html>",
        b'{"rows": 0}',
        row(last_day=-1),
        row(last_day="many"),
        row(newest="yesterday"),
        row(name="django"),
        row(found="django"),
        row(months=[202607, 202608]),
    ],
)
def test_what_is_no_answer_about_the_project_is_unavailable(body: bytes) -> None:
    assert isinstance(answered(body), Unavailable)


def test_the_text_of_an_exception_in_a_name_is_a_name() -> None:
    name = "Code: 158. DB::Exception: x"
    with wire(ok(row(name=name, found=name))) as served:
        assert isinstance(counts(served.url, name)[name], Downloads)


@pytest.mark.parametrize("unknown", [{"found": None}, {"found": "", "newest": "1970-01-01", "first": "1970-01-01"}])
def test_a_project_without_rows_is_not_found_even_where_a_join_gives_zeros(unknown: dict[str, object]) -> None:
    zeros = {"last_day": 0, "last_week": 0, "last_month": 0, "total": 0, "months": [], "counts": []}

    assert isinstance(answered(row(**zeros | unknown)), NotFound)


def test_a_count_that_is_null_is_unknown() -> None:
    answer = answered(row(total=None))

    assert isinstance(answer, Downloads)
    assert "total" not in msgspec.to_builtins(answer)
    assert answer.last_day == 1


def test_a_month_without_downloads_is_zero_only_after_the_first_download() -> None:
    answer = answered(row(first="2026-05-09", months=[202605, 202607], counts=[4, 31]))

    assert isinstance(answer, Downloads)
    assert answer.history == {"2026-05": 4, "2026-06": 0, "2026-07": 31}
    assert answer.until == date(2026, 8, 10)


@pytest.mark.parametrize("fault", ["404", "403", "500", "502", "reset", "half", "empty", "html"])
def test_a_failure_of_the_service_says_nothing_about_a_project(local: LocalClickHouse, fault: str) -> None:
    local.faults.add(Fault(fault))

    assert isinstance(counts(local.url, "busy")["busy"], Unavailable)


def test_the_password_in_the_address_is_not_told() -> None:
    with Http() as http:
        source = ClickHouse(
            Service(http, Limits(retries=Retries(most=0))), "http://u:s3cret@127.0.0.1:1/?password=s3cret"
        )
        ((count,),) = source.counts(["busy"])

    assert isinstance(count.answer, Unavailable)
    assert "s3cret" not in str(count.answer)


names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)


@given(names)
def test_a_literal_holds_nothing_that_could_end_it(name: str) -> None:
    written = literal(name)

    assert re.fullmatch(r"'(?:[A-Za-z0-9._-]|\\x[0-9A-F]{2})*'", written)


@given(st.lists(names, max_size=50))
def test_a_question_is_the_same_but_for_its_names(asked: list[str]) -> None:
    listed = ", ".join(map(literal, asked))
    text = query(asked)

    assert text.replace(f"[{listed}]", "[]").replace(f"('pip', {listed})", "('pip', )") == query([])


@given(st.lists(st.text(max_size=3000), max_size=60))
def test_batches_hold_every_name_once_in_order_and_fit(asked: list[str]) -> None:
    parted = list(batches(asked))

    assert [name for batch in parted for name in batch] == asked
    assert all(1 <= len(batch) <= MOST_NAMES and len(query(batch)) < 256 * 1024 for batch in parted)


def test_a_project_of_any_name_is_found_by_it() -> None:
    hostile = "x'); drop table y"
    with LocalClickHouse(DownloadTable({hostile: {NEWEST: 2}, "y": {NEWEST: 1}}, NEWEST)) as local:
        answers = counts(local.url, hostile, "y", "'", "\\", "\\'", "a\nb", "{x:String}", "ä")

    found = {name for name, answer in answers.items() if isinstance(answer, Downloads)}
    assert found == {"y", hostile}
    assert len(answers) == 8
