"""Effects of the settings for PyPI, its candidates and proxies."""

import sys

import pytest
from pytest_httpserver import HTTPServer

from pyf.aggregator.sandbox.faults import Fault
from pyf.aggregator.sandbox.pypi import LocalPyPI
from support.cli_runner import CommandRunner, find_render_workers
from support.proxy_server import serve_proxy
from support.setting_coverage import covers_setting
from support.waiting import wait_until


@covers_setting("pypi_base_url")
def test_pypi_base_url(shell: CommandRunner, pypi: LocalPyPI) -> None:
    shell.invoke("-f", "-p", "flask", pypi_base_url=f"{pypi.url}/")
    assert pypi.requests.total

    elsewhere = shell.invoke("-i", "-p", "flask", pypi_base_url="http://127.0.0.1:1/mirror", pypi_max_retries=0)
    assert (elsewhere.code, "http://127.0.0.1:1/mirror/pypi" in elsewhere.error) == (4, True)


@covers_setting("http_proxy")
@covers_setting("no_proxy")
def test_http_proxy(shell: CommandRunner) -> None:
    with serve_proxy(credentials="ada:s3cret") as proxy:
        direct = shell.invoke("-f", "-p", "flask", http_proxy=proxy.url, no_proxy="127.0.0.1")
        assert (direct.code, proxy.request_lines) == (0, [])

        result = shell.invoke("-f", "-p", "django", http_proxy=proxy.url.removeprefix("http://"))

    assert result.code == 0
    assert any("/pypi/django-shop/json" in line for line in proxy.request_lines)


@covers_setting("https_proxy")
def test_https_proxy(shell: CommandRunner) -> None:
    with serve_proxy(hosts={"pypi.example:443": ("127.0.0.1", 1)}) as proxy:
        settings = {"pypi_base_url": "https://pypi.example", "https_proxy": proxy.url, "pypi_max_retries": 0}
        result = shell.invoke("-f", "-p", "flask", **settings)

    assert (result.code, set(proxy.request_lines)) == (4, {"CONNECT pypi.example:443 HTTP/1.1"})


@covers_setting("pyf_contact")
def test_pyf_contact(shell: CommandRunner, pypi: LocalPyPI) -> None:
    shell.invoke("-f", "-p", "flask", pyf_contact="ops@example.org")

    assert all("ops@example.org" in request.user_agent for request in pypi.requests.log)


@covers_setting("pypi_discovery")
def test_pypi_discovery(shell: CommandRunner, pypi: LocalPyPI) -> None:
    shell.invoke("-f", "-p", "flask", pypi_discovery="all")

    assert shell.list_names("flask") == ["flask-thing"]
    assert (pypi.requests.by_kind["browse"], pypi.requests.by_kind["project"]) == (0, 9)


@covers_setting("candidates_file")
def test_candidates_file(shell: CommandRunner, pypi: LocalPyPI) -> None:
    pypi.registry.publish("anyhow", "1.0", info={"requires_dist": ["Flask>=2"]})
    (shell.folder / "names.txt").write_text("Anyhow\nunframed\n")

    shell.invoke("-f", "-p", "flask", candidates_file="names.txt")

    assert shell.list_names("flask") == ["anyhow", "flask-thing"]


@covers_setting("candidates_source")
@covers_setting("clickhouse_url")
def test_candidates_source_clickhouse(shell: CommandRunner, pypi: LocalPyPI, httpserver: HTTPServer) -> None:
    pypi.registry.publish("anyhow", "1.0", info={"requires_dist": ["Flask>=2"]})
    httpserver.expect_request("/sql").respond_with_json({"data": [{"name": "Anyhow"}]})
    address = httpserver.url_for("/sql?user=me")

    shell.invoke("-f", "-p", "flask", clickhouse_url=address)
    assert shell.list_names("flask") == ["flask-thing"]
    shell.invoke("-f", "-p", "flask", clickhouse_url=address, candidates_source="clickhouse")

    assert shell.list_names("flask") == ["anyhow", "flask-thing"]
    assert [request.args["user"] for request, _ in httpserver.log] == ["me"]


@covers_setting("pypi_rate_limit_delay")
def test_pypi_rate_limit_delay(shell: CommandRunner, pypi: LocalPyPI) -> None:
    shell.invoke("-f", "-p", "flask", pypi_rate_limit_delay=0.2)

    starts = sorted(request.time for request in pypi.requests.log)
    assert starts[-1] - starts[0] >= 0.2 * (len(starts) - 2)
    assert len(starts) > 2


@covers_setting("pypi_max_workers")
@pytest.mark.parametrize(("workers", "at_once"), [(1, 1), (3, 3)])
def test_pypi_max_workers(shell: CommandRunner, pypi: LocalPyPI, workers: int, at_once: int) -> None:
    pypi.latency = 0.03
    for number in range(12):
        pypi.registry.publish(f"flask-{number}", "1.0", info={"classifiers": ["Framework :: Flask"]})

    shell.invoke("-f", "-p", "flask", pypi_max_workers=workers)

    assert pypi.requests.max_active == at_once


@covers_setting("pypi_max_retries")
@pytest.mark.parametrize("retries", [0, 2])
def test_pypi_max_retries(shell: CommandRunner, pypi: LocalPyPI, retries: int) -> None:
    pypi.faults.add(Fault("503", request="project"))

    result = shell.invoke("-f", "-p", "flask", pypi_max_retries=retries)

    assert (result.code, pypi.requests.by_kind["project"]) == (3, 1 + retries)


@covers_setting("pypi_retry_backoff")
def test_pypi_retry_backoff(shell: CommandRunner, pypi: LocalPyPI) -> None:
    def pause(backoff: float) -> float:
        pypi.requests.clear()
        shell.invoke("-f", "-p", "flask", pypi_max_retries=1, pypi_retry_backoff=backoff)
        first, second = (request.time for request in pypi.requests.log if request.kind == "project")
        return second - first

    pypi.faults.add(Fault("503", request="project"))

    assert pause(0) < 0.8 <= pause(0.8)


@covers_setting("pypi_timeout")
@pytest.mark.parametrize(("timeout", "code"), [(0.2, 3), (30, 0)])
def test_pypi_timeout(shell: CommandRunner, pypi: LocalPyPI, timeout: float, code: int) -> None:
    """The answer begins at once and takes about a second to be complete."""
    pypi.faults.add(Fault("slow", request="project", pause=0.1))

    result = shell.invoke("-f", "-p", "flask", pypi_timeout=timeout, pypi_max_retries=0)

    assert (result.code, "timed out before the response was complete" in result.err) == (code, code == 3)


@covers_setting("pypi_batch_size")
@pytest.mark.parametrize(("size", "is_written_early"), [(1, True), (500, False)])
def test_pypi_batch_size(shell: CommandRunner, pypi: LocalPyPI, size: int, is_written_early: bool) -> None:
    """One project keeps the run from its end, more than are held back for rendering were read before."""
    for number in range(60):
        pypi.registry.publish(f"flask-{number}", "1.0", info={"classifiers": ["Framework :: Flask"]})
    pypi.faults.add(Fault("timeout", request="project", project="flask-thing"))

    with shell.start("-f", "-p", "flask", pypi_batch_size=size):
        wait_until(lambda: pypi.requests.by_kind["project"] == 61 and pypi.requests.active == 1)
        if is_written_early:
            wait_until(lambda: shell.list_names("flask"))
        else:
            assert shell.list_names("flask") == []


@covers_setting("render_workers")
@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes where only Linux shows them")
@pytest.mark.parametrize("workers", [1, 3])
def test_render_workers(shell: CommandRunner, pypi: LocalPyPI, workers: int) -> None:
    for number in range(8):
        text = {"description": f"# {number}", "description_content_type": "text/markdown"}
        pypi.registry.publish(f"flask-{number}", "1.0", info={"classifiers": ["Framework :: Flask"], **text})
    pypi.faults.add(Fault("timeout", request="project", project="flask-thing"))

    with shell.start("-f", "-p", "flask", render_workers=workers) as fetch:
        wait_until(lambda: len(find_render_workers(fetch.pid)) == workers)
        wait_until(lambda: pypi.requests.by_kind["project"] == 9 and pypi.requests.active == 1)

        assert len(find_render_workers(fetch.pid)) == workers


@covers_setting("status_max_age")
@pytest.mark.parametrize(("age", "looked_up"), [(0, 1), (3600, 0)])
def test_status_max_age(shell: CommandRunner, pypi: LocalPyPI, age: int, looked_up: int) -> None:
    shell.invoke("-f", "-p", "flask")
    pypi.requests.clear()

    shell.invoke("--refresh-from-pypi", "-p", "flask", status_max_age=age)

    assert pypi.requests.by_kind["simple_page"] == looked_up
