"""`pyfdownloads` with local sources of counts."""

import re
import signal
from typing import Any

import pytest

from pyf.aggregator.sandbox.downloads import LocalClickHouse, LocalPypistats
from pyf.aggregator.sandbox.faults import Fault
from support.cli_runner import DOWNLOADS, CommandRunner, CompletedCommand
from support.terminal import open_terminal
from support.waiting import wait_until

PLONE = ["collective-one", "collective-two", "plone-api", "plone-volto"]


@pytest.fixture
def plone(counting_shell: CommandRunner) -> CommandRunner:
    """A runner with a Plone collection; no source counts plone.volto."""
    counting_shell.invoke("-f", "-p", "plone")
    return counting_shell


def run_downloads(shell: CommandRunner, *arguments: str, **settings: Any) -> CompletedCommand:
    return shell.invoke(*arguments, command="pyfdownloads", **settings)


def read_downloads(shell: CommandRunner, name: str) -> dict[str, Any]:
    """Return the downloads that `--show` shows of every release, which must agree."""
    releases: Any = shell.invoke("--show", name, "-p", "plone", "--all-versions").report
    first, *other_releases = (
        {key: value for key, value in release_fields.items() if key.startswith("download_")}
        for release_fields in releases
    )
    assert all(release == first for release in other_releases)
    return first


def test_counts_are_written_to_every_release(plone: CommandRunner) -> None:
    result = run_downloads(plone, "-p", "plone", "--json")

    assert result.code == 0
    report = result.report
    assert (report["action"], report["collection"], report["error"]) == ("downloads", "plone", None)
    assert (report["found"], report["enriched"], report["cached"], report["requests"]) == (4, 3, 0, 4)
    assert report["missing"] == ["plone-volto"]
    assert "404" in report["reasons"]["plone-volto"]
    counts = read_downloads(plone, "plone.api")
    assert (counts["download_last_day"], counts["download_last_week"], counts["download_last_month"]) == (10, 70, 300)
    assert "download_total" not in counts
    assert list(counts["download_history"].values()) == [300]
    assert "download_last_day" not in read_downloads(plone, "plone.volto")


def test_clickhouse_provides_totals_and_monthly_history(plone: CommandRunner, clickhouse: LocalClickHouse) -> None:
    result = run_downloads(plone, "-p", "plone", "--source", "clickhouse", "--json")

    assert (result.code, result.report["requests"], clickhouse.requests.total) == (0, 1, 1)
    counts = read_downloads(plone, "plone.api")
    assert counts["download_total"] == 5000
    assert counts["download_source"] == "clickhouse"
    assert set(list(counts["download_history"].values())[:12]) <= {280, 290, 300, 310}
    assert len(counts["download_history"]) in (12, 13)


def test_source_option_overrides_setting(
    plone: CommandRunner, pypistats: LocalPypistats, clickhouse: LocalClickHouse
) -> None:
    run_downloads(plone, "-p", "plone", "--source", "pypistats", downloads_source="clickhouse")

    assert (pypistats.requests.total, clickhouse.requests.total) == (4, 0)


def test_report_table_lists_missing_packages(plone: CommandRunner) -> None:
    result = run_downloads(plone, "-p", "plone")

    assert re.search(r"enriched +│ 3 ", result.out)
    assert re.search(r"missing +│ 1 ", result.out)
    assert "missing: plone-volto: GET http://127.0.0.1" in result.err
    assert result.err.startswith("Index: sqlite ")


def test_limit_selects_oldest_counts_first(plone: CommandRunner, pypistats: LocalPypistats) -> None:
    first = run_downloads(plone, "-p", "plone", "-l", "2", "--json").report
    second = run_downloads(plone, "-p", "plone", "-l", "2", "--json").report

    requested_names = [request.path.split("/")[3] for request in pypistats.requests.log]
    assert sorted(requested_names) == PLONE
    assert (first["found"], second["found"]) == (2, 2)


def test_second_run_requests_nothing_without_all(plone: CommandRunner, pypistats: LocalPypistats) -> None:
    run_downloads(plone, "-p", "plone")
    pypistats.requests.clear()

    repeated = run_downloads(plone, "-p", "plone", "--json")
    assert (repeated.report["cached"], repeated.report["missing"], pypistats.requests.total) == (
        3,
        ["plone-volto"],
        0,
    )
    assert "To request them again, pass --all." in repeated.err

    run_downloads(plone, "-p", "plone", "--all")
    assert pypistats.requests.total == 4


def test_dry_run_prints_estimate(plone: CommandRunner, pypistats: LocalPypistats) -> None:
    result = run_downloads(plone, "-p", "plone", "--dry-run")

    assert (result.code, pypistats.requests.total) == (0, 0)
    assert "would request 4 packages from pypistats, in 4 requests" in result.err


@pytest.mark.parametrize(
    ("arguments", "delay", "line"),
    [
        ([], 0, "Counting 4 packages with pypistats, 4 requests."),
        ([], 0.25, "Counting 4 packages with pypistats, 4 requests at 234 a minute: about 1 s."),
        (["--source", "clickhouse"], 2, "Counting 4 packages with clickhouse, 1 request."),
    ],
)
def test_estimate_is_printed_before_the_run(
    plone: CommandRunner, arguments: list[str], delay: float, line: str
) -> None:
    result = run_downloads(plone, "-p", "plone", *arguments, pypistats_rate_limit_delay=delay)

    assert line in result.err.splitlines()


def test_long_run_suggests_clickhouse(plone: CommandRunner) -> None:
    with plone.start("-p", "plone", module=DOWNLOADS, pypistats_rate_limit_delay=3600) as run:
        assert run.stderr is not None
        run.stderr.readline()
        line = run.stderr.readline()

    assert line == (
        "Counting 4 packages with pypistats, 4 requests: about 4 h 6 min. With --source clickhouse it is 1 request.\n"
    )


def test_progress_bar_on_terminal(plone: CommandRunner, pypistats: LocalPypistats) -> None:
    pypistats.latency = 0.1

    with (
        open_terminal() as (stderr, screen),
        plone.start("-p", "plone", "--json", module=DOWNLOADS, stderr=stderr, term="xterm-256color") as run,
    ):
        out, _ = run.communicate(timeout=60)

    assert CompletedCommand(run.returncode, out, "").report["enriched"] == 3
    # The notice is a line of its own above the bar.
    assert "\x1b[2KCounting 4 packages with pypistats, 4 requests.\r\n" in screen.text
    assert "PyPI" not in screen.text
    assert re.search(r"pypistats: package 4 of 4", screen.text)


def test_failed_packages_are_listed_and_keep_counts(plone: CommandRunner, pypistats: LocalPypistats) -> None:
    run_downloads(plone, "-p", "plone")
    before = read_downloads(plone, "plone.api")
    pypistats.faults.add(Fault("503", project="plone-api"))

    result = run_downloads(plone, "-p", "plone", "--all", "--json")

    assert (result.code, result.report["failed"], result.report["enriched"]) == (3, ["plone-api"], 2)
    assert "failed: plone-api: GET http://127.0.0.1" in result.err
    assert read_downloads(plone, "plone.api") == before


@pytest.mark.parametrize("source", ["pypistats", "clickhouse"])
def test_unavailable_source_exits_4(
    plone: CommandRunner, pypistats: LocalPypistats, clickhouse: LocalClickHouse, source: str
) -> None:
    run_downloads(plone, "-p", "plone", "--source", source)
    before = read_downloads(plone, "plone.api")
    pypistats.faults.add(Fault("503"))
    clickhouse.error_text = "Code: 201. DB::Exception: Quota has been exceeded (QUOTA_EXCEEDED)"

    result = run_downloads(plone, "-p", "plone", "--source", source, "--all")

    assert result.code == 4
    assert result.error.startswith(f"{source} does not respond: ")
    assert ("Quota has been exceeded" in result.error) == (source == "clickhouse")
    assert read_downloads(plone, "plone.api") == before


def test_missing_collection_is_one_line_error(counting_shell: CommandRunner) -> None:
    result = run_downloads(counting_shell, "-p", "django")

    assert (result.code, result.out) == (2, "")
    assert result.error == "Collection django does not exist. Create it with: pyf fetch -p django"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Which collection?"),
        (["-p", "rails"], "there is no profile 'rails'"),
        (["-p", "flask", "-l", "0"], "0 is not in the range"),
        (["-p", "flask", "--source", "stars"], "'stars' is not one of 'pypistats', 'clickhouse'"),
    ],
)
def test_usage_error_is_one_line(
    counting_shell: CommandRunner, pypistats: LocalPypistats, arguments: list[str], message: str
) -> None:
    result = run_downloads(counting_shell, *arguments)

    assert (result.code, result.out, pypistats.requests.total) == (2, "", 0)
    assert message in result.error


def test_default_profile_and_target_override(counting_shell: CommandRunner) -> None:
    by_default = run_downloads(counting_shell, "--json", default_profile="flask")
    by_target = run_downloads(counting_shell, "-t", "flask", "--json")

    assert (by_default.report["collection"], by_target.report["collection"]) == ("flask", "flask")


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_interrupted_run_is_resumed(plone: CommandRunner, pypistats: LocalPypistats, how: signal.Signals) -> None:
    pypistats.faults.add(Fault("timeout", project="plone-api"))
    with plone.start("-p", "plone", module=DOWNLOADS) as run:
        wait_until(lambda: pypistats.requests.total == 4)
        wait_until(lambda: "download_last_day" in read_downloads(plone, "collective.two"))
        run.send_signal(how)
        _, err = run.communicate(timeout=30)
    pypistats.faults.clear()
    pypistats.requests.clear()

    result = run_downloads(plone, "-p", "plone", "--json")

    assert "Traceback" not in err
    assert run.returncode == (130 if how is signal.SIGINT else -signal.SIGKILL)
    assert [request.path.split("/")[3] for request in pypistats.requests.log][-1] == "plone-api"
    assert pypistats.requests.total <= 2  # plone.volto's 404 may not have been written yet
    assert result.report["enriched"] == 3


def test_rebuild_copies_counts(plone: CommandRunner, pypistats: LocalPypistats) -> None:
    run_downloads(plone, "-p", "plone", "--source", "clickhouse")
    before = read_downloads(plone, "plone.api")

    plone.invoke("-f", "-p", "plone", "--recreate-collection")

    assert read_downloads(plone, "plone.api") == before


def test_counts_are_shared_between_collections(plone: CommandRunner, pypistats: LocalPypistats) -> None:
    plone.invoke("-f", "-p", "plone", "-t", "mine")
    run_downloads(plone, "-p", "plone")
    pypistats.requests.clear()

    result = run_downloads(plone, "-t", "mine", "--json")

    assert (result.report["cached"], pypistats.requests.total) == (3, 1)
