"""The question that ClickHouse is asked, put to the same engine: its SQL, its join, its numbers and its limits.

The engine (chdb) brings half a gigabyte with it: `make clickhouse` installs it beside the environment and runs this.
"""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.clickhouse_engine import Engine
from download_sources import NEWEST, TABLE, TRUTH
from pyf.aggregator.adapters.downloads import ClickHouse
from pyf.aggregator.adapters.downloads.clickhouse_query import query
from pyf.aggregator.adapters.http import Http
from pyf.aggregator.adapters.retry import Retries
from pyf.aggregator.adapters.service import Limits, Service
from pyf.aggregator.domain.downloads import Downloads
from pyf.aggregator.domain.errors import AggregatorError, NotFound, Unavailable
from pyf.aggregator.sample.clickhouse import LocalClickHouse
from pyf.aggregator.sample.download_table import DownloadTable

pytestmark = pytest.mark.skipif(
    find_spec("chdb") is None, reason="needs chdb: `make clickhouse` installs it and runs this"
)

FREE = "max_rows_to_read = 0, max_result_rows = 0"
MIRRORS = ("bandersnatch", "z3c.pypimirror", "Artifactory", "devpi")
slowly = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def session() -> Any:
    return import_module("chdb.session").Session()


@pytest.fixture
def engine(session: Any) -> Iterator[Engine]:
    with Engine(session) as engine:
        yield engine


def held(engine: Engine, table: DownloadTable) -> None:
    engine.hold((name, "1.0", day, "pip", "sdist", count) for name, day, count in table.rows())


def counts(url: str, *names: str) -> Mapping[str, Downloads | AggregatorError]:
    with Http() as http:
        source = ClickHouse(Service(http, Limits(retries=Retries(most=0))), url)
        return {count.name: count.answer for batch in source.counts(names) for count in batch}


def test_counts_are_those_that_the_rows_add_up_to(engine: Engine) -> None:
    held(engine, TABLE)

    assert counts(engine.url, *TRUTH) == TRUTH


def test_a_project_without_rows_is_not_found_and_not_zero(engine: Engine) -> None:
    held(engine, TABLE)

    answers = counts(engine.url, "nobody", "busy")

    assert isinstance(answers["nobody"], NotFound)
    assert answers["busy"] == TRUTH["busy"]


def test_that_does_not_hang_on_one_setting(engine: Engine) -> None:
    held(engine, TABLE)
    without = engine.run(query(["nobody"]).replace("join_use_nulls = 1", "join_use_nulls = 0"))

    assert '"total": 0' in without  # so this is what an engine would say
    assert '"found": ""' in without  # and this is how it is told from a project without recent downloads


def test_versions_installers_and_kinds_of_files_are_added_up_and_mirrors_left_out(engine: Engine) -> None:
    engine.hold(
        [
            ("flask", version, NEWEST, installer, kind, 1)
            for version in ("1.0", "2.0")
            for installer in ("pip", "uv", "", *MIRRORS)
            for kind in ("sdist", "bdist_wheel")
        ]
        + [("flask", "0.1", date(2020, 1, 1), "bandersnatch", "sdist", 99)]
    )

    answer = counts(engine.url, "flask")["flask"]

    assert isinstance(answer, Downloads)
    assert (answer.last_day, answer.total, answer.history) == (12, 12, {})


def test_a_project_that_only_mirrors_fetch_is_not_found(engine: Engine) -> None:
    engine.hold([("flask", "1.0", NEWEST, "bandersnatch", "sdist", 5), ("pip", "1", NEWEST, "pip", "sdist", 5)])

    assert isinstance(counts(engine.url, "flask")["flask"], NotFound)


def test_the_newest_day_is_that_of_the_data_and_not_of_a_quiet_project(engine: Engine) -> None:
    quiet = ("quiet", "1.0", NEWEST - timedelta(10), "pip", "sdist", 7)

    engine.hold([quiet])
    alone = counts(engine.url, "quiet")["quiet"]
    engine.hold([quiet, ("pip", "1.0", NEWEST, "pip", "sdist", 1)])
    with_others = counts(engine.url, "quiet")["quiet"]

    assert isinstance(alone, Downloads)
    assert isinstance(with_others, Downloads)
    assert (alone.last_day, alone.until) == (7, NEWEST - timedelta(10))
    assert (with_others.last_day, with_others.last_week, with_others.last_month) == (0, 0, 7)
    assert with_others.until == NEWEST


days = st.dates(date(2024, 11, 20), date(2026, 3, 5))
tables = st.dictionaries(
    st.sampled_from(["a", "b-c", "pip", "z9"]), st.dictionaries(days, st.integers(1, 10**9), min_size=1, max_size=12)
)


@slowly
@given(tables)
def test_the_stand_in_answers_as_the_engine_does(engine: Engine, daily: dict[str, dict[date, int]]) -> None:
    """Newest days at the ends of months and years, months without downloads, projects that ended long ago."""
    known = [day for counted in daily.values() for day in counted]
    table = DownloadTable(daily, max(known, default=NEWEST))
    held(engine, table)

    with LocalClickHouse(table) as stand_in:
        told = counts(stand_in.url, "a", "b-c", "z9", "nobody")
    truth = counts(engine.url, "a", "b-c", "z9", "nobody")

    assert {name: repr(answer) for name, answer in truth.items()} == {
        name: repr(answer) for name, answer in told.items()
    }


@slowly
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12), min_size=2, unique=True))
def test_whatever_is_in_a_name_it_is_asked_for_and_answered(engine: Engine, names: list[str]) -> None:
    known, unknown = names[: len(names) // 2], names[len(names) // 2 :]
    engine.hold((name, "1.0", NEWEST, "pip", "sdist", number) for number, name in enumerate(known, 1))

    answers = counts(engine.url, *names)

    assert [answers[name].total for name in known] == list(range(1, len(known) + 1))  # type: ignore[union-attr]
    assert all(isinstance(answers[name], NotFound) for name in unknown)


def test_hostile_names_break_out_of_nothing(engine: Engine) -> None:
    names = ["'", "\\", "\\'", "')--", "'; DROP TABLE x; --", "{names:Array(String)}", "\x00", "\n", "a'b", "ä", "null"]
    engine.hold((name, "1.0", NEWEST, "pip", "sdist", 1) for name in [*names, "safe"])

    answers = counts(engine.url, *names, "safe")

    assert {answer.total for answer in answers.values() if isinstance(answer, Downloads)} == {1}
    assert len(answers) == len(names) + 1


@pytest.fixture
def public(engine: Engine) -> Iterator[Engine]:
    """A server that breaks reading off and cuts results without a word, as the public one is set up."""
    held(engine, TABLE)
    engine.run("SET read_overflow_mode = 'break', result_overflow_mode = 'break'")
    yield engine
    engine.run("SET max_rows_to_read = 0, max_result_rows = 0")


@pytest.mark.parametrize("limit", ["max_rows_to_read = 50", "max_result_rows = 1"])
def test_a_limit_of_the_server_is_a_failure_and_not_a_smaller_number(public: Engine, limit: str) -> None:
    public.run(f"SET {limit}, max_block_size = 1")

    answers = counts(public.url, *TRUTH)
    unwished = public.run(query(TRUTH).replace("'throw'", "'break'"))

    assert all(isinstance(answer, Unavailable) for answer in answers.values())
    assert "exceeded" in str(answers["busy"])
    assert unwished != public.run(query(TRUTH).replace("'throw'", "'break'").replace("SETTINGS", f"SETTINGS {FREE},"))


def test_as_many_names_as_a_question_may_hold_are_answered(engine: Engine) -> None:
    names = [f"a-project-with-a-rather-long-name-{number}" for number in range(1800)]
    engine.hold((name, "1.0", NEWEST, "pip", "sdist", 1) for name in names)

    answers = counts(engine.url, *names)

    assert engine.requests.total == 2
    assert {answer.total for answer in answers.values() if isinstance(answer, Downloads)} == {1}
    assert len(answers) == 1800
