"""Effects of the settings of download counts."""

import pytest

from pyf.aggregator.sandbox.downloads import LocalClickHouse, LocalPypistats
from pyf.aggregator.sandbox.faults import Fault
from support.cli_runner import CommandRunner
from support.setting_coverage import covers_setting


@covers_setting("downloads_source")
@pytest.mark.parametrize(("source", "requests"), [("pypistats", (1, 0)), ("clickhouse", (0, 1))])
def test_downloads_source(
    counting_shell: CommandRunner,
    pypistats: LocalPypistats,
    clickhouse: LocalClickHouse,
    source: str,
    requests: tuple[int, int],
) -> None:
    counting_shell.invoke("-p", "flask", command="pyfdownloads", downloads_source=source)

    assert (pypistats.requests.total, clickhouse.requests.total) == requests


@covers_setting("pypistats_base_url")
def test_pypistats_base_url(counting_shell: CommandRunner, pypistats: LocalPypistats) -> None:
    counting_shell.invoke("-p", "flask", command="pyfdownloads", pypistats_base_url=f"{pypistats.url}/")
    assert [request.path for request in pypistats.requests.log] == ["/api/packages/flask-thing/recent"]

    elsewhere = counting_shell.invoke(
        "-p", "flask", "--all", command="pyfdownloads", pypistats_base_url="http://127.0.0.1:1/m"
    )
    assert (elsewhere.code, "http://127.0.0.1:1/m/api/packages/flask-thing/recent" in elsewhere.error) == (4, True)


@covers_setting("clickhouse_url")
def test_clickhouse_url(counting_shell: CommandRunner, clickhouse: LocalClickHouse) -> None:
    url = f"{clickhouse.url}/sub/?user=me&password=secret"
    result = counting_shell.invoke("-p", "flask", "--source", "clickhouse", command="pyfdownloads", clickhouse_url=url)

    assert [request.path for request in clickhouse.requests.log] == ["/sub/?user=me&password=secret"]
    assert "secret" not in result.out + result.err


@covers_setting("pypistats_rate_limit_delay")
def test_pypistats_rate_limit_delay(counting_shell: CommandRunner, pypistats: LocalPypistats) -> None:
    counting_shell.invoke("-f", "-p", "plone")
    counting_shell.invoke("-p", "plone", command="pyfdownloads", pypistats_rate_limit_delay=0.2)

    starts = sorted(request.time for request in pypistats.requests.log)
    assert len(starts) == 4
    assert starts[-1] - starts[0] >= 0.2 * 2


@covers_setting("pypistats_max_retries")
@pytest.mark.parametrize("retries", [0, 2])
def test_pypistats_max_retries(counting_shell: CommandRunner, pypistats: LocalPypistats, retries: int) -> None:
    pypistats.faults.add(Fault("503"))

    result = counting_shell.invoke("-p", "flask", command="pyfdownloads", pypistats_max_retries=retries)

    assert (result.code, pypistats.requests.total) == (4, 1 + retries)


@covers_setting("pypistats_retry_backoff")
def test_pypistats_retry_backoff(counting_shell: CommandRunner, pypistats: LocalPypistats) -> None:
    def pause(backoff: float) -> float:
        pypistats.requests.clear()
        counting_shell.invoke(
            "-p", "flask", command="pyfdownloads", pypistats_max_retries=1, pypistats_retry_backoff=backoff
        )
        first, second = (request.time for request in pypistats.requests.log)
        return second - first

    pypistats.faults.add(Fault("503"))

    assert pause(0) < 0.8 <= pause(0.8)
