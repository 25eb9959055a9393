"""`pyfgithub` as its users meet it: against services on this machine, in processes of its own where that matters."""

import re
import signal
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from pyf.aggregator.cli.github import main
from pyf.aggregator.sample.ecosystem import Ecosystem
from pyf.aggregator.sample.expand import expanded
from pyf.aggregator.sample.faults import Fault, RetryAfter
from pyf.aggregator.sample.github import LocalGitHub
from pyf.aggregator.sample.hosted import Hosted
from pyf.aggregator.sample.services import LocalPyPI
from shell import AGGREGATOR, GITHUB, Ended, Shell, wait_until

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
def ecosystem() -> Ecosystem:
    return Ecosystem(expanded(PROJECTS))


@pytest.fixture
def github() -> Iterator[LocalGitHub]:
    with LocalGitHub([Hosted(path="plone/plone.api", stars=90, was=("collective/plone.api",))], token=TOKEN) as github:
        yield github


@pytest.fixture
def user(shell: Shell, github: LocalGitHub) -> Shell:
    """A user with a token whose collections of Plone and Flask are up to date."""
    shell.environment |= {"GITHUB_API_URL": github.url, "GITHUB_TOKEN": TOKEN, "GITHUB_REQUEST_DELAY": "0"}
    for profile in ("plone", "flask"):
        shell.call("-f", "-p", profile)
    return shell


@pytest.fixture
def many(pypi: LocalPyPI, github: LocalGitHub, user: Shell) -> Shell:
    """The same with more projects of Django than two requests can hold."""
    for number in range(MANY):
        links = {"Source": f"https://github.com/o/r{number}"}
        info = {"classifiers": ["Framework :: Django"], "project_urls": links}
        pypi.ecosystem.publish(f"django-{number:03}", "1.0", info=info)
        github.host(Hosted(path=f"o/r{number}", stars=number))
    user.call("-f", "-p", "django")
    return user


def pyfgithub(user: Shell, *arguments: str, **settings: object) -> Ended:
    return user.call(*arguments, command="pyfgithub", **settings)


def shown(user: Shell, name: str, profile: str = "plone") -> list[dict[str, object]]:
    documents: list[dict[str, object]] = user.call("--show", name, "-p", profile, "--all-versions").report  # type: ignore[assignment]
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
def test_every_documented_option_has_both_spellings(short: list[str], long: list[str]) -> None:
    parsed = [main.make_context("pyfgithub", [*given]).params for given in (short, long)]

    assert parsed[0] == parsed[1] != main.make_context("pyfgithub", []).params


def test_the_packages_of_a_profile_get_githubs_fields_in_all_releases(user: Shell, github: LocalGitHub) -> None:
    ended = pyfgithub(user, "-p", "plone")

    assert ended.code == 0
    assert re.search(r"enriched +│ 1 ", ended.out)
    assert [document["github_stars"] for document in shown(user, "plone.api")] == [90, 90]
    assert shown(user, "plone.api")[0]["github_url"] == "https://github.com/plone/plone.api"
    assert (github.requests.total, github.requests.by_kind["graphql"]) == (1, 1)


def test_packages_without_a_repository_are_listed_with_the_reason(user: Shell) -> None:
    ended = pyfgithub(user, "-p", "plone", "--json")

    report = ended.report
    assert (ended.code, report["found"], report["enriched"]) == (0, 4, 1)
    assert report["reasons"] == {
        "collective-gone": "GitHub knows no public repository: collective/collective.gone",
        "collective-elsewhere": "its repository is on another host: https://codeberg.org/collective/elsewhere",
        "collective-nowhere": "no link leads to a repository",
    }
    assert sorted(report["missing"]) == sorted(report["reasons"])
    for name, reason in report["reasons"].items():
        assert f"missing: {name}: {reason}" in ended.err


def test_many_missing_packages_share_a_heading_and_are_all_named(many: Shell, github: LocalGitHub) -> None:
    for number in range(MANY):
        github.delete(f"o/r{number}")

    ended = pyfgithub(many, "-p", "django")

    assert f"missing: GitHub knows no public repository ({MANY}):" in ended.err
    assert all(f"django-{number:03} (o/r{number})" in " ".join(ended.err.split()) for number in range(MANY))
    assert len(ended.err.splitlines()) < MANY / 3


def test_what_one_profiles_run_has_learned_costs_the_next_profile_nothing(user: Shell, github: LocalGitHub) -> None:
    user.call("-n", "plone.api", "-p", "plone", "--fresh", command="pyfgithub")
    github.host(Hosted(path="plone/plone.api", stars=91, was=("collective/plone.api",)))
    before = github.requests.total

    report = pyfgithub(user, "-p", "flask", "--json").report

    assert (report["enriched"], report["remembered"], report["requests"]) == (1, 1, 0)
    assert github.requests.total == before
    assert shown(user, "flask-thing", "flask")[0]["github_stars"] == 90


def test_one_package_is_named_in_any_spelling(user: Shell, github: LocalGitHub) -> None:
    ended = pyfgithub(user, "-p", "plone", "-n", "PLONE_API")

    assert (ended.code, github.asked) == (0, {"collective/plone.api": 1})
    assert shown(user, "plone.api")[0]["github_stars"] == 90


def test_an_unknown_package_is_one_line_and_no_request(user: Shell, github: LocalGitHub) -> None:
    ended = pyfgithub(user, "-p", "plone", "-n", "nobody")

    assert (ended.code, ended.out, ended.error) == (2, "", "nobody is not in the collection plone")
    assert github.requests.total == 0


def test_a_collection_that_is_not_there_is_one_line_that_names_the_command(user: Shell) -> None:
    ended = pyfgithub(user, "-p", "fastapi")

    assert (ended.code, ended.out) == (2, "")
    assert ended.error == "there is no collection fastapi yet: fill it first with pyfaggregator -f -p fastapi"


@pytest.mark.parametrize("arguments", [["-v"], ["-n", "a", "-l", "1"], ["-l", "0"], ["-p", "nothing"], []])
def test_what_makes_no_sense_is_one_line(user: Shell, github: LocalGitHub, arguments: list[str]) -> None:
    ended = pyfgithub(user, *arguments)

    assert (ended.code, ended.out, bool(ended.error)) == (2, "", True)
    assert github.requests.total == 0


def test_verbose_asks_afresh_and_prints_document_and_answer_and_never_the_token(
    user: Shell, github: LocalGitHub
) -> None:
    pyfgithub(user, "-p", "plone")
    github.host(Hosted(path="plone/plone.api", stars=91, was=("collective/plone.api",)))

    ended = pyfgithub(user, "-p", "plone", "-n", "plone.api", "-v")

    told = ended.report
    assert (told["document"]["id"], told["document"]["github_stars"]) == ("Plone.Api-2.0", 91)
    (github_told,) = told["github"]
    assert (github_told["asked"], github_told["error"]) == ("https://github.com/collective/plone.api", None)
    assert (github_told["answer"]["nameWithOwner"], github_told["answer"]["stargazerCount"]) == ("plone/plone.api", 91)
    assert told["report"]["requests"] == 1
    assert set(github.authorizations) == {f"Bearer {TOKEN}"}
    assert TOKEN not in ended.out + ended.err


def test_verbose_tells_what_github_said_of_a_repository_that_is_gone(user: Shell) -> None:
    ended = pyfgithub(user, "-p", "plone", "-n", "collective.gone", "-v")

    (told,) = ended.report["github"]
    assert (told["answer"], told["error"]) == (
        None, "GitHub knows no public repository collective/collective.gone",
    )  # fmt: skip
    assert "missing: collective-gone: GitHub knows no public repository: collective/collective.gone" in ended.err


def test_a_wrong_token_is_one_line_that_names_the_setting_and_loses_nothing(user: Shell) -> None:
    pyfgithub(user, "-p", "plone")
    before = shown(user, "plone.api")

    ended = pyfgithub(user, "-p", "plone", "--fresh", github_token="a-secret-that-is-wrong")

    assert (ended.code, ended.error) == (2, "GITHUB_TOKEN is not accepted: GitHub answers 401 Bad credentials")
    assert "a-secret" not in ended.out + ended.err
    assert shown(user, "plone.api") == before


def test_the_stalest_come_first_where_a_limit_is_given(many: Shell, github: LocalGitHub) -> None:
    for _ in range(2):
        assert pyfgithub(many, "-p", "django", "-l", "50", "--json").report["found"] == 50

    assert sum(github.asked.values()) == len(github.asked) == 100


def test_without_a_token_the_limit_is_told_before_it_starts(user: Shell, github: LocalGitHub) -> None:
    github.anonymous.left = 57

    ended = pyfgithub(user, "-p", "plone", github_token="")

    assert re.search(
        r"^Without GITHUB_TOKEN GitHub allows 60 requests an hour, and 57 are left until \d\d:\d\d UTC; "
        r"repositories to ask about in this run: 2\.$",
        ended.err,
        re.MULTILINE,
    )
    assert (ended.code, github.requests.by_kind["graphql"], github.requests.by_kind["repository"]) == (0, 0, 3)
    assert shown(user, "plone.api")[0]["github_stars"] == 90


def test_without_a_token_what_fits_is_done_and_the_rest_is_named(many: Shell, github: LocalGitHub) -> None:
    ended = pyfgithub(many, "-p", "django", "--json", github_token="<your_secret_github_apikey>")

    report = ended.report
    assert (ended.code, report["enriched"], len(report["postponed"])) == (3, 60, MANY - 60)
    assert "The projects looked at longest ago come first" in ended.err
    assert f"postponed: GitHub's limit without GITHUB_TOKEN left no room for it ({MANY - 60}):" in ended.err
    github.anonymous.resets_at = 0
    assert pyfgithub(many, "-p", "django", "--json", github_token="").report["enriched"] == 120


def test_a_502_in_the_middle_and_a_short_pause_change_nothing_in_the_report(many: Shell, github: LocalGitHub) -> None:
    github.faults.add(
        Fault("502", request="graphql", times=1),
        Fault("secondary_limit", request="graphql", times=1, retry_after=RetryAfter(1)),
    )

    ended = pyfgithub(many, "-p", "django", "--json")

    assert (ended.code, ended.report["enriched"], ended.report["failed"]) == (0, MANY, [])
    assert set(github.told.values()) == {1}


def test_an_exhausted_limit_ends_the_run_with_what_was_learned_and_the_next_one_goes_on(
    many: Shell, github: LocalGitHub
) -> None:
    github.graphql.left = 1

    ended = pyfgithub(many, "-p", "django", "--json")

    assert (ended.code, ended.report["enriched"]) == (4, 50)
    assert re.search(r"GitHub's rate limit is used up until \d\d:\d\d UTC$", ended.error)
    assert "80 of 130 projects were not dealt with; what was learned stays" in ended.err
    github.graphql.left = 5000
    again = pyfgithub(many, "-p", "django", "--json").report
    assert (again["enriched"], again["remembered"], set(github.told.values())) == (MANY, 50, {1})


def test_a_github_that_does_not_answer_is_exit_code_4(user: Shell) -> None:
    ended = pyfgithub(user, "-p", "plone", github_api_url="http://127.0.0.1:1")

    assert (ended.code, "no connection" in ended.error) == (4, True)


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGKILL])
def test_a_run_that_is_cut_off_goes_on_where_it_was(many: Shell, github: LocalGitHub, ending: signal.Signals) -> None:
    github.latency = 0.3

    with many.start("-p", "django", module=GITHUB) as run:
        wait_until(lambda: github.requests.total == 2)  # the first answer is there
        run.send_signal(ending)
        run.communicate(timeout=30)
    github.latency = 0.0
    learned = sum(github.told.values())
    again = pyfgithub(many, "-p", "django", "--json").report

    assert run.returncode == {signal.SIGINT: 130, signal.SIGKILL: -signal.SIGKILL}[ending]
    assert 50 <= learned <= 100
    assert (again["enriched"], again["remembered"]) == (MANY, 50)
    assert [shown(many, f"django-{number:03}", "django")[0]["github_stars"] for number in (0, 60, 129)] == [0, 60, 129]


def test_it_runs_as_a_command_of_its_own(user: Shell) -> None:
    ended = user.run("-p", "plone", "--json", module=GITHUB)

    assert (ended.code, ended.report["enriched"]) == (0, 1)


def test_a_recreated_collection_and_a_later_release_keep_what_is_known(user: Shell, pypi: LocalPyPI) -> None:
    pyfgithub(user, "-p", "plone")
    pypi.ecosystem.publish("plone.api", "3.0")

    user.run("-i", "-p", "plone", module=AGGREGATOR)
    released = shown(user, "plone.api")
    user.run("-f", "-p", "plone", "--recreate-collection", module=AGGREGATOR)

    assert [(document["version"], document["github_stars"]) for document in released] == [
        ("3.0", 90), ("2.0", 90), ("1.0", 90),
    ]  # fmt: skip
    assert [document["github_stars"] for document in shown(user, "plone.api")] == [90, 90, 90]


def test_the_help_page_names_every_option() -> None:
    with click.Context(main, info_name="pyfgithub") as context:
        page = main.get_help(context)

    for option in ("-p", "-t", "-n", "-v", "-l", "--fresh", "--json"):
        assert re.search(rf"(?<!\w){option}(?!\w)", page)


def test_nothing_is_written_to_the_folder_but_the_index(user: Shell) -> None:
    before = set(Path(user.folder).iterdir())

    pyfgithub(user, "-p", "plone")

    assert set(Path(user.folder).iterdir()) == before
