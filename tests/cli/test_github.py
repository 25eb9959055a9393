"""`pyfgithub` with local services, in processes where necessary."""

import re
import signal
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from pyf.aggregator.cli.commands.github import main
from pyf.aggregator.sandbox.fake_registry import FakeRegistry
from pyf.aggregator.sandbox.faults import Fault, RetryAfter
from pyf.aggregator.sandbox.github import LocalGitHub
from pyf.aggregator.sandbox.github_fixtures import HostedRepository
from pyf.aggregator.sandbox.pypi import LocalPyPI
from pyf.aggregator.sandbox.yaml_format import parse_yaml_projects
from support.cli_runner import GITHUB, CommandRunner, CompletedCommand
from support.waiting import wait_until

TOKEN = "a-token-for-tests"
PROJECTS = """
projects:
  - name: Plone.Api
    classifiers: ["Framework :: Plone"]
    project_urls: {Source: "https://github.com/collective/plone.api"}
    releases:
      - {version: "1.0", date: 2020-01-01}
      - {version: "2.0", date: 2022-01-01}
  - name: collective.gone
    classifiers: ["Framework :: Plone"]
    home_page: http://github.com/collective/collective.gone
    releases: [{version: "1.0", date: 2021-01-01}]
  - name: collective.elsewhere
    classifiers: ["Framework :: Plone"]
    project_urls: {Source: "https://codeberg.org/collective/elsewhere"}
    releases: [{version: "1.0", date: 2021-01-01}]
  - name: collective.nowhere
    classifiers: ["Framework :: Plone"]
    releases: [{version: "1.0", date: 2021-01-01}]
  - name: flask-thing
    classifiers: ["Framework :: Flask"]
    project_urls: {Repository: "git@github.com:plone/plone.api.git"}
    releases: [{version: "1.0", date: 2021-01-01}]
"""
MANY = 130


@pytest.fixture
def fake_registry() -> FakeRegistry:
    return FakeRegistry(parse_yaml_projects(PROJECTS))


@pytest.fixture
def github() -> Iterator[LocalGitHub]:
    with LocalGitHub(
        [HostedRepository(path="plone/plone.api", stars=90, former_paths=("collective/plone.api",))], token=TOKEN
    ) as github:
        yield github


@pytest.fixture
def user(shell: CommandRunner, github: LocalGitHub) -> CommandRunner:
    """A user with a token whose collections of Plone and Flask are up to date."""
    shell.environment |= {"GITHUB_API_URL": github.url, "GITHUB_TOKEN": TOKEN, "GITHUB_REQUEST_DELAY": "0"}
    for profile in ("plone", "flask"):
        shell.invoke("-f", "-p", profile)
    return shell


@pytest.fixture
def shell_with_many(pypi: LocalPyPI, github: LocalGitHub, user: CommandRunner) -> CommandRunner:
    """The same with more projects of Django than two requests can hold."""
    for number in range(MANY):
        links = {"Source": f"https://github.com/o/r{number}"}
        info = {"classifiers": ["Framework :: Django"], "project_urls": links}
        pypi.registry.publish(f"django-{number:03}", "1.0", info=info)
        github.add_repository(HostedRepository(path=f"o/r{number}", stars=number))
    user.invoke("-f", "-p", "django")
    return user


def pyfgithub(user: CommandRunner, *arguments: str, **settings: object) -> CompletedCommand:
    return user.invoke(*arguments, command="pyfgithub", **settings)


def read_package(user: CommandRunner, name: str, profile: str = "plone") -> list[dict[str, object]]:
    documents: list[dict[str, object]] = user.invoke("--show", name, "-p", profile, "--all-versions").report  # type: ignore[assignment]
    return documents


@pytest.mark.parametrize(
    ("short", "long"),
    [
        (["-p", "django"], ["--profile", "django"]),
        (["-t", "mine"], ["--target", "mine"]),
        (["-n", "plone.api"], ["--name", "plone.api"]),
        (["-n", "plone.api", "-v"], ["--name", "plone.api", "--verbose"]),
        (["-l", "3"], ["--limit", "3"]),
    ],
)
def test_short_and_long_options_are_equal(short: list[str], long: list[str]) -> None:
    parsed = [main.make_context("pyfgithub", [*option]).params for option in (short, long)]

    assert parsed[0] == parsed[1] != main.make_context("pyfgithub", []).params


def test_fields_are_written_to_all_releases(user: CommandRunner, github: LocalGitHub) -> None:
    result = pyfgithub(user, "-p", "plone")

    assert result.code == 0
    assert re.search(r"enriched +│ 1 ", result.out)
    assert [document["github_stars"] for document in read_package(user, "plone.api")] == [90, 90]
    assert read_package(user, "plone.api")[0]["github_url"] == "https://github.com/plone/plone.api"
    assert (github.requests.total, github.requests.by_kind["graphql"]) == (1, 1)


def test_packages_without_repository_are_listed(user: CommandRunner) -> None:
    result = pyfgithub(user, "-p", "plone", "--json")

    report = result.report
    assert (result.code, report["found"], report["enriched"]) == (0, 4, 1)
    assert report["reasons"] == {
        "collective-gone": "GitHub knows no public repository: collective/collective.gone",
        "collective-elsewhere": "its repository is on another host: https://codeberg.org/collective/elsewhere",
        "collective-nowhere": "no link points to a repository",
    }
    assert sorted(report["missing"]) == sorted(report["reasons"])
    for name, reason in report["reasons"].items():
        assert f"missing: {name}: {reason}" in result.err


def test_missing_packages_are_grouped_by_reason(shell_with_many: CommandRunner, github: LocalGitHub) -> None:
    for number in range(MANY):
        github.delete_repository(f"o/r{number}")

    result = pyfgithub(shell_with_many, "-p", "django")

    assert f"missing: GitHub knows no public repository ({MANY}):" in result.err
    assert all(f"django-{number:03} (o/r{number})" in " ".join(result.err.split()) for number in range(MANY))
    assert len(result.err.splitlines()) < MANY / 3


def test_cache_is_shared_between_profiles(user: CommandRunner, github: LocalGitHub) -> None:
    user.invoke("-n", "plone.api", "-p", "plone", "--fresh", command="pyfgithub")
    github.add_repository(HostedRepository(path="plone/plone.api", stars=91, former_paths=("collective/plone.api",)))
    before = github.requests.total

    report = pyfgithub(user, "-p", "flask", "--json").report

    assert (report["enriched"], report["cached"], report["requests"]) == (1, 1, 0)
    assert github.requests.total == before
    assert read_package(user, "flask-thing", "flask")[0]["github_stars"] == 90


def test_name_matches_any_spelling(user: CommandRunner, github: LocalGitHub) -> None:
    result = pyfgithub(user, "-p", "plone", "-n", "PLONE_API")

    assert (result.code, github.request_counts) == (0, {"collective/plone.api": 1})
    assert read_package(user, "plone.api")[0]["github_stars"] == 90


def test_unknown_package_makes_no_request(user: CommandRunner, github: LocalGitHub) -> None:
    result = pyfgithub(user, "-p", "plone", "-n", "nobody")

    assert (result.code, result.out, result.error) == (2, "", "nobody is not in the collection plone")
    assert github.requests.total == 0


def test_missing_collection_names_the_command(user: CommandRunner) -> None:
    result = pyfgithub(user, "-p", "fastapi")

    assert (result.code, result.out) == (2, "")
    assert result.error == "Collection fastapi does not exist. Create it with: pyf fetch -p fastapi"


@pytest.mark.parametrize("arguments", [["-v"], ["-n", "a", "-l", "1"], ["-l", "0"], ["-p", "nothing"], []])
def test_usage_error_is_one_line(user: CommandRunner, github: LocalGitHub, arguments: list[str]) -> None:
    result = pyfgithub(user, *arguments)

    assert (result.code, result.out, bool(result.error)) == (2, "", True)
    assert github.requests.total == 0


def test_verbose_prints_document_and_response_without_token(user: CommandRunner, github: LocalGitHub) -> None:
    pyfgithub(user, "-p", "plone")
    github.add_repository(HostedRepository(path="plone/plone.api", stars=91, former_paths=("collective/plone.api",)))

    result = pyfgithub(user, "-p", "plone", "-n", "plone.api", "-v")

    report = result.report
    assert (report["document"]["id"], report["document"]["github_stars"]) == ("Plone.Api-2.0", 91)
    (github_told,) = report["github"]
    assert (github_told["request"], github_told["error"]) == ("https://github.com/collective/plone.api", None)
    assert (github_told["response"]["nameWithOwner"], github_told["response"]["stargazerCount"]) == (
        "plone/plone.api",
        91,
    )
    assert report["report"]["requests"] == 1
    assert set(github.authorizations) == {f"Bearer {TOKEN}"}
    assert TOKEN not in result.out + result.err


def test_verbose_prints_response_for_removed_repository(user: CommandRunner) -> None:
    result = pyfgithub(user, "-p", "plone", "-n", "collective.gone", "-v")

    (github_result,) = result.report["github"]
    assert (github_result["response"], github_result["error"]) == (
        None, "GitHub has no public repository collective/collective.gone",
    )  # fmt: skip
    assert "missing: collective-gone: GitHub knows no public repository: collective/collective.gone" in result.err


def test_invalid_token_names_the_setting(user: CommandRunner) -> None:
    pyfgithub(user, "-p", "plone")
    before = read_package(user, "plone.api")

    result = pyfgithub(user, "-p", "plone", "--fresh", github_token="a-secret-that-is-wrong")

    assert (result.code, result.error) == (2, "GITHUB_TOKEN is not accepted: GitHub answers 401 Bad credentials")
    assert "a-secret" not in result.out + result.err
    assert read_package(user, "plone.api") == before


def test_limit_selects_oldest_checks_first(shell_with_many: CommandRunner, github: LocalGitHub) -> None:
    for _ in range(2):
        assert pyfgithub(shell_with_many, "-p", "django", "-l", "50", "--json").report["found"] == 50

    assert sum(github.request_counts.values()) == len(github.request_counts) == 100


def test_anonymous_rate_limit_is_printed_before_the_run(user: CommandRunner, github: LocalGitHub) -> None:
    github.anonymous_quota.remaining = 57

    result = pyfgithub(user, "-p", "plone", github_token="")

    assert re.search(
        r"^Without GITHUB_TOKEN GitHub allows 60 requests an hour; 57 are left until \d\d:\d\d UTC\. "
        r"Repositories to request in this run: 2\.$",
        result.err,
        re.MULTILINE,
    )
    assert (result.code, github.requests.by_kind["graphql"], github.requests.by_kind["repository"]) == (0, 0, 3)
    assert read_package(user, "plone.api")[0]["github_stars"] == 90


def test_anonymous_run_stops_at_rate_limit(shell_with_many: CommandRunner, github: LocalGitHub) -> None:
    result = pyfgithub(shell_with_many, "-p", "django", "--json", github_token="<your_secret_github_apikey>")

    report = result.report
    assert (result.code, report["enriched"], len(report["deferred"])) == (3, 60, MANY - 60)
    assert "The packages with the oldest check come first" in result.err
    assert (
        f"deferred: GitHub's rate limit without GITHUB_TOKEN is used up; the next run continues ({MANY - 60}):"
        in result.err
    )
    github.anonymous_quota.resets_at = 0
    assert pyfgithub(shell_with_many, "-p", "django", "--json", github_token="").report["enriched"] == 120


def test_retry_after_502_and_secondary_limit(shell_with_many: CommandRunner, github: LocalGitHub) -> None:
    github.faults.add(
        Fault("502", request="graphql", times=1),
        Fault("secondary_limit", request="graphql", times=1, retry_after=RetryAfter(1)),
    )

    result = pyfgithub(shell_with_many, "-p", "django", "--json")

    assert (result.code, result.report["enriched"], result.report["failed"]) == (0, MANY, [])
    assert set(github.response_counts.values()) == {1}


def test_exhausted_limit_is_resumed(shell_with_many: CommandRunner, github: LocalGitHub) -> None:
    github.graphql_quota.remaining = 1

    result = pyfgithub(shell_with_many, "-p", "django", "--json")

    assert (result.code, result.report["enriched"]) == (4, 50)
    assert re.search(r"GitHub's rate limit is used up until \d\d:\d\d UTC$", result.error)
    assert "80 of 130 packages were not processed; the others are saved" in result.err
    github.graphql_quota.remaining = 5000
    repeated = pyfgithub(shell_with_many, "-p", "django", "--json").report
    assert (repeated["enriched"], repeated["cached"], set(github.response_counts.values())) == (MANY, 50, {1})


def test_unavailable_github_exits_4(user: CommandRunner) -> None:
    result = pyfgithub(user, "-p", "plone", github_api_url="http://127.0.0.1:1")

    assert (result.code, "no connection" in result.error) == (4, True)


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGKILL])
def test_interrupted_run_is_resumed(
    shell_with_many: CommandRunner, github: LocalGitHub, ending: signal.Signals
) -> None:
    github.latency = 0.3

    with shell_with_many.start("-p", "django", module=GITHUB) as run:
        wait_until(lambda: github.requests.total == 2)  # the first answer is there
        run.send_signal(ending)
        run.communicate(timeout=30)
    github.latency = 0.0
    learned = sum(github.response_counts.values())
    repeated = pyfgithub(shell_with_many, "-p", "django", "--json").report

    assert run.returncode == {signal.SIGINT: 130, signal.SIGKILL: -signal.SIGKILL}[ending]
    assert 50 <= learned <= 100
    assert (repeated["enriched"], repeated["cached"]) == (MANY, 50)
    assert [
        read_package(shell_with_many, f"django-{number:03}", "django")[0]["github_stars"] for number in (0, 60, 129)
    ] == [0, 60, 129]


def test_runs_as_module(user: CommandRunner) -> None:
    result = user.run("-p", "plone", "--json", module=GITHUB)

    assert (result.code, result.report["enriched"]) == (0, 1)


def test_rebuild_and_new_release_keep_github_fields(user: CommandRunner, pypi: LocalPyPI) -> None:
    pyfgithub(user, "-p", "plone")
    pypi.registry.publish("plone.api", "3.0")

    user.invoke("-i", "-p", "plone")
    released = read_package(user, "plone.api")
    user.invoke("-f", "-p", "plone", "--recreate-collection")

    assert [(document["version"], document["github_stars"]) for document in released] == [
        ("3.0", 90), ("2.0", 90), ("1.0", 90),
    ]  # fmt: skip
    assert [document["github_stars"] for document in read_package(user, "plone.api")] == [90, 90, 90]


def test_help_lists_every_option() -> None:
    with click.Context(main, info_name="pyfgithub") as context:
        page = main.get_help(context)

    for option in ("-p", "-t", "-n", "-v", "-l", "--fresh", "--json"):
        assert re.search(rf"(?<!\w){option}(?!\w)", page)


def test_folder_contains_only_the_index(user: CommandRunner) -> None:
    before = set(Path(user.folder).iterdir())

    pyfgithub(user, "-p", "plone")

    assert set(Path(user.folder).iterdir()) == before
