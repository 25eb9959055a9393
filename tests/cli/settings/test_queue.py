"""Effects of the settings of schedules, monitoring and logs."""

import re
import socket
from subprocess import DEVNULL
from typing import Any
from urllib.request import urlopen

import msgspec
import pytest

from support.cli_runner import COMMAND_TIMEOUT, CommandRunner
from support.setting_coverage import covers_setting
from support.waiting import wait_until

WORKER = ("-A", "pyf.aggregator.queue", "worker", "--pool=solo", "--loglevel=error")


@covers_setting("celery_schedule_weekly_refresh")
@covers_setting("celery_schedule_monthly_fetch")
@covers_setting("celery_schedule_weekly_downloads")
@covers_setting("celery_schedule_weekly_github")
@covers_setting("celery_schedule_nightly_scores")
def test_schedules_in_watch(shell: CommandRunner) -> None:
    """`test_watch.py` tests that the runs start."""
    shell.invoke("-f", "-p", "flask")
    schedules: dict[str, Any] = {
        "celery_schedule_weekly_refresh": "5 4 29 2 *",
        "celery_schedule_monthly_fetch": "",
        "celery_schedule_weekly_downloads": "6 4 29 2 *",
        "celery_schedule_weekly_github": "7 4 29 2 *",
        "celery_schedule_nightly_scores": "8 4 29 2 *",
    }

    with shell.start("--watch", "-p", "flask", **schedules) as watch:
        assert watch.stderr is not None
        beginning = watch.stderr.readline() + watch.stderr.readline()

    day = r"\d{4}-02-29"
    assert re.search(
        rf"; next scores: {day} 04:08 UTC; next refresh: {day} 04:05 UTC; next downloads: {day} 04:06 UTC; "
        rf"next repositories: {day} 04:07 UTC; next fetch: never; press Ctrl-C to stop\.\n$",
        beginning,
    )


def test_schedule_empty_or_invalid(shell: CommandRunner) -> None:
    (shell.folder / ".env").write_text("CELERY_SCHEDULE_WEEKLY_REFRESH=    # never\n")
    shell.invoke("-f", "-p", "flask")

    assert shell.invoke("-i", "-p", "flask").code == 0
    refusal = shell.invoke("-i", "-p", "flask", celery_schedule_monthly_fetch="often")
    assert refusal.error.startswith("CELERY_SCHEDULE_MONTHLY_FETCH='often'")


@covers_setting("metrics_port")
@covers_setting("metrics_host")
@pytest.mark.slow
def test_metrics_endpoint(shell: CommandRunner) -> None:
    """The endpoint reports an unreachable queue."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    metrics_settings = {"metrics_host": "127.0.0.1", "metrics_port": port, "redis_host": "127.0.0.1:1"}

    with shell.start(*WORKER, module="celery", stderr=DEVNULL, **metrics_settings):
        wait_until(lambda: "pyf_queue_up 0.0" in scrape_metrics(port))
        with shell.start(*WORKER, module="celery", **metrics_settings) as second:
            _, err = second.communicate(timeout=COMMAND_TIMEOUT)

    problem = f"Error: METRICS_PORT={port}: cannot serve metrics on 127.0.0.1: Address already in use"
    assert (second.returncode, err.splitlines()[-1]) == (2, problem)


@covers_setting("log_format")
def test_log_format_in_beat(shell: CommandRunner) -> None:
    beat = ("-A", "pyf.aggregator.queue", "beat", "--loglevel=info")
    with shell.start(*beat, module="celery", redis_host="127.0.0.1:1", log_format="json") as process:
        assert process.stderr is not None
        line = next(line for line in process.stderr if "Starting" in line)

    assert msgspec.json.decode(line)["message"] == "beat: Starting..."


def scrape_metrics(port: int) -> str:
    try:
        with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=COMMAND_TIMEOUT) as response:
            return str(response.read().decode())
    except OSError:
        return ""
