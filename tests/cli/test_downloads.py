"""`pyfdownloads` as its users see it."""

import re
import signal
from typing import Any

import pytest

from cli.test_progress import terminal
from pyf.aggregator.sample.clickhouse import LocalClickHouse
from pyf.aggregator.sample.faults import Fault
from pyf.aggregator.sample.pypistats import LocalPypistats
from shell import DOWNLOADS, Ended, Shell, wait_until

PLONE = ["collective-one", "collective-two", "plone-api", "plone-volto"]


@pytest.fixture
def plone(counted: Shell) -> Shell:
    """A user with a collection of Plone; nobody counts one of its packages, plone.volto."""
    counted.call("-f", "-p", "plone")
    return counted


def count(shell: Shell, *arguments: str, **settings: Any) -> Ended:
    return shell.call(*arguments, command="pyfdownloads", **settings)


def shown(shell: Shell, name: str) -> dict[str, Any]:
    """Return the downloads that `--show` shows of every release, which must agree."""
    releases: Any = shell.call("--show", name, "-p", "plone", "--all-versions").report
    first, *others = ({key: value for key, value in each.items() if key.startswith("download_")} for each in releases)
    assert all(other == first for other in others)
    return first


def test_counts_reach_every_release(plone: Shell) -> None:
    ended = count(plone, "-p", "plone", "--json")

    assert ended.code == 0
    report = ended.report
    assert (report["action"], report["collection"], report["error"]) == ("downloads", "plone", None)
    assert (report["found"], report["enriched"], report["remembered"], report["requests"]) == (4, 3, 0, 4)
    assert report["missing"] == ["plone-volto"]
    assert "404" in report["reasons"]["plone-volto"]
    counts = shown(plone, "plone.api")
    assert (counts["download_last_day"], counts["download_last_week"], counts["download_last_month"]) == (10, 70, 300)
    assert "download_total" not in counts
    assert list(counts["download_history"].values()) == [300]
    assert "download_last_day" not in shown(plone, "plone.volto")


def test_clickhouse_knows_totals_and_a_year_by_month(plone: Shell, clickhouse: LocalClickHouse) -> None:
    ended = count(plone, "-p", "plone", "--source", "clickhouse", "--json")

    assert (ended.code, ended.report["requests"], clickhouse.requests.total) == (0, 1, 1)
    counts = shown(plone, "plone.api")
    assert counts["download_total"] == 5000
    assert counts["download_source"] == "clickhouse"
    assert set(list(counts["download_history"].values())[:12]) <= {280, 290, 300, 310}
    assert len(counts["download_history"]) in (12, 13)


def test_an_option_beats_the_setting(plone: Shell, pypistats: LocalPypistats, clickhouse: LocalClickHouse) -> None:
    count(plone, "-p", "plone", "--source", "pypistats", downloads_source="clickhouse")

    assert (pypistats.requests.total, clickhouse.requests.total) == (4, 0)


def test_the_report_is_a_table_that_names_what_is_missing(plone: Shell) -> None:
    ended = count(plone, "-p", "plone")

    assert re.search(r"enriched +│ 3 ", ended.out)
    assert re.search(r"missing +│ 1 ", ended.out)
    assert "missing: plone-volto: GET http://127.0.0.1" in ended.err
    assert ended.err.startswith("Index: sqlite ")


def test_a_limit_takes_the_stalest(plone: Shell, pypistats: LocalPypistats) -> None:
    first = count(plone, "-p", "plone", "-l", "2", "--json").report
    second = count(plone, "-p", "plone", "-l", "2", "--json").report

    asked = [request.path.split("/")[3] for request in pypistats.requests.log]
    assert sorted(asked) == PLONE
    assert (first["found"], second["found"]) == (2, 2)


def test_a_second_run_asks_nothing_unless_all_are_wished(plone: Shell, pypistats: LocalPypistats) -> None:
    count(plone, "-p", "plone")
    pypistats.requests.clear()

    again = count(plone, "-p", "plone", "--json")
    assert (again.report["remembered"], again.report["missing"], pypistats.requests.total) == (3, ["plone-volto"], 0)
    assert "--all does it all the same" in again.err

    count(plone, "-p", "plone", "--all")
    assert pypistats.requests.total == 4


def test_a_dry_run_says_what_would_be_asked(plone: Shell, pypistats: LocalPypistats) -> None:
    ended = count(plone, "-p", "plone", "--dry-run")

    assert (ended.code, pypistats.requests.total) == (0, 0)
    assert "would ask pypistats about 4 projects, in 4 requests" in ended.err


@pytest.mark.parametrize(
    ("arguments", "delay", "line"),
    [
        ([], 0, "Counting 4 packages with pypistats, 4 requests."),
        ([], 0.25, "Counting 4 packages with pypistats, 4 requests at 234 a minute: about 1 s."),
        (["--source", "clickhouse"], 2, "Counting 4 packages with clickhouse, 1 request."),
    ],
)
def test_how_long_it_takes_is_said_before(plone: Shell, arguments: list[str], delay: float, line: str) -> None:
    ended = count(plone, "-p", "plone", *arguments, pypistats_rate_limit_delay=delay)

    assert line in ended.err.splitlines()


def test_where_it_takes_long_the_quick_source_is_named(plone: Shell) -> None:
    with plone.start("-p", "plone", module=DOWNLOADS, pypistats_rate_limit_delay=3600) as run:
        assert run.stderr is not None
        run.stderr.readline()
        line = run.stderr.readline()

    assert line == (
        "Counting 4 packages with pypistats, 4 requests: about 4 h 6 min. With --source clickhouse it is 1 request.\n"
    )


def test_a_terminal_shows_how_far_it_is(plone: Shell, pypistats: LocalPypistats) -> None:
    pypistats.latency = 0.1

    with (
        terminal() as (stderr, screen),
        plone.start("-p", "plone", "--json", module=DOWNLOADS, stderr=stderr, term="xterm-256color") as run,
    ):
        out, _ = run.communicate(timeout=60)

    assert Ended(run.returncode, out, "").report["enriched"] == 3
    assert "Counting 4 packages with pypistats, 4 requests." in screen.text
    assert re.search(r"counting .*4/4", screen.text)


def test_packages_that_fail_are_named_and_keep_their_counts(plone: Shell, pypistats: LocalPypistats) -> None:
    count(plone, "-p", "plone")
    before = shown(plone, "plone.api")
    pypistats.faults.add(Fault("503", project="plone-api"))

    ended = count(plone, "-p", "plone", "--all", "--json")

    assert (ended.code, ended.report["failed"], ended.report["enriched"]) == (3, ["plone-api"], 2)
    assert "failed: plone-api: GET http://127.0.0.1" in ended.err
    assert shown(plone, "plone.api") == before


@pytest.mark.parametrize("source", ["pypistats", "clickhouse"])
def test_a_source_that_is_down_is_exit_code_4_and_one_line(
    plone: Shell, pypistats: LocalPypistats, clickhouse: LocalClickHouse, source: str
) -> None:
    count(plone, "-p", "plone", "--source", source)
    before = shown(plone, "plone.api")
    pypistats.faults.add(Fault("503"))
    clickhouse.refusal_text = "Code: 201. DB::Exception: Quota has been exceeded (QUOTA_EXCEEDED)"

    ended = count(plone, "-p", "plone", "--source", source, "--all")

    assert ended.code == 4
    assert ended.error.startswith(f"{source} does not answer: ")
    assert ("Quota has been exceeded" in ended.error) == (source == "clickhouse")
    assert shown(plone, "plone.api") == before


def test_a_collection_that_is_not_there_is_one_line_with_the_command_to_run(counted: Shell) -> None:
    ended = count(counted, "-p", "django")

    assert (ended.code, ended.out) == (2, "")
    assert ended.error == "there is no collection django yet: fill it first with pyfaggregator -f -p django"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "Which collection?"),
        (["-p", "rails"], "there is no profile 'rails'"),
        (["-p", "flask", "-l", "0"], "0 is not in the range"),
        (["-p", "flask", "--source", "stars"], "'stars' is not one of 'pypistats', 'clickhouse'"),
    ],
)
def test_wrong_usage_is_one_line(counted: Shell, pypistats: LocalPypistats, arguments: list[str], said: str) -> None:
    ended = count(counted, *arguments)

    assert (ended.code, ended.out, pypistats.requests.total) == (2, "", 0)
    assert said in ended.error


def test_the_default_profile_is_used_and_a_target_beats_it(counted: Shell) -> None:
    by_default = count(counted, "--json", default_profile="flask")
    by_target = count(counted, "-t", "flask", "--json")

    assert (by_default.report["collection"], by_target.report["collection"]) == ("flask", "flask")


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_run_that_is_interrupted_loses_nothing_and_is_gone_on_with(
    plone: Shell, pypistats: LocalPypistats, how: signal.Signals
) -> None:
    pypistats.faults.add(Fault("timeout", project="plone-api"))
    with plone.start("-p", "plone", module=DOWNLOADS) as run:
        wait_until(lambda: pypistats.requests.total == 4)
        wait_until(lambda: "download_last_day" in shown(plone, "collective.two"))
        run.send_signal(how)
        _, err = run.communicate(timeout=30)
    pypistats.faults.clear()
    pypistats.requests.clear()

    ended = count(plone, "-p", "plone", "--json")

    assert "Traceback" not in err
    assert run.returncode == (130 if how is signal.SIGINT else -signal.SIGKILL)
    assert [request.path.split("/")[3] for request in pypistats.requests.log][-1] == "plone-api"
    assert pypistats.requests.total <= 2  # plone.volto's 404 may not have been written yet
    assert ended.report["enriched"] == 3


def test_a_rebuilt_collection_has_the_counts_of_the_former_one(plone: Shell, pypistats: LocalPypistats) -> None:
    count(plone, "-p", "plone", "--source", "clickhouse")
    before = shown(plone, "plone.api")

    plone.call("-f", "-p", "plone", "--recreate-collection")

    assert shown(plone, "plone.api") == before


def test_a_package_in_two_collections_is_asked_about_once(plone: Shell, pypistats: LocalPypistats) -> None:
    plone.call("-f", "-p", "plone", "-t", "mine")
    count(plone, "-p", "plone")
    pypistats.requests.clear()

    ended = count(plone, "-t", "mine", "--json")

    assert (ended.report["remembered"], pypistats.requests.total) == (3, 1)
