"""The query of `ClickHouseDownloads` on the embedded ClickHouse engine: SQL, join, numbers and limits.

The engine (chdb) has 530 MB: `make clickhouse` installs it outside the environment and runs these tests.
"""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pyf.aggregator.adapters.downloads.clickhouse import ClickHouseDownloads, build_query
from pyf.aggregator.adapters.http.client import HttpClient
from pyf.aggregator.adapters.http.retry import RetryPolicy
from pyf.aggregator.adapters.http.service_client import ServiceClient, ServiceLimits
from pyf.aggregator.domain.downloads import Downloads
from pyf.aggregator.domain.errors import AggregatorError, NotFound, Unavailable
from pyf.aggregator.sandbox.downloads import DownloadTable, LocalClickHouse
from support.clickhouse_engine import Engine
from support.download_sources import DOWNLOADS, EXPECTED_DOWNLOADS, NEWEST

pytestmark = pytest.mark.skipif(
    find_spec("chdb") is None, reason="needs chdb: `make clickhouse` installs it and runs this"
)

NO_LIMITS = "max_rows_to_read = 0, max_result_rows = 0"
MIRRORS = ("bandersnatch", "z3c.pypimirror", "Artifactory", "devpi")
slow_settings = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def session() -> Any:
    return import_module("chdb.session").Session()


@pytest.fixture
def engine(session: Any) -> Iterator[Engine]:
    with Engine(session) as engine:
        yield engine


def fill_table(engine: Engine, table: DownloadTable) -> None:
    engine.replace_rows((name, "1.0", day, "pip", "sdist", count) for name, day, count in table.iter_rows())


def fetch_counts(url: str, *names: str) -> Mapping[str, Downloads | AggregatorError]:
    with HttpClient() as http:
        source = ClickHouseDownloads(ServiceClient(http, ServiceLimits(retries=RetryPolicy(max_retries=0))), url)
        return {count.name: count.outcome for batch in source.fetch_counts(names) for count in batch}


def test_engine_counts_equal_sums(engine: Engine) -> None:
    fill_table(engine, DOWNLOADS)

    assert fetch_counts(engine.url, *EXPECTED_DOWNLOADS) == EXPECTED_DOWNLOADS


def test_engine_project_without_rows_is_not_found(engine: Engine) -> None:
    fill_table(engine, DOWNLOADS)

    outcomes = fetch_counts(engine.url, "nobody", "busy")

    assert isinstance(outcomes["nobody"], NotFound)
    assert outcomes["busy"] == EXPECTED_DOWNLOADS["busy"]


def test_engine_not_found_without_join_setting(engine: Engine) -> None:
    fill_table(engine, DOWNLOADS)
    without = engine.run(build_query(["nobody"]).replace("join_use_nulls = 1", "join_use_nulls = 0"))

    assert '"total": 0' in without  # so this is what an engine would say
    assert '"found": ""' in without  # which differs from a project without recent downloads


def test_engine_sums_without_mirrors(engine: Engine) -> None:
    engine.replace_rows(
        [
            ("flask", version, NEWEST, installer, kind, 1)
            for version in ("1.0", "2.0")
            for installer in ("pip", "uv", "", *MIRRORS)
            for kind in ("sdist", "bdist_wheel")
        ]
        + [("flask", "0.1", date(2020, 1, 1), "bandersnatch", "sdist", 99)]
    )

    outcome = fetch_counts(engine.url, "flask")["flask"]

    assert isinstance(outcome, Downloads)
    assert (outcome.last_day, outcome.total, outcome.history) == (12, 12, {})


def test_engine_project_of_mirrors_is_not_found(engine: Engine) -> None:
    engine.replace_rows([("flask", "1.0", NEWEST, "bandersnatch", "sdist", 5), ("pip", "1", NEWEST, "pip", "sdist", 5)])

    assert isinstance(fetch_counts(engine.url, "flask")["flask"], NotFound)


def test_engine_newest_day_is_of_all_data(engine: Engine) -> None:
    quiet = ("quiet", "1.0", NEWEST - timedelta(10), "pip", "sdist", 7)

    engine.replace_rows([quiet])
    alone = fetch_counts(engine.url, "quiet")["quiet"]
    engine.replace_rows([quiet, ("pip", "1.0", NEWEST, "pip", "sdist", 1)])
    with_others = fetch_counts(engine.url, "quiet")["quiet"]

    assert isinstance(alone, Downloads)
    assert isinstance(with_others, Downloads)
    assert (alone.last_day, alone.newest_day) == (7, NEWEST - timedelta(10))
    assert (with_others.last_day, with_others.last_week, with_others.last_month) == (0, 0, 7)
    assert with_others.newest_day == NEWEST


days = st.dates(date(2024, 11, 20), date(2026, 3, 5))
tables = st.dictionaries(
    st.sampled_from(["a", "b-c", "pip", "z9"]), st.dictionaries(days, st.integers(1, 10**9), min_size=1, max_size=12)
)


@slow_settings
@given(tables)
def test_sandbox_equals_engine(engine: Engine, daily: dict[str, dict[date, int]]) -> None:
    """Covers newest days at the ends of months and years, months without downloads, and old projects."""
    known_names = [day for engine_counts in daily.values() for day in engine_counts]
    table = DownloadTable(daily, max(known_names, default=NEWEST))
    fill_table(engine, table)

    with LocalClickHouse(table) as fake:
        fake_counts = fetch_counts(fake.url, "a", "b-c", "z9", "nobody")
    truth = fetch_counts(engine.url, "a", "b-c", "z9", "nobody")

    assert {name: repr(outcome) for name, outcome in truth.items()} == {
        name: repr(outcome) for name, outcome in fake_counts.items()
    }


@slow_settings
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12), min_size=2, unique=True))
def test_engine_finds_any_name(engine: Engine, names: list[str]) -> None:
    known_names, unknown = names[: len(names) // 2], names[len(names) // 2 :]
    engine.replace_rows((name, "1.0", NEWEST, "pip", "sdist", number) for number, name in enumerate(known_names, 1))

    outcomes = fetch_counts(engine.url, *names)

    assert [outcomes[name].total for name in known_names] == list(range(1, len(known_names) + 1))  # type: ignore[union-attr]
    assert all(isinstance(outcomes[name], NotFound) for name in unknown)


def test_engine_hostile_names(engine: Engine) -> None:
    names = ["'", "\\", "\\'", "')--", "'; DROP TABLE x; --", "{names:Array(String)}", "\x00", "\n", "a'b", "ä", "null"]
    engine.replace_rows((name, "1.0", NEWEST, "pip", "sdist", 1) for name in [*names, "safe"])

    outcomes = fetch_counts(engine.url, *names, "safe")

    assert {outcome.total for outcome in outcomes.values() if isinstance(outcome, Downloads)} == {1}
    assert len(outcomes) == len(names) + 1


@pytest.fixture
def public(engine: Engine) -> Iterator[Engine]:
    """The public server is configured to stop reading and truncate results silently."""
    fill_table(engine, DOWNLOADS)
    engine.run("SET read_overflow_mode = 'break', result_overflow_mode = 'break'")
    yield engine
    engine.run("SET max_rows_to_read = 0, max_result_rows = 0")


@pytest.mark.parametrize("limit", ["max_rows_to_read = 50", "max_result_rows = 1"])
def test_engine_limit_is_an_error(public: Engine, limit: str) -> None:
    public.run(f"SET {limit}, max_block_size = 1")

    outcomes = fetch_counts(public.url, *EXPECTED_DOWNLOADS)
    unwished = public.run(build_query(EXPECTED_DOWNLOADS).replace("'throw'", "'break'"))

    assert all(isinstance(outcome, Unavailable) for outcome in outcomes.values())
    assert "exceeded" in str(outcomes["busy"])
    assert unwished != public.run(
        build_query(EXPECTED_DOWNLOADS).replace("'throw'", "'break'").replace("SETTINGS", f"SETTINGS {NO_LIMITS},")
    )


def test_engine_accepts_largest_batch(engine: Engine) -> None:
    names = [f"a-project-with-a-rather-long-name-{number}" for number in range(1800)]
    engine.replace_rows((name, "1.0", NEWEST, "pip", "sdist", 1) for name in names)

    outcomes = fetch_counts(engine.url, *names)

    assert engine.requests.total == 2
    assert {outcome.total for outcome in outcomes.values() if isinstance(outcome, Downloads)} == {1}
    assert len(outcomes) == 1800
