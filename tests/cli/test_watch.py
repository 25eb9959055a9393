"""`--watch`: one process keeps a collection current until a signal ends it."""

import signal
from collections.abc import Iterator
from datetime import date
from functools import partial
from subprocess import Popen
from typing import Any

import msgspec
import pytest

from pyf.aggregator.cli.actions.watching import RecurringRun
from pyf.aggregator.domain.errors import Invalid, Unavailable
from pyf.aggregator.domain.schedule import Schedule
from pyf.aggregator.sandbox.downloads import DownloadTable, LocalPypistats
from pyf.aggregator.sandbox.faults import Fault
from pyf.aggregator.sandbox.github import LocalGitHub
from pyf.aggregator.sandbox.github_fixtures import HostedRepository
from pyf.aggregator.sandbox.pypi import LocalPyPI
from pyf.aggregator.usecases.report import EnrichmentReport, IngestReport, RunReport
from support.cli_runner import CommandRunner
from support.waiting import wait_until

DAY = 86_400
SUNDAY = 1_795_305_600  # 2026-11-22, midnight


@pytest.fixture
def filled_shell(shell: CommandRunner) -> CommandRunner:
    """A user whose collection of Flask is up to date."""
    shell.invoke("-f", "-p", "flask")
    return shell


def read_lines(process: Popen[str]) -> Iterator[str]:
    """Yield the lines of stderr as they come."""
    assert process.stderr is not None
    return (line.rstrip("\n") for line in process.stderr)


def send_signal(process: Popen[str], how: signal.Signals = signal.SIGINT) -> tuple[str, str]:
    process.send_signal(how)
    return process.communicate(timeout=30)


def test_each_round_prints_one_line(filled_shell: CommandRunner, pypi: LocalPyPI) -> None:
    with filled_shell.start("--watch", "--interval", "1", "-p", "flask") as watch:
        lines = read_lines(watch)
        assert next(lines).startswith("Index: ")
        assert next(lines).startswith("Watching, with pauses of 1 s; next scores: ")
        assert next(lines).startswith("flask: indexed 0, removed 0, failed 0, requests ")
        pypi.registry.publish("flask-late", "1.0", info={"classifiers": ["Framework :: Flask"]})
        assert any(line.startswith("flask: indexed 1, removed 0, failed 0, requests ") for line in lines)
        out, _ = send_signal(watch)

    assert (watch.returncode, out) == (0, "")
    assert filled_shell.list_names("flask") == ["flask-late", "flask-thing"]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("in_a_round", [True, False])
def test_signal_ends_watch_cleanly(
    filled_shell: CommandRunner, pypi: LocalPyPI, how: signal.Signals, in_a_round: bool
) -> None:
    if in_a_round:
        pypi.faults.add(Fault("timeout", request="last_serial"))

    with filled_shell.start("--watch", "-p", "flask") as watch:
        lines = read_lines(watch)
        assert [next(lines).partition(" ")[0] for _ in range(2)] == ["Index:", "Watching,"]
        if in_a_round:
            wait_until(lambda: pypi.faults.hits["timeout"])
        else:
            assert next(lines).startswith("flask: ")
        _, err = send_signal(watch, how)

    assert (watch.returncode, err.strip()) == (0, "Stopped.")


def test_outage_is_retried(filled_shell: CommandRunner, pypi: LocalPyPI) -> None:
    pypi.faults.add(Fault("503"))

    with filled_shell.start("--watch", "--interval", "1", "-p", "flask", pypi_max_retries=0) as watch:
        wait_until(lambda: pypi.faults.hits["503"] >= 2)
        pypi.faults.clear()
        pypi.registry.publish("flask-late", "1.0", info={"classifiers": ["Framework :: Flask"]})
        wait_until(lambda: "flask-late" in filled_shell.list_names("flask"))
        _, err = send_signal(watch)

    assert watch.returncode == 0
    assert "503" in err


def test_json_lines(filled_shell: CommandRunner) -> None:
    with filled_shell.start("--watch", "--interval", "1", "-p", "flask", "--json") as watch:
        assert watch.stdout is not None
        reports = [msgspec.json.decode(watch.stdout.readline()) for _ in range(2)]
        send_signal(watch)

    assert [(report["collection"], report["indexed"], report["error"]) for report in reports] == [
        ("flask", 0, None)
    ] * 2


def test_missing_collection_ends_watch(shell: CommandRunner) -> None:
    result = shell.run("--watch", "-p", "flask")

    assert result.code == 2
    assert result.error == "Collection flask does not exist. Create it with: pyf fetch -p flask"


def test_closed_pipe_ends_watch(filled_shell: CommandRunner) -> None:
    with filled_shell.start("--watch", "--interval", "1", "-p", "flask", "--json") as watch:
        assert watch.stdout is not None
        watch.stdout.close()
        assert watch.wait(timeout=60) == 141


def build_recurring_run(schedule: str, clock: Iterator[float], *reports: RunReport) -> RecurringRun:
    """Return a run that gives these reports, one after the other."""
    return RecurringRun("refresh", Schedule(schedule), partial(next, iter(reports)), now=partial(next, clock))


def test_run_if_due_runs_once_per_schedule() -> None:
    report = IngestReport("refresh", "flask")
    week = 7 * DAY
    refresh = build_recurring_run(
        "0 2 * * 0", iter([SUNDAY, SUNDAY + 7199, SUNDAY + 3 * week, SUNDAY + 3 * week + 9000]), report
    )

    assert str(refresh) == "next refresh: 2026-11-22 02:00 UTC"
    assert refresh.run_if_due() is None
    assert refresh.run_if_due() is report
    assert str(refresh) == "next refresh: 2026-12-20 02:00 UTC"


def test_run_if_due_retries_after_outage() -> None:
    outage = IngestReport("refresh", "flask", error=Unavailable("503"))
    report = IngestReport("refresh", "flask")
    refresh = build_recurring_run(
        "0 2 * * 0", iter([SUNDAY, SUNDAY + DAY, SUNDAY + DAY + 1, SUNDAY + DAY + 2]), outage, report
    )

    assert refresh.run_if_due() is outage
    assert refresh.run_if_due() is report


def test_run_if_due_waits_after_other_failure() -> None:
    """A token that GitHub does not take is no better five minutes later."""
    failure = IngestReport("refresh", "flask", error=Invalid("GITHUB_TOKEN"))
    refresh = build_recurring_run("0 2 * * 0", iter([SUNDAY, SUNDAY + DAY, SUNDAY + DAY]), failure)

    assert refresh.run_if_due() is failure
    assert str(refresh) == "next refresh: 2026-11-29 02:00 UTC"


def test_empty_schedule_is_never_due() -> None:
    refresh = build_recurring_run("", iter([SUNDAY, SUNDAY + 9999 * DAY]))

    assert str(refresh) == "next refresh: never"
    assert refresh.run_if_due() is None


def test_run_if_due_continues_deferred_work() -> None:
    """pypistats takes an hour for two thousand packages: it gets its time in turns."""
    partial_report = EnrichmentReport("downloads", "flask", deferred=["flask-thing"])
    rest = EnrichmentReport("downloads", "flask")
    downloads = build_recurring_run(
        "0 4 * * 0", iter([SUNDAY, SUNDAY + DAY, SUNDAY + DAY + 1, SUNDAY + DAY + 2]), partial_report, rest
    )

    assert downloads.run_if_due() is partial_report
    assert downloads.run_if_due() is rest


@pytest.mark.slow
def test_schedules_run_all_enrichments(filled_shell: CommandRunner) -> None:
    """The shortest schedule is a minute's."""
    names = ("weekly_refresh", "monthly_fetch", "weekly_downloads", "weekly_github", "nightly_scores")
    minutely: dict[str, Any] = {f"celery_schedule_{name}": "* * * * *" for name in names}
    awaited = {f"flask, {action}: " for action in ("refresh", "fetch", "downloads", "repositories", "score")}
    counts = DownloadTable({"flask-thing": {date(2026, 11, 1): 7}}, newest=date(2026, 11, 1))
    with LocalGitHub([HostedRepository(path="o/flask-thing", stars=86)]) as github, LocalPypistats(counts) as pypistats:
        deps = {"github_api_url": github.url, "github_token": github.token, "pypistats_base_url": pypistats.url}

        with filled_shell.start("--watch", "--interval", "1", "-p", "flask", **minutely, **deps) as watch:
            for line in read_lines(watch):
                awaited -= {beginning for beginning in awaited if line.startswith(beginning)}
                if not awaited:
                    break
            send_signal(watch)

    assert (watch.returncode, awaited) == (0, set())
    document = filled_shell.invoke("-p", "flask", "--show", "flask-thing").report
    assert (document["download_last_day"], document["health_model"]) == (7, "full")


def test_run_if_due_ignores_a_due_time_of_a_clock_in_the_future() -> None:
    start = 1_800_000_000.0
    run = build_recurring_run(
        "0 3 * * *", iter([start + 100 * 86_400, start, start + 86_400, start + 86_400]), RunReport("refresh", "")
    )

    assert run.run_if_due() is None
    assert run.run_if_due() is not None
