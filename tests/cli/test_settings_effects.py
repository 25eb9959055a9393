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

import tasks.test_queue_settings  # noqa: F401 - the queue's settings have their tests there
from effects import effect_of, tested
from pyf.aggregator.sample.clickhouse import LocalClickHouse
from pyf.aggregator.sample.faults import Fault
from pyf.aggregator.sample.github import LocalGitHub
from pyf.aggregator.sample.hosted import Hosted
from pyf.aggregator.sample.pypistats import LocalPypistats
from pyf.aggregator.sample.services import LocalPyPI
from pyf.aggregator.settings import Settings
from served import served
from shell import PATIENCE, Ended, Shell, rendering_processes, wait_until
from small_site import filled
from typesense_double import ADMIN_KEY, LocalTypesense

PROFILE = """
profiles:
  unpaid: {classifiers: ["Framework :: Plonesque"]}
  flask: {name: Mine, classifiers: ["Framework :: Django"]}
"""

WORKER = ("-A", "pyf.aggregator.queue", "worker", "--pool=solo", "--loglevel=error")


def test_every_setting_has_a_test_of_its_effect() -> None:
    assert tested == Settings.model_fields.keys()


@effect_of("default_profile")
def test_the_default_profile_is_used_where_nothing_is_named(shell: Shell) -> None:
    shell.call("-f", default_profile="flask")

    assert shell.names("flask") == ["flask-thing"]


@effect_of("profiles_file")
def test_a_file_adds_profiles_and_replaces_built_in_ones(shell: Shell) -> None:
    (shell.folder / "mine.yaml").write_text(PROFILE)

    for profile in ("unpaid", "flask", "plone"):
        shell.call("-f", "-p", profile, profiles_file="mine.yaml")

    assert shell.names("unpaid") == ["plonesque"]
    assert shell.names("flask") == ["django-blog", "django-shop"]
    assert "plone-api" in shell.names("plone")


@effect_of("synonyms_file")
def test_a_file_adds_synonyms_and_one_that_can_not_be_used_is_refused(shell: Shell) -> None:
    shell.call("-f", "-p", "plone")
    (shell.folder / "mine.yaml").write_text("synonyms: [[zebras, plone.api]]")
    (shell.folder / "wrong.yaml").write_text("synonyms: zebras")

    known = shell.call("zebras", "-p", "plone", "--json", command="pyfsearch", synonyms_file="mine.yaml")
    unknown = shell.call("zebras", "-p", "plone", "--json", command="pyfsearch")
    wrong = shell.call("zebras", "-p", "plone", command="pyfsearch", synonyms_file="wrong.yaml")

    assert (known.report["hits"][0]["name"], unknown.report["total"]) == ("Plone.Api", 0)
    assert (wrong.code, wrong.error) == (
        2,
        "SYNONYMS_FILE wrong.yaml: 'synonyms:' must be a list of lists of phrases that mean the same",
    )


@effect_of("index_backend")
def test_the_backend_is_the_one_that_is_named_and_no_other(shell: Shell, typesense: LocalTypesense) -> None:
    named = shell.call("-f", "-p", "flask", **on(typesense), index_backend="sqlite")

    assert ("Index: sqlite " in named.err, typesense.requests.total) == (True, 0)
    assert shell.call("-f", "-p", "flask", index_backend="cards").error.startswith("INDEX_BACKEND='cards'")
    keyless = shell.call("-f", "-p", "flask", index_backend="typesense")
    assert (keyless.code, keyless.error) == (2, "INDEX_BACKEND=typesense needs TYPESENSE_API_KEY")


@effect_of("sqlite_path")
def test_the_index_is_in_the_file_that_is_named(shell: Shell) -> None:
    ended = shell.call("-f", "-p", "flask", sqlite_path="~/deep/in/mine.db", home=shell.folder)

    assert ended.code == 0
    assert (shell.folder / "deep/in/mine.db").exists()
    assert not (shell.folder / "index.sqlite3").exists()


def test_the_index_is_among_the_users_data_where_no_file_is_named(shell: Shell) -> None:
    shell.call("-f", "-p", "flask", sqlite_path="", xdg_data_home=shell.folder / "data", home=shell.folder)

    (index,) = shell.folder.rglob("pyf.sqlite3")
    assert index.parent.name == "pyf.aggregator"


@effect_of("descriptions")
@pytest.mark.parametrize(("descriptions", "with_readme"), [("newest", ["1.1"]), ("all", ["1.1", "1.0"])])
def test_descriptions_are_kept_of_the_newest_or_of_all_releases(
    shell: Shell, descriptions: str, with_readme: list[str]
) -> None:
    shell.call("-f", "-p", "django", "-fn", "shop", descriptions=descriptions)

    releases: Any = shell.call("--show", "django-shop", "-p", "django", "--all-versions").report
    assert [each["version"] for each in releases if "<em>things</em>" in each["description"]] == with_readme


@effect_of("pypi_base_url")
def test_requests_go_to_the_address_that_is_named(shell: Shell, pypi: LocalPyPI) -> None:
    shell.call("-f", "-p", "flask", pypi_base_url=f"{pypi.url}/")
    assert pypi.requests.total

    elsewhere = shell.call("-i", "-p", "flask", pypi_base_url="http://127.0.0.1:1/mirror", pypi_max_retries=0)
    assert (elsewhere.code, "http://127.0.0.1:1/mirror/pypi" in elsewhere.error) == (4, True)


@effect_of("pyf_contact")
def test_pypis_operators_see_the_contact(shell: Shell, pypi: LocalPyPI) -> None:
    shell.call("-f", "-p", "flask", pyf_contact="ops@example.org")

    assert all("ops@example.org" in request.user_agent for request in pypi.requests.log)


@effect_of("pypi_discovery")
def test_a_scan_asks_for_no_classifier(shell: Shell, pypi: LocalPyPI) -> None:
    shell.call("-f", "-p", "flask", pypi_discovery="scan")

    assert shell.names("flask") == ["flask-thing"]
    assert (pypi.requests.by_kind["browse"], pypi.requests.by_kind["project"]) == (0, 9)


@effect_of("candidates_file")
def test_the_projects_of_a_file_are_judged_too(shell: Shell, pypi: LocalPyPI) -> None:
    pypi.ecosystem.publish("anyhow", "1.0", info={"requires_dist": ["Flask>=2"]})
    (shell.folder / "names.txt").write_text("Anyhow\nunframed\n")

    shell.call("-f", "-p", "flask", candidates_file="names.txt")

    assert shell.names("flask") == ["anyhow", "flask-thing"]


@effect_of("candidates_source")
@effect_of("clickhouse_url")
def test_clickhouse_is_asked_where_it_is_the_source(shell: Shell, pypi: LocalPyPI, httpserver: HTTPServer) -> None:
    pypi.ecosystem.publish("anyhow", "1.0", info={"requires_dist": ["Flask>=2"]})
    httpserver.expect_request("/sql").respond_with_json({"data": [{"name": "Anyhow"}]})
    address = httpserver.url_for("/sql?user=me")

    shell.call("-f", "-p", "flask", clickhouse_url=address)
    assert shell.names("flask") == ["flask-thing"]
    shell.call("-f", "-p", "flask", clickhouse_url=address, candidates_source="clickhouse")

    assert shell.names("flask") == ["anyhow", "flask-thing"]
    assert [asked.args["user"] for asked, _ in httpserver.log] == ["me"]


@effect_of("pypi_rate_limit_delay")
def test_requests_keep_their_distance(shell: Shell, pypi: LocalPyPI) -> None:
    shell.call("-f", "-p", "flask", pypi_rate_limit_delay=0.2)

    starts = sorted(request.time for request in pypi.requests.log)
    assert starts[-1] - starts[0] >= 0.2 * (len(starts) - 2)
    assert len(starts) > 2


@effect_of("pypi_max_workers")
@pytest.mark.parametrize(("workers", "at_once"), [(1, 1), (3, 3)])
def test_no_more_requests_are_under_way_than_there_are_workers(
    shell: Shell, pypi: LocalPyPI, workers: int, at_once: int
) -> None:
    pypi.latency = 0.03
    for number in range(12):
        pypi.ecosystem.publish(f"flask-{number}", "1.0", info={"classifiers": ["Framework :: Flask"]})

    shell.call("-f", "-p", "flask", pypi_max_workers=workers)

    assert pypi.requests.most_at_once == at_once


@effect_of("pypi_max_retries")
@pytest.mark.parametrize("retries", [0, 2])
def test_a_request_without_an_answer_is_repeated_so_often(shell: Shell, pypi: LocalPyPI, retries: int) -> None:
    pypi.faults.add(Fault("503", request="project"))

    ended = shell.call("-f", "-p", "flask", pypi_max_retries=retries)

    assert (ended.code, pypi.requests.by_kind["project"]) == (3, 1 + retries)


@effect_of("pypi_retry_backoff")
def test_a_request_is_repeated_after_a_pause(shell: Shell, pypi: LocalPyPI) -> None:
    def pause(backoff: float) -> float:
        pypi.requests.clear()
        shell.call("-f", "-p", "flask", pypi_max_retries=1, pypi_retry_backoff=backoff)
        first, second = (request.time for request in pypi.requests.log if request.kind == "project")
        return second - first

    pypi.faults.add(Fault("503", request="project"))

    assert pause(0) < 0.8 <= pause(0.8)


@effect_of("pypi_timeout")
@pytest.mark.parametrize(("timeout", "code"), [(0.2, 3), (30, 0)])
def test_a_request_fails_after_the_time_out(shell: Shell, pypi: LocalPyPI, timeout: float, code: int) -> None:
    """The answer begins at once and takes about a second to be complete."""
    pypi.faults.add(Fault("slow", request="project", pause=0.1))

    ended = shell.call("-f", "-p", "flask", pypi_timeout=timeout, pypi_max_retries=0)

    assert (ended.code, "no complete answer came in time" in ended.err) == (code, code == 3)


@effect_of("pypi_batch_size")
@pytest.mark.parametrize(("size", "is_written_early"), [(1, True), (500, False)])
def test_documents_are_written_when_so_many_are_there(
    shell: Shell, pypi: LocalPyPI, size: int, is_written_early: bool
) -> None:
    """One project keeps the run from its end, more than are held back for rendering were read before."""
    for number in range(60):
        pypi.ecosystem.publish(f"flask-{number}", "1.0", info={"classifiers": ["Framework :: Flask"]})
    pypi.faults.add(Fault("timeout", request="project", project="flask-thing"))

    with shell.start("-f", "-p", "flask", pypi_batch_size=size):
        wait_until(lambda: pypi.requests.by_kind["project"] == 61 and pypi.requests.at_once == 1)
        if is_written_early:
            wait_until(lambda: shell.names("flask"))
        else:
            assert shell.names("flask") == []


@effect_of("render_workers")
@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes where only Linux shows them")
@pytest.mark.parametrize("workers", [1, 3])
def test_so_many_processes_render(shell: Shell, pypi: LocalPyPI, workers: int) -> None:
    for number in range(8):
        text = {"description": f"# {number}", "description_content_type": "text/markdown"}
        pypi.ecosystem.publish(f"flask-{number}", "1.0", info={"classifiers": ["Framework :: Flask"], **text})
    pypi.faults.add(Fault("timeout", request="project", project="flask-thing"))

    with shell.start("-f", "-p", "flask", render_workers=workers) as fetch:
        wait_until(lambda: len(rendering_processes(fetch.pid)) == workers)
        wait_until(lambda: pypi.requests.by_kind["project"] == 9 and pypi.requests.at_once == 1)

        assert len(rendering_processes(fetch.pid)) == workers


@effect_of("status_max_age")
@pytest.mark.parametrize(("age", "looked_up"), [(0, 1), (3600, 0)])
def test_a_status_is_looked_up_again_when_it_is_so_old(shell: Shell, pypi: LocalPyPI, age: int, looked_up: int) -> None:
    shell.call("-f", "-p", "flask")
    pypi.requests.clear()

    shell.call("--refresh-from-pypi", "-p", "flask", status_max_age=age)

    assert pypi.requests.by_kind["simple_page"] == looked_up


@effect_of("downloads_source")
@pytest.mark.parametrize(("source", "asked"), [("pypistats", (1, 0)), ("clickhouse", (0, 1))])
def test_counts_come_from_the_source_that_is_named(
    counted: Shell, pypistats: LocalPypistats, clickhouse: LocalClickHouse, source: str, asked: tuple[int, int]
) -> None:
    counted.call("-p", "flask", command="pyfdownloads", downloads_source=source)

    assert (pypistats.requests.total, clickhouse.requests.total) == asked


@effect_of("pypistats_base_url")
def test_pypistats_is_asked_below_the_address_that_is_named(counted: Shell, pypistats: LocalPypistats) -> None:
    counted.call("-p", "flask", command="pyfdownloads", pypistats_base_url=f"{pypistats.url}/")
    assert [request.path for request in pypistats.requests.log] == ["/api/packages/flask-thing/recent"]

    elsewhere = counted.call("-p", "flask", "--all", command="pyfdownloads", pypistats_base_url="http://127.0.0.1:1/m")
    assert (elsewhere.code, "http://127.0.0.1:1/m/api/packages/flask-thing/recent" in elsewhere.error) == (4, True)


@effect_of("clickhouse_url")
def test_clickhouse_is_asked_at_the_address_that_is_named(counted: Shell, clickhouse: LocalClickHouse) -> None:
    url = f"{clickhouse.url}/sub/?user=me&password=secret"
    ended = counted.call("-p", "flask", "--source", "clickhouse", command="pyfdownloads", clickhouse_url=url)

    assert [request.path for request in clickhouse.requests.log] == ["/sub/?user=me&password=secret"]
    assert "secret" not in ended.out + ended.err


@effect_of("pypistats_rate_limit_delay")
def test_requests_to_pypistats_keep_their_distance(counted: Shell, pypistats: LocalPypistats) -> None:
    counted.call("-f", "-p", "plone")
    counted.call("-p", "plone", command="pyfdownloads", pypistats_rate_limit_delay=0.2)

    starts = sorted(request.time for request in pypistats.requests.log)
    assert len(starts) == 4
    assert starts[-1] - starts[0] >= 0.2 * 2


@effect_of("pypistats_max_retries")
@pytest.mark.parametrize("retries", [0, 2])
def test_a_request_to_pypistats_is_repeated_so_often(counted: Shell, pypistats: LocalPypistats, retries: int) -> None:
    pypistats.faults.add(Fault("503"))

    ended = counted.call("-p", "flask", command="pyfdownloads", pypistats_max_retries=retries)

    assert (ended.code, pypistats.requests.total) == (4, 1 + retries)


@effect_of("pypistats_retry_backoff")
def test_a_request_to_pypistats_is_repeated_after_a_pause(counted: Shell, pypistats: LocalPypistats) -> None:
    def pause(backoff: float) -> float:
        pypistats.requests.clear()
        counted.call("-p", "flask", command="pyfdownloads", pypistats_max_retries=1, pypistats_retry_backoff=backoff)
        first, second = (request.time for request in pypistats.requests.log)
        return second - first

    pypistats.faults.add(Fault("503"))

    assert pause(0) < 0.8 <= pause(0.8)


@effect_of("health_file")
def test_a_file_weighs_the_score_anew(shell: Shell) -> None:
    (shell.folder / "mine.yaml").write_text("caps: {inactive: {at_most: 3}}\nmodels: {basic: {metadata: 0}}\n")
    shell.call("-f", "-p", "flask")

    ours, theirs = (
        shell.call("--explain", "flask-thing", "-p", "flask", "--json", health_file=file).report
        for file in ("", "mine.yaml")
    )

    assert ours["stored_health_score"] == theirs["stored_health_score"] == ours["health_score"]
    assert "metadata" in ours["health_score_breakdown"]
    assert "metadata" not in theirs["health_score_breakdown"]


@pytest.fixture
def typesense() -> Iterator[LocalTypesense]:
    with LocalTypesense() as server:
        yield server


def on(server: LocalTypesense, **others: Any) -> dict[str, Any]:
    """Return the settings of one who uses a server."""
    given = {"typesense_host": "127.0.0.1", "typesense_port": server.port, "typesense_api_key": ADMIN_KEY}
    return given | {"typesense_patience": 1} | others


@effect_of("typesense_api_key")
@effect_of("typesense_port")
def test_a_key_puts_the_index_on_the_server(shell: Shell, typesense: LocalTypesense) -> None:
    ended = shell.call("-f", "-p", "flask", **on(typesense))

    assert f"Index: typesense {typesense.url}, collection: flask" in ended.err
    assert list(typesense.store.collection("flask").documents) == ["flask-thing-1.0"]
    refused = shell.call("-i", "-p", "flask", **on(typesense, typesense_api_key="another"))
    assert (refused.code, "does not accept this TYPESENSE_API_KEY" in refused.error) == (2, True)
    assert "another" not in refused.err


@effect_of("typesense_host")
@effect_of("typesense_protocol")
@pytest.mark.parametrize(
    ("setting", "value", "address"),
    [("typesense_host", "127.0.0.2", "http://127.0.0.2:"), ("typesense_protocol", "https", "https://127.0.0.1:")],
)
def test_the_server_is_looked_for_where_the_settings_say(
    shell: Shell, typesense: LocalTypesense, setting: str, value: str, address: str
) -> None:
    ended = shell.call("-f", "-p", "flask", **on(typesense, **{setting: value, "typesense_patience": 0}))

    assert (ended.code, f"the Typesense server at {address}{typesense.port} does not answer" in ended.error) == (
        4,
        True,
    )


@effect_of("typesense_nodes")
def test_of_a_cluster_the_nodes_that_are_there_answer(shell: Shell, typesense: LocalTypesense) -> None:
    nodes = f"http://127.0.0.1:1, {typesense.url}/"

    ended = shell.call("-f", "-p", "flask", **on(typesense, typesense_nodes=nodes, typesense_host="nowhere.example"))

    assert (ended.code, len(typesense.store.collection("flask").documents)) == (0, 1)


@effect_of("typesense_timeout")
@pytest.mark.parametrize(("timeout", "code"), [(0.1, 4), (30, 0)])
def test_a_request_to_the_server_fails_when_nothing_came_for_so_long(
    shell: Shell, typesense: LocalTypesense, timeout: float, code: int
) -> None:
    typesense.faults.add(Fault("slow", request="health", pause=0.2))

    ended = shell.call("-f", "-p", "flask", **on(typesense, typesense_timeout=timeout))

    assert ended.code == code


@effect_of("typesense_patience")
@pytest.mark.parametrize(("patience", "code"), [(0, 4), (10, 0)])
def test_a_server_that_does_not_answer_is_waited_for(
    shell: Shell, typesense: LocalTypesense, patience: float, code: int
) -> None:
    typesense.faults.add(Fault("503", request="import", times=3))

    ended = shell.call("-f", "-p", "flask", **on(typesense, typesense_patience=patience))

    assert ended.code == code


def test_settings_are_read_from_a_file_in_the_folder(shell: Shell, pypi: LocalPyPI) -> None:
    (shell.folder / ".env").write_text("DEFAULT_PROFILE=flask   # mine\nPYF_CONTACT=ops@example.org\n")

    shell.run("-f")

    assert shell.names("flask") == ["flask-thing"]
    assert "ops@example.org" in pypi.requests.log[0].user_agent


def test_the_example_file_copied_as_it_is_leaves_the_program_working(shell: Shell) -> None:
    example = Path(__file__).parents[2] / "example.env"
    (shell.folder / ".env").write_text(example.read_text("utf-8"))

    assert shell.run("-f", "-p", "flask", "--json").report["indexed"] == 1


def test_a_setting_that_cannot_be_used_is_one_line_and_nothing_is_asked(shell: Shell, pypi: LocalPyPI) -> None:
    ended = shell.call("-f", "-p", "flask", pypi_max_workers="many")

    assert (ended.code, pypi.requests.total) == (2, 0)
    assert ended.error.startswith("PYPI_MAX_WORKERS='many': ")


@effect_of("celery_schedule_weekly_refresh")
@effect_of("celery_schedule_monthly_fetch")
@effect_of("celery_schedule_weekly_downloads")
@effect_of("celery_schedule_weekly_github")
@effect_of("celery_schedule_nightly_scores")
def test_a_watch_tells_when_it_does_more(shell: Shell) -> None:
    """That it does so then is told in `test_watch.py`."""
    shell.call("-f", "-p", "flask")
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
        rf"next github: {day} 04:07 UTC; next fetch: never; Ctrl-C ends it\.\n$",
        beginning,
    )


def test_an_empty_schedule_means_never_and_a_bad_one_is_refused_by_name(shell: Shell) -> None:
    (shell.folder / ".env").write_text("CELERY_SCHEDULE_WEEKLY_REFRESH=    # never\n")
    shell.call("-f", "-p", "flask")

    assert shell.call("-i", "-p", "flask").code == 0
    refused = shell.call("-i", "-p", "flask", celery_schedule_monthly_fetch="often")
    assert refused.error.startswith("CELERY_SCHEDULE_MONTHLY_FETCH='often'")


@pytest.fixture
def github(shell: Shell, pypi: LocalPyPI) -> Iterator[LocalGitHub]:
    """GitHub with the repositories of 60 projects of Flask, all of which are in the index."""
    for number in range(60):
        info = {"classifiers": ["Framework :: Flask"], "home_page": f"https://github.com/o/r{number}"}
        pypi.ecosystem.publish(f"flask-{number}", "1.0", info=info)
    shell.call("-f", "-p", "flask")
    with LocalGitHub((Hosted(path=f"o/r{number}") for number in range(60)), token="right") as github:
        shell.environment |= {"GITHUB_API_URL": github.url, "GITHUB_TOKEN": "right", "GITHUB_REQUEST_DELAY": "0"}
        yield github


def pyfgithub(shell: Shell, **settings: Any) -> Ended:
    return shell.call("-p", "flask", "--json", command="pyfgithub", **settings)


@effect_of("github_token")
@pytest.mark.parametrize(
    ("token", "kind", "code"), [("right", "graphql", 0), ("", "repository", 0), ("wrong", "graphql", 2)]
)
def test_a_token_opens_graphql_and_without_one_there_is_rest(
    shell: Shell, github: LocalGitHub, token: str, kind: str, code: int
) -> None:
    ended = pyfgithub(shell, github_token=token)

    assert (ended.code, github.requests.by_kind[kind] > 0) == (code, True)
    assert set(github.authorizations) == ({f"Bearer {token}"} if token else {""})


@effect_of("github_request_delay")
def test_requests_to_github_keep_their_distance(shell: Shell, github: LocalGitHub) -> None:
    pyfgithub(shell, github_request_delay=0.4)

    first, second = (request.time for request in github.requests.log)
    assert second - first >= 0.3


@effect_of("github_api_url")
def test_requests_go_to_the_github_that_is_named(shell: Shell, github: LocalGitHub) -> None:
    pyfgithub(shell, github_api_url=f"{github.url}/")
    elsewhere = pyfgithub(shell, github_api_url="http://127.0.0.1:1/api", github_cache_ttl=0)

    assert github.requests.by_kind["graphql"] == 2
    assert (elsewhere.code, "http://127.0.0.1:1/api/graphql" in elsewhere.error) == (4, True)


@effect_of("github_cache_ttl")
@pytest.mark.parametrize(("seconds", "asked"), [(0, 4), (3600, 2)])
def test_what_is_remembered_is_asked_again_after_so_long(
    shell: Shell, github: LocalGitHub, seconds: int, asked: int
) -> None:
    for _ in range(2):
        pyfgithub(shell, github_cache_ttl=seconds)

    assert github.requests.by_kind["graphql"] == asked


@effect_of("github_timeout")
@pytest.mark.parametrize(("timeout", "code"), [(0.2, 4), (30, 0)])
def test_a_request_to_github_fails_after_the_time_out(
    shell: Shell, github: LocalGitHub, timeout: float, code: int
) -> None:
    """The answer begins at once and takes about half a second to be complete."""
    github.faults.add(Fault("slow", request="graphql", pause=0.025))

    ended = pyfgithub(shell, github_timeout=timeout)

    assert (ended.code, "no complete answer came in time" in ended.err) == (code, code == 4)


@effect_of("web_url")
@pytest.mark.parametrize(
    ("named", "shown"), [("https://packages.example/x/", "https://packages.example/x/api"), ("", "http://127.0.0.1:")]
)
def test_links_lead_to_the_address_that_is_named(named: str, shown: str) -> None:
    with served(filled(), {}, web_url=named) as site:
        found = site.get("/api/v1/profiles/plone/search?per_page=1")

    assert found.links["next"]["url"].startswith(shown)


@effect_of("web_max_age")
@pytest.mark.parametrize(("seconds", "told"), [(90, "public, max-age=90"), (0, "no-cache")])
def test_answers_may_be_kept_for_so_long(seconds: int, told: str) -> None:
    with served(filled(), {}, web_max_age=seconds) as site:
        assert site.get("/api/v1/profiles").headers["cache-control"] == told


@effect_of("web_rate_limit")
@pytest.mark.parametrize(("limit", "answered"), [(2, [200, 200, 429]), (0, [200, 200, 200])])
def test_a_client_is_answered_so_often_in_a_minute(limit: int, answered: list[int]) -> None:
    with served(filled(), {}, web_rate_limit=limit) as site:
        answers = [site.get("/api/v1/profiles") for _ in range(3)]

    assert [answer.status_code for answer in answers] == answered
    assert all(int(answer.headers["retry-after"]) for answer in answers if answer.status_code == 429)


@effect_of("web_trusted_proxies")
@pytest.mark.parametrize(("trusted", "last"), [("127.0.0.0/8", 200), ("", 429), ("10.0.0.1", 429)])
def test_a_proxy_that_is_trusted_says_who_the_client_is(trusted: str, last: int) -> None:
    with served(filled(), {}, web_rate_limit=1, web_trusted_proxies=trusted) as site:
        site.get("/api/v1/profiles", headers={"x-forwarded-for": "192.0.2.1"})
        answer = site.get("/api/v1/profiles", headers={"x-forwarded-for": "192.0.2.2"})

    assert answer.status_code == last


@effect_of("web_cors_origins")
@pytest.mark.parametrize(
    ("origins", "allowed"), [("", None), ("https://a.example, https://b.example", "https://b.example"), ("*", "*")]
)
def test_pages_of_others_may_read_the_interface_where_they_are_named(origins: str, allowed: str | None) -> None:
    headers = {"origin": "https://b.example", "access-control-request-method": "GET"}
    with served(filled(), {}, web_cors_origins=origins) as site:
        asked = site.get("/api/v1/profiles", headers=headers)
        before = site.options("/api/v1/profiles", headers={**headers, "access-control-request-headers": "x-api-key"})

    assert asked.headers.get("access-control-allow-origin") == allowed
    assert before.headers.get("access-control-allow-origin") == allowed


@effect_of("web_api_keys_required")
@pytest.mark.parametrize(("required", "codes"), [(True, [401, 403, 200, 200]), (False, [200, 200, 200, 200])])
def test_the_interface_is_open_to_those_with_a_key(required: bool, codes: list[int]) -> None:
    services = filled()
    services.keys.create(["plone"], description="a test", value="the-right-key")
    services.admin.create("other-1", services.index.state("plone"), alias="other")
    right = {"x-api-key": "the-right-key"}
    with served(services, {}, web_api_keys_required=required) as site:
        asked = [{}, {"x-api-key": "a-wrong-key"}, right, {"authorization": "Bearer the-right-key"}]
        answered = [site.get("/api/v1/profiles/plone/search", headers=headers).status_code for headers in asked]
        listed = [each["key"] for each in site.get("/api/v1/profiles", headers=right).json()]
        other = site.get("/api/v1/profiles/other/search", headers=right).status_code
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
        ("web_max_age", "a while"),
        ("web_api_keys_required", "perhaps"),
    ],
)
def test_a_setting_of_the_page_that_can_not_be_used_is_refused_by_name(shell: Shell, setting: str, value: str) -> None:
    refused = shell.call(command="pyfserve", **{setting: value})

    assert (refused.code, refused.error.startswith(f"{setting.upper()}='{value}': ")) == (2, True)


@effect_of("metrics_port")
@effect_of("metrics_host")
@pytest.mark.slow
def test_a_worker_tells_prometheus_where_it_is_told_to(shell: Shell) -> None:
    """Before it has reached the queue, too: that there is none is worth telling."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    told = {"metrics_host": "127.0.0.1", "metrics_port": port, "redis_host": "127.0.0.1:1"}

    with shell.start(*WORKER, module="celery", stderr=DEVNULL, **told):
        wait_until(lambda: "pyf_queue_up 0.0" in scraped(port))
        with shell.start(*WORKER, module="celery", **told) as second:
            _, err = second.communicate(timeout=PATIENCE)

    problem = f"Error: METRICS_PORT={port}: metrics can't be served on 127.0.0.1: Address already in use"
    assert (second.returncode, err.splitlines()[-1]) == (2, problem)


@effect_of("log_format")
def test_beat_writes_its_log_as_it_is_told_to(shell: Shell) -> None:
    beat = ("-A", "pyf.aggregator.queue", "beat", "--loglevel=info")
    with shell.start(*beat, module="celery", redis_host="127.0.0.1:1", log_format="json") as process:
        assert process.stderr is not None
        line = next(line for line in process.stderr if "Starting" in line)

    assert msgspec.json.decode(line)["message"] == "beat: Starting..."


def scraped(port: int) -> str:
    try:
        with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=PATIENCE) as answer:
            return str(answer.read().decode())
    except OSError:
        return ""
