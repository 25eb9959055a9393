"""`--watch`: one process that keeps a collection up, and ends when it is told to."""

import signal
from collections.abc import Iterator
from datetime import date
from functools import partial
from subprocess import Popen
from typing import Any

import msgspec
import pytest

from pyf.aggregator.cli.watch import Recurring
from pyf.aggregator.domain.errors import Invalid, Unavailable
from pyf.aggregator.domain.schedule import Schedule
from pyf.aggregator.sample.download_table import DownloadTable
from pyf.aggregator.sample.faults import Fault
from pyf.aggregator.sample.github import LocalGitHub
from pyf.aggregator.sample.hosted import Hosted
from pyf.aggregator.sample.pypistats import LocalPypistats
from pyf.aggregator.sample.services import LocalPyPI
from pyf.aggregator.usecases.report import EnrichmentReport, Report, RunReport
from shell import Shell, wait_until

DAY = 86_400
SUNDAY = 1_795_305_600  # 2026-11-22, midnight


@pytest.fixture
def filled(shell: Shell) -> Shell:
    """A user whose collection of Flask is up to date."""
    shell.call("-f", "-p", "flask")
    return shell


def lines_of(process: Popen[str]) -> Iterator[str]:
    """Yield the lines of stderr as they come."""
    assert process.stderr is not None
    return (line.rstrip("\n") for line in process.stderr)


def end(process: Popen[str], how: signal.Signals = signal.SIGINT) -> tuple[str, str]:
    process.send_signal(how)
    return process.communicate(timeout=30)


def test_what_is_published_meanwhile_arrives_with_a_line_a_round(filled: Shell, pypi: LocalPyPI) -> None:
    with filled.start("--watch", "--interval", "1", "-p", "flask") as watch:
        lines = lines_of(watch)
        assert next(lines).startswith("Index: ")
        assert next(lines).startswith("Watching, with pauses of 1 s; next scores: ")
        assert next(lines).startswith("flask: indexed 0, removed 0, failed 0, requests ")
        pypi.ecosystem.publish("flask-late", "1.0", info={"classifiers": ["Framework :: Flask"]})
        assert any(line.startswith("flask: indexed 1, removed 0, failed 0, requests ") for line in lines)
        out, _ = end(watch)

    assert (watch.returncode, out) == (0, "")
    assert filled.names("flask") == ["flask-late", "flask-thing"]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("in_a_round", [True, False])
def test_it_ends_cleanly_in_a_round_and_between_two(
    filled: Shell, pypi: LocalPyPI, how: signal.Signals, in_a_round: bool
) -> None:
    if in_a_round:
        pypi.faults.add(Fault("timeout", request="last_serial"))

    with filled.start("--watch", "-p", "flask") as watch:
        lines = lines_of(watch)
        assert [next(lines).partition(" ")[0] for _ in range(2)] == ["Index:", "Watching,"]
        if in_a_round:
            wait_until(lambda: pypi.faults.struck["timeout"])
        else:
            assert next(lines).startswith("flask: ")
        _, err = end(watch, how)

    assert (watch.returncode, err.strip()) == (0, "Ended.")


def test_an_outage_is_waited_for(filled: Shell, pypi: LocalPyPI) -> None:
    pypi.faults.add(Fault("503"))

    with filled.start("--watch", "--interval", "1", "-p", "flask", pypi_max_retries=0) as watch:
        wait_until(lambda: pypi.faults.struck["503"] >= 2)
        pypi.faults.clear()
        pypi.ecosystem.publish("flask-late", "1.0", info={"classifiers": ["Framework :: Flask"]})
        wait_until(lambda: "flask-late" in filled.names("flask"))
        _, err = end(watch)

    assert watch.returncode == 0
    assert "503" in err


def test_every_round_is_one_line_of_json_where_that_is_asked_for(filled: Shell) -> None:
    with filled.start("--watch", "--interval", "1", "-p", "flask", "--json") as watch:
        assert watch.stdout is not None
        reports = [msgspec.json.decode(watch.stdout.readline()) for _ in range(2)]
        end(watch)

    assert [(report["collection"], report["indexed"], report["error"]) for report in reports] == [
        ("flask", 0, None)
    ] * 2


def test_a_collection_that_is_not_there_ends_it(shell: Shell) -> None:
    ended = shell.run("--watch", "-p", "flask")

    assert ended.code == 2
    assert ended.error == "there is no collection flask yet: fill it first with pyfaggregator -f -p flask"


def test_a_reader_that_goes_away_ends_it(filled: Shell) -> None:
    with filled.start("--watch", "--interval", "1", "-p", "flask", "--json") as watch:
        assert watch.stdout is not None
        watch.stdout.close()
        assert watch.wait(timeout=60) == 141


def recurring(schedule: str, clock: Iterator[float], *reports: RunReport) -> Recurring:
    """Return a run that gives these reports, one after the other."""
    return Recurring("refresh", Schedule(schedule), partial(next, iter(reports)), now=partial(next, clock))


def test_what_recurs_is_run_when_it_is_due_and_once_however_late_that_is() -> None:
    report = Report("refresh", "flask")
    week = 7 * DAY
    refresh = recurring("0 2 * * 0", iter([SUNDAY, SUNDAY + 7199, SUNDAY + 3 * week, SUNDAY + 3 * week + 9000]), report)

    assert str(refresh) == "next refresh: 2026-11-22 02:00 UTC"
    assert refresh.take_turn() is None
    assert refresh.take_turn() is report
    assert str(refresh) == "next refresh: 2026-12-20 02:00 UTC"


def test_what_an_outage_has_ended_stays_due() -> None:
    outage = Report("refresh", "flask", stopped_by=Unavailable("503"))
    report = Report("refresh", "flask")
    refresh = recurring("0 2 * * 0", iter([SUNDAY, SUNDAY + DAY, SUNDAY + DAY + 1, SUNDAY + DAY + 2]), outage, report)

    assert refresh.take_turn() is outage
    assert refresh.take_turn() is report


def test_what_failed_otherwise_has_its_next_turn_on_schedule() -> None:
    """A token that GitHub does not take is no better five minutes later."""
    failure = Report("refresh", "flask", stopped_by=Invalid("GITHUB_TOKEN"))
    refresh = recurring("0 2 * * 0", iter([SUNDAY, SUNDAY + DAY, SUNDAY + DAY]), failure)

    assert refresh.take_turn() is failure
    assert str(refresh) == "next refresh: 2026-11-29 02:00 UTC"


def test_an_empty_schedule_is_never_due() -> None:
    refresh = recurring("", iter([SUNDAY, SUNDAY + 9999 * DAY]))

    assert str(refresh) == "next refresh: never"
    assert refresh.take_turn() is None


def test_what_leaves_something_to_a_later_run_stays_due() -> None:
    """pypistats takes an hour for two thousand packages: it gets its time in turns."""
    some = EnrichmentReport("downloads", "flask", postponed=["flask-thing"])
    rest = EnrichmentReport("downloads", "flask")
    downloads = recurring("0 4 * * 0", iter([SUNDAY, SUNDAY + DAY, SUNDAY + DAY + 1, SUNDAY + DAY + 2]), some, rest)

    assert downloads.take_turn() is some
    assert downloads.take_turn() is rest


@pytest.mark.slow
def test_a_watch_does_more_when_the_schedules_say_so(filled: Shell) -> None:
    """The shortest schedule is a minute's."""
    names = ("weekly_refresh", "monthly_fetch", "weekly_downloads", "weekly_github", "nightly_scores")
    minutely: dict[str, Any] = {f"celery_schedule_{name}": "* * * * *" for name in names}
    awaited = {f"flask, {action}: " for action in ("refresh", "fetch", "downloads", "github", "score")}
    counts = DownloadTable({"flask-thing": {date(2026, 11, 1): 7}}, newest=date(2026, 11, 1))
    with LocalGitHub([Hosted(path="o/flask-thing", stars=86)]) as github, LocalPypistats(counts) as pypistats:
        services = {"github_api_url": github.url, "github_token": github.token, "pypistats_base_url": pypistats.url}

        with filled.start("--watch", "--interval", "1", "-p", "flask", **minutely, **services) as watch:
            for line in lines_of(watch):
                awaited -= {beginning for beginning in awaited if line.startswith(beginning)}
                if not awaited:
                    break
            end(watch)

    assert (watch.returncode, awaited) == (0, set())
    document = filled.call("-p", "flask", "--show", "flask-thing").report
    assert (document["download_last_day"], document["health_model"]) == (7, "full")
