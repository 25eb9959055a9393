"""Every setting changes something that can be seen from outside: what is read and ignored is a defect."""

import re
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from subprocess import DEVNULL
from typing import Any
from urllib.request import urlopen

import msgspec
import pytest
from pytest_httpserver import HTTPServer

from pyf.aggregator.sandbox.downloads import LocalClickHouse, LocalPypistats
from pyf.aggregator.sandbox.faults import Fault
from pyf.aggregator.sandbox.github import LocalGitHub
from pyf.aggregator.sandbox.github_fixtures import HostedRepository
from pyf.aggregator.sandbox.pypi import LocalPyPI
from pyf.aggregator.settings import SETTINGS
from support.cli_runner import COMMAND_TIMEOUT, CommandRunner, CompletedCommand, find_render_workers, wait_until
from support.http_server import serve_app
from support.proxy_server import serve_proxy
from support.setting_coverage import covers_setting, find_tested_settings
from support.site_fixtures import build_small_site
from support.typesense_fake import ADMIN_KEY, LocalTypesense

PROFILE = """
profiles:
  unpaid: {classifiers: ["Framework :: Plonesque"]}
  flask: {name: Mine, classifiers: ["Framework :: Django"]}
"""

WORKER = ("-A", "pyf.aggregator.queue", "worker", "--pool=solo", "--loglevel=error")


def test_every_setting_has_an_effect_test() -> None:
    assert find_tested_settings() == SETTINGS.keys()


@covers_setting("default_profile")
def test_default_profile(shell: CommandRunner) -> None:
    shell.invoke("-f", default_profile="flask")

    assert shell.list_names("flask") == ["flask-thing"]


@covers_setting("profiles_file")
def test_profiles_file(shell: CommandRunner) -> None:
    (shell.folder / "mine.yaml").write_text(PROFILE)

    for profile in ("unpaid", "flask", "plone"):
        shell.invoke("-f", "-p", profile, profiles_file="mine.yaml")

    assert shell.list_names("unpaid") == ["plonesque"]
    assert shell.list_names("flask") == ["django-blog", "django-shop"]
    assert "plone-api" in shell.list_names("plone")


@covers_setting("synonyms_file")
def test_synonyms_file(shell: CommandRunner) -> None:
    shell.invoke("-f", "-p", "plone")
    (shell.folder / "mine.yaml").write_text("synonyms: [[zebras, plone.api]]")
    (shell.folder / "wrong.yaml").write_text("synonyms: zebras")

    known = shell.invoke("zebras", "-p", "plone", "--json", command="pyfsearch", synonyms_file="mine.yaml")
    unknown = shell.invoke("zebras", "-p", "plone", "--json", command="pyfsearch")
    wrong = shell.invoke("zebras", "-p", "plone", command="pyfsearch", synonyms_file="wrong.yaml")

    assert (known.report["hits"][0]["name"], unknown.report["total"]) == ("Plone.Api", 0)
    assert (wrong.code, wrong.error) == (
        2,
        "SYNONYMS_FILE wrong.yaml: 'synonyms:' must be a list of lists of phrases that mean the same",
    )


@covers_setting("index_backend")
def test_index_backend(shell: CommandRunner, typesense: LocalTypesense) -> None:
    sqlite_result = shell.invoke("-f", "-p", "flask", **build_typesense_settings(typesense), index_backend="sqlite")

    assert ("Index: sqlite " in sqlite_result.err, typesense.requests.total) == (True, 0)
    assert shell.invoke("-f", "-p", "flask", index_backend="cards").error.startswith("INDEX_BACKEND='cards'")
    keyless = shell.invoke("-f", "-p", "flask", index_backend="typesense")
    assert (keyless.code, keyless.error) == (2, "INDEX_BACKEND=typesense needs TYPESENSE_API_KEY")


@covers_setting("sqlite_path")
def test_sqlite_path(shell: CommandRunner) -> None:
    result = shell.invoke("-f", "-p", "flask", sqlite_path="~/deep/in/mine.db", home=shell.folder)

    assert result.code == 0
    assert (shell.folder / "deep/in/mine.db").exists()
    assert not (shell.folder / "index.sqlite3").exists()


def test_sqlite_path_default(shell: CommandRunner) -> None:
    shell.invoke("-f", "-p", "flask", sqlite_path="", xdg_data_home=shell.folder / "data", home=shell.folder)

    (index,) = shell.folder.rglob("pyf.sqlite3")
    assert index.parent.name == "pyf.aggregator"


@covers_setting("descriptions")
@pytest.mark.parametrize(("descriptions", "with_readme"), [("newest", ["1.1"]), ("all", ["1.1", "1.0"])])
def test_descriptions(shell: CommandRunner, descriptions: str, with_readme: list[str]) -> None:
    shell.invoke("-f", "-p", "django", "-fn", "shop", descriptions=descriptions)

    releases: Any = shell.invoke("--show", "django-shop", "-p", "django", "--all-versions").report
    assert [release["version"] for release in releases if "<em>things</em>" in release["description"]] == with_readme


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


@covers_setting("health_file")
def test_health_file(shell: CommandRunner) -> None:
    (shell.folder / "mine.yaml").write_text("caps: {inactive: {at_most: 3}}\nmodels: {basic: {metadata: 0}}\n")
    shell.invoke("-f", "-p", "flask")

    ours, theirs = (
        shell.invoke("--explain", "flask-thing", "-p", "flask", "--json", health_file=file).report
        for file in ("", "mine.yaml")
    )

    assert ours["stored_health_score"] == theirs["stored_health_score"] == ours["health_score"]
    assert "metadata" in ours["health_score_breakdown"]
    assert "metadata" not in theirs["health_score_breakdown"]


@pytest.fixture
def typesense() -> Iterator[LocalTypesense]:
    with LocalTypesense() as server:
        yield server


def build_typesense_settings(server: LocalTypesense, **settings: Any) -> dict[str, Any]:
    """Return the settings of one who uses a server."""
    defaults = {"typesense_host": "127.0.0.1", "typesense_port": server.port, "typesense_api_key": ADMIN_KEY}
    return defaults | {"typesense_retry_timeout": 1} | settings


@covers_setting("typesense_api_key")
@covers_setting("typesense_port")
def test_typesense_api_key(shell: CommandRunner, typesense: LocalTypesense) -> None:
    result = shell.invoke("-f", "-p", "flask", **build_typesense_settings(typesense))

    assert f"Index: typesense {typesense.url}, collection: flask" in result.err
    assert list(typesense.store.collection("flask").documents) == ["flask-thing-1.0"]
    refusal = shell.invoke("-i", "-p", "flask", **build_typesense_settings(typesense, typesense_api_key="another"))
    assert (refusal.code, "does not accept this TYPESENSE_API_KEY" in refusal.error) == (2, True)
    assert "another" not in refusal.err


@covers_setting("typesense_host")
@covers_setting("typesense_protocol")
@pytest.mark.parametrize(
    ("setting", "value", "address"),
    [("typesense_host", "127.0.0.2", "http://127.0.0.2:"), ("typesense_protocol", "https", "https://127.0.0.1:")],
)
def test_typesense_address(
    shell: CommandRunner, typesense: LocalTypesense, setting: str, value: str, address: str
) -> None:
    result = shell.invoke(
        "-f", "-p", "flask", **build_typesense_settings(typesense, **{setting: value, "typesense_retry_timeout": 0})
    )

    assert (result.code, f"the Typesense server at {address}{typesense.port} does not answer" in result.error) == (
        4,
        True,
    )


@covers_setting("typesense_nodes")
def test_typesense_nodes(shell: CommandRunner, typesense: LocalTypesense) -> None:
    nodes = f"http://127.0.0.1:1, {typesense.url}/"

    result = shell.invoke(
        "-f",
        "-p",
        "flask",
        **build_typesense_settings(typesense, typesense_nodes=nodes, typesense_host="nowhere.example"),
    )

    assert (result.code, len(typesense.store.collection("flask").documents)) == (0, 1)


@covers_setting("typesense_timeout")
@pytest.mark.parametrize(("timeout", "code"), [(0.1, 4), (30, 0)])
def test_typesense_timeout(shell: CommandRunner, typesense: LocalTypesense, timeout: float, code: int) -> None:
    typesense.faults.add(Fault("slow", request="health", pause=0.2))

    result = shell.invoke("-f", "-p", "flask", **build_typesense_settings(typesense, typesense_timeout=timeout))

    assert result.code == code


@covers_setting("typesense_retry_timeout")
@pytest.mark.parametrize(("patience", "code"), [(0, 4), (10, 0)])
def test_typesense_retry_timeout(shell: CommandRunner, typesense: LocalTypesense, patience: float, code: int) -> None:
    typesense.faults.add(Fault("503", request="import", times=3))

    result = shell.invoke("-f", "-p", "flask", **build_typesense_settings(typesense, typesense_retry_timeout=patience))

    assert result.code == code


def test_dotenv_file(shell: CommandRunner, pypi: LocalPyPI) -> None:
    (shell.folder / ".env").write_text("DEFAULT_PROFILE=flask   # mine\nPYF_CONTACT=ops@example.org\n")

    shell.run("-f")

    assert shell.list_names("flask") == ["flask-thing"]
    assert "ops@example.org" in pypi.requests.log[0].user_agent


def test_example_env_is_valid(shell: CommandRunner) -> None:
    example = Path(__file__).parents[2] / "example.env"
    (shell.folder / ".env").write_text(example.read_text("utf-8"))

    assert shell.run("-f", "-p", "flask", "--json").report["indexed"] == 1


def test_invalid_setting_makes_no_request(shell: CommandRunner, pypi: LocalPyPI) -> None:
    result = shell.invoke("-f", "-p", "flask", pypi_max_workers="many")

    assert (result.code, pypi.requests.total) == (2, 0)
    assert result.error.startswith("PYPI_MAX_WORKERS='many': ")


@covers_setting("celery_schedule_weekly_refresh")
@covers_setting("celery_schedule_monthly_fetch")
@covers_setting("celery_schedule_weekly_downloads")
@covers_setting("celery_schedule_weekly_github")
@covers_setting("celery_schedule_nightly_scores")
def test_schedules_in_watch(shell: CommandRunner) -> None:
    """That it does so then is told in `test_watch.py`."""
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
        rf"next github: {day} 04:07 UTC; next fetch: never; press Ctrl-C to stop\.\n$",
        beginning,
    )


def test_schedule_empty_or_invalid(shell: CommandRunner) -> None:
    (shell.folder / ".env").write_text("CELERY_SCHEDULE_WEEKLY_REFRESH=    # never\n")
    shell.invoke("-f", "-p", "flask")

    assert shell.invoke("-i", "-p", "flask").code == 0
    refusal = shell.invoke("-i", "-p", "flask", celery_schedule_monthly_fetch="often")
    assert refusal.error.startswith("CELERY_SCHEDULE_MONTHLY_FETCH='often'")


@pytest.fixture
def github(shell: CommandRunner, pypi: LocalPyPI) -> Iterator[LocalGitHub]:
    """GitHub with the repositories of 60 projects of Flask, all of which are in the index."""
    for number in range(60):
        info = {"classifiers": ["Framework :: Flask"], "home_page": f"https://github.com/o/r{number}"}
        pypi.registry.publish(f"flask-{number}", "1.0", info=info)
    shell.invoke("-f", "-p", "flask")
    with LocalGitHub((HostedRepository(path=f"o/r{number}") for number in range(60)), token="right") as github:
        shell.environment |= {"GITHUB_API_URL": github.url, "GITHUB_TOKEN": "right", "GITHUB_REQUEST_DELAY": "0"}
        yield github


def pyfgithub(shell: CommandRunner, **settings: Any) -> CompletedCommand:
    return shell.invoke("-p", "flask", "--json", command="pyfgithub", **settings)


@covers_setting("github_token")
@pytest.mark.parametrize(
    ("token", "kind", "code"), [("right", "graphql", 0), ("", "repository", 0), ("wrong", "graphql", 2)]
)
def test_github_token(shell: CommandRunner, github: LocalGitHub, token: str, kind: str, code: int) -> None:
    result = pyfgithub(shell, github_token=token)

    assert (result.code, github.requests.by_kind[kind] > 0) == (code, True)
    assert set(github.authorizations) == ({f"Bearer {token}"} if token else {""})


@covers_setting("github_request_delay")
def test_github_request_delay(shell: CommandRunner, github: LocalGitHub) -> None:
    pyfgithub(shell, github_request_delay=0.4)

    first, second = (request.time for request in github.requests.log)
    assert second - first >= 0.3


@covers_setting("github_api_url")
def test_github_api_url(shell: CommandRunner, github: LocalGitHub) -> None:
    pyfgithub(shell, github_api_url=f"{github.url}/")
    elsewhere = pyfgithub(shell, github_api_url="http://127.0.0.1:1/api", github_cache_ttl=0)

    assert github.requests.by_kind["graphql"] == 2
    assert (elsewhere.code, "http://127.0.0.1:1/api/graphql" in elsewhere.error) == (4, True)


@covers_setting("github_cache_ttl")
@pytest.mark.parametrize(("seconds", "request_count"), [(0, 4), (3600, 2)])
def test_github_cache_ttl(shell: CommandRunner, github: LocalGitHub, seconds: int, request_count: int) -> None:
    for _ in range(2):
        pyfgithub(shell, github_cache_ttl=seconds)

    assert github.requests.by_kind["graphql"] == request_count


@covers_setting("github_timeout")
@pytest.mark.parametrize(("timeout", "code"), [(0.2, 4), (30, 0)])
def test_github_timeout(shell: CommandRunner, github: LocalGitHub, timeout: float, code: int) -> None:
    """The answer begins at once and takes about half a second to be complete."""
    github.faults.add(Fault("slow", request="graphql", pause=0.025))

    result = pyfgithub(shell, github_timeout=timeout)

    assert (result.code, "timed out before the response was complete" in result.err) == (code, code == 4)


@covers_setting("web_url")
@pytest.mark.parametrize(
    ("web_url", "expected_url"),
    [("https://packages.example/x/", "https://packages.example/x/api"), ("", "http://127.0.0.1:")],
)
def test_web_url(web_url: str, expected_url: str) -> None:
    with serve_app(build_small_site(), {}, web_url=web_url) as site:
        results = site.get("/api/v1/collections/plone/search?per_page=1")

    assert results.links["next"]["url"].startswith(expected_url)


@covers_setting("web_cache_max_age")
@pytest.mark.parametrize(("seconds", "cache_control"), [(90, "public, max-age=90"), (0, "no-cache")])
def test_web_cache_max_age(seconds: int, cache_control: str) -> None:
    with serve_app(build_small_site(), {}, web_cache_max_age=seconds) as site:
        assert site.get("/api/v1/collections").headers["cache-control"] == cache_control


@covers_setting("web_rate_limit")
@pytest.mark.parametrize(("limit", "statuses"), [(2, [200, 200, 429]), (0, [200, 200, 200])])
def test_web_rate_limit(limit: int, statuses: list[int]) -> None:
    with serve_app(build_small_site(), {}, web_rate_limit=limit) as site:
        answers = [site.get("/api/v1/collections") for _ in range(3)]

    assert [response.status_code for response in answers] == statuses
    assert all(int(answer.headers["retry-after"]) for answer in answers if answer.status_code == 429)


@covers_setting("web_trusted_proxies")
@pytest.mark.parametrize(("trusted", "last"), [("127.0.0.0/8", 200), ("", 429), ("10.0.0.1", 429)])
def test_web_trusted_proxies(trusted: str, last: int) -> None:
    with serve_app(build_small_site(), {}, web_rate_limit=1, web_trusted_proxies=trusted) as site:
        site.get("/api/v1/collections", headers={"x-forwarded-for": "192.0.2.1"})
        response = site.get("/api/v1/collections", headers={"x-forwarded-for": "192.0.2.2"})

    assert response.status_code == last


@covers_setting("web_cors_origins")
@pytest.mark.parametrize(
    ("origins", "allowed"), [("", None), ("https://a.example, https://b.example", "https://b.example"), ("*", "*")]
)
def test_web_cors_origins(origins: str, allowed: str | None) -> None:
    headers = {"origin": "https://b.example", "access-control-request-method": "GET"}
    with serve_app(build_small_site(), {}, web_cors_origins=origins) as site:
        response = site.get("/api/v1/collections", headers=headers)
        before = site.options("/api/v1/collections", headers={**headers, "access-control-request-headers": "x-api-key"})

    assert response.headers.get("access-control-allow-origin") == allowed
    assert before.headers.get("access-control-allow-origin") == allowed


@covers_setting("web_api_keys_required")
@pytest.mark.parametrize(("required", "codes"), [(True, [401, 403, 200, 200]), (False, [200, 200, 200, 200])])
def test_web_api_key_required(required: bool, codes: list[int]) -> None:
    deps = build_small_site()
    deps.keys.create(["plone"], description="a test", value="the-right-key")
    deps.admin.create("other-1", deps.index.get_state("plone"), alias="other")
    right = {"x-api-key": "the-right-key"}
    with serve_app(deps, {}, web_api_keys_required=required) as site:
        header_variants = [{}, {"x-api-key": "a-wrong-key"}, right, {"authorization": "Bearer the-right-key"}]
        answered = [
            site.get("/api/v1/collections/plone/search", headers=headers).status_code for headers in header_variants
        ]
        listed = [collection["key"] for collection in site.get("/api/v1/collections", headers=right).json()]
        other = site.get("/api/v1/collections/other/search", headers=right).status_code
        page = site.get("/").status_code

    assert answered == codes
    assert (listed, other) == ((["plone"], 403) if required else (["other", "plone"], 200))
    assert page == 200


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("web_url", "packages.example"),
        ("web_cors_origins", "packages.example"),
        ("web_cors_origins", "https://packages.example/path"),
        ("web_trusted_proxies", "the-proxy"),
        ("web_rate_limit", "-1"),
        ("web_cache_max_age", "a while"),
        ("web_api_keys_required", "perhaps"),
    ],
)
def test_web_setting_invalid(shell: CommandRunner, setting: str, value: str) -> None:
    refusal = shell.invoke(command="pyfserve", **{setting: value})

    # Addresses are not repeated: they may contain a password.
    shown = "" if setting in ("web_url", "web_cors_origins") else f"='{value}'"
    assert (refusal.code, refusal.error.startswith(f"{setting.upper()}{shown}: ")) == (2, True)


@covers_setting("metrics_port")
@covers_setting("metrics_host")
@pytest.mark.slow
def test_metrics_endpoint(shell: CommandRunner) -> None:
    """Before it has reached the queue, too: that there is none is worth telling."""
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
