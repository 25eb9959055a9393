"""What `pyfaggregator` can be told, and how it takes what it can't be told."""

import re

import click
import pytest

from pyf.aggregator.cli.aggregator import main
from pyf.aggregator.sample.faults import Fault
from pyf.aggregator.sample.services import LocalPyPI
from shell import Shell

PLONE = ["collective-one", "collective-two", "plone-api", "plone-volto"]

# Every option of the documentation, and values that differ from the defaults.
SPELLINGS = [
    (["-f"], ["--first"]),
    (["-i"], ["--incremental"]),
    (["-s", "file"], ["--sincefile", "file"]),
    (["-l", "3"], ["--limit", "3"]),
    (["-fn", "api"], ["--filter-name", "api"]),
    (["-ft", "A", "-ft", "B"], ["--filter-troove", "A", "--filter-troove", "B"]),
    (["-p", "django"], ["--profile", "django"]),
    (["-t", "mine"], ["--target", "mine"]),
    (["-y"], ["--yes"]),
]
LONG_ONLY = [
    ["--refresh-from-pypi"],
    ["--no-plone-filter"],
    ["--show", "plone"],
    ["--explain", "plone"],
    ["--all-versions"],
    ["--recreate-collection"],
    ["--dry-run"],
    ["--json"],
    ["--watch"],
    ["--interval", "9"],
    ["--all"],
    ["--allow-mass-removal"],
    ["--why", "plone"],
    ["--candidates", "names.txt"],
]


def parsed(arguments: list[str]) -> dict[str, object]:
    return main.make_context("pyfaggregator", list(arguments)).params


@pytest.mark.parametrize(("short", "long"), SPELLINGS, ids=lambda spelling: spelling[0])
def test_the_short_and_the_long_option_say_the_same(short: list[str], long: list[str]) -> None:
    assert parsed(short) == parsed(long) != parsed([])


@pytest.mark.parametrize("arguments", LONG_ONLY, ids=lambda arguments: arguments[0])
def test_an_option_without_a_short_form_says_something(arguments: list[str]) -> None:
    assert parsed(arguments) != parsed([])


def test_these_are_all_options() -> None:
    tried = {option for pair in SPELLINGS for form in pair for option in form if option.startswith("-")}
    tried |= {arguments[0] for arguments in LONG_ONLY}

    assert tried == {
        form
        for option in main.params
        if isinstance(option, click.Option) and not option.is_eager
        for form in option.opts
    }


def test_help_tells_the_purpose_the_exit_codes_and_every_option(shell: Shell) -> None:
    shown = shell.call("-h")

    assert shown.code == 0
    assert "Exit codes: 0 done, 1 defect, 2 " in " ".join(shown.out.split())
    assert all(
        option.help and option.opts[-1] in shown.out for option in main.params if isinstance(option, click.Option)
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            "",
            "Say what to do, and one thing only: --first, --incremental, --refresh-from-pypi, --watch, --show",
        ),
        ("-p plone", "Say what to do"),
        ("-f -i -p plone", "one thing only"),
        ("-f --show plone -p plone", "one thing only"),
        ("-f", "a profile with -p/--profile, a collection with -t/--target, or set DEFAULT_PROFILE"),
        ("-f -p rails", "there is no profile 'rails'; there are django, fastapi, flask, plone"),
        ("-f -ft X", "-ft needs -t/--target"),
        ("-f -ft X -p plone", "-p/--profile and -ft/--filter-troove exclude each other"),
        ("-f -ft= -t c", "-ft/--filter-troove needs a classifier"),
        ("-f --no-plone-filter", "--no-plone-filter needs -t/--target"),
        ("-f --no-plone-filter -p plone", "--no-plone-filter lifts the default filter"),
        ("-f --no-plone-filter -ft X -t c", "--no-plone-filter lifts the default filter"),
        ("-f --no-plone-filter -t c", "confirm with --yes where nobody can be asked"),
        ("-f -p plone -l 0", "0 is not in the range"),
        ("-f -p plone -l many", "'many' is not a valid integer"),
        ("-f -p plone --frist", "No such option '--frist'"),
        ("-f -p plone surplus", "unexpected extra argument"),
        ("-f -p", "requires an argument"),
        ("-f -t a/b", "'a/b' can't be the name of a collection"),
        ("-f --recreate-collection -p plone -l 3", "rebuilds all of a collection: not with -l, -fn or --dry-run"),
        ("-f --recreate-collection -p plone -fn a", "rebuilds all of a collection"),
        ("-f --recreate-collection -p plone --dry-run", "rebuilds all of a collection"),
        ("-i --recreate-collection -p plone", "--recreate-collection goes with --first, not with --incremental"),
        ("-f --all -p plone", "--all goes with --refresh-from-pypi"),
        ("-i --all-versions -p plone", "--all-versions goes with --show"),
        ("-i --interval 9 -p plone", "--interval goes with --watch"),
        ("--show x -l 3 -p plone", "--limit goes with"),
        ("--show x --why x -p plone", "one thing only"),
        ("--why x -l 3 -p plone", "--limit goes with"),
        ("-i --candidates names.txt -p plone", "--candidates goes with --first, not with --incremental"),
        ("--show x --dry-run -p plone", "--dry-run goes with"),
        ("--watch -l 3 -p plone", "--limit goes with"),
        ("--watch -fn a -p plone", "--filter-name goes with"),
    ],
)
def test_wrong_usage_is_one_line_and_touches_nothing(shell: Shell, pypi: LocalPyPI, arguments: str, said: str) -> None:
    ended = shell.call(*arguments.split())

    assert ended.code == 2
    assert said in ended.error
    assert ended.out == ""
    assert not pypi.requests.total


def test_an_option_may_quote_what_breaks_lines(shell: Shell) -> None:
    shell.call("-f", "-p", "plone")

    assert "on two lines" in shell.call("--show", "on two\nlines", "-p", "plone").error


@pytest.mark.parametrize("part", ["plone-api", "plone.api", "PLONE_A", "lone.ap", "Api"])
def test_a_name_filter_fits_any_spelling_and_is_applied_before_projects_are_read(
    shell: Shell, pypi: LocalPyPI, part: str
) -> None:
    report = shell.call("-f", "-p", "plone", "-fn", part, "--json").report

    assert shell.names("plone") == ["plone-api"]
    assert (report["found"], pypi.requests.by_kind["project"]) == (1, 1)


def test_a_limit_counts_packages_that_are_processed_after_the_filter(shell: Shell) -> None:
    report = shell.call("-f", "-p", "plone", "-l", "1", "-fn", "collective", "--json").report

    assert report["indexed"] == 1
    assert shell.names("plone") == ["collective-one"]


@pytest.mark.parametrize("limits", [["-l", "1"], ["-fn", "two"]])
@pytest.mark.parametrize("action", ["-f", "-i", "--refresh-from-pypi"])
def test_a_limited_run_moves_no_cursor_and_removes_only_what_it_looks_at(
    shell: Shell, pypi: LocalPyPI, action: str, limits: list[str]
) -> None:
    shell.call("-f", "-p", "plone")
    before = shell.state("plone").cursor, (shell.folder / ".pyaggregator.since").read_bytes()
    pypi.ecosystem.remove_project("plone.volto")
    pypi.ecosystem.publish("collective.one", "0.2")
    pypi.ecosystem.publish("collective.two", "2.0")

    ended = shell.call(action, "-p", "plone", *limits)

    assert ended.code == 0
    assert shell.names("plone") == PLONE
    assert (shell.state("plone").cursor, (shell.folder / ".pyaggregator.since").read_bytes()) == before


@pytest.mark.parametrize("action", ["-f", "-i", "--refresh-from-pypi"])
def test_a_dry_run_reads_no_project_and_writes_nothing(shell: Shell, pypi: LocalPyPI, action: str) -> None:
    shell.call("-f", "-p", "plone")
    since = (shell.folder / ".pyaggregator.since").read_bytes()
    pypi.ecosystem.publish("collective.one", "0.2")
    pypi.requests.clear()

    ended = shell.call(action, "-p", "plone", "--dry-run")

    assert ended.code == 0
    assert re.search(r"would read 1 (of 4 )?projects", ended.err)
    assert "0.2" not in shell.call("--show", "collective.one", "-p", "plone").out
    assert (pypi.requests.by_kind["project"], (shell.folder / ".pyaggregator.since").read_bytes()) == (0, since)


def test_show_prints_the_newest_release_and_all_of_them_where_that_is_asked_for(shell: Shell) -> None:
    shell.call("-f", "-p", "plone")

    newest = shell.call("--show", "PLONE-api", "-p", "plone")
    every = shell.call("--show", "plone.api", "--all-versions", "-t", "plone")

    assert (newest.code, newest.report["id"], newest.report["is_newest"]) == (0, "Plone.Api-2.0", True)
    assert [each["version"] for each in every.report] == ["2.0", "1.0", "3.0a1"]  # type: ignore[index]


def test_show_of_what_is_not_there_says_so(shell: Shell, pypi: LocalPyPI) -> None:
    shell.call("-f", "-p", "plone")
    pypi.ecosystem.remove_project("plone.volto")
    shell.call("-i", "-p", "plone")

    assert shell.call("--show", "unframed", "-p", "plone").error == "unframed is not in the collection plone"
    gone = shell.call("--show", "plone.volto", "-p", "plone")
    assert gone.code == 2
    assert "left the collection plone on" in gone.error


def test_all_looks_up_the_status_of_every_package(shell: Shell, pypi: LocalPyPI) -> None:
    shell.call("-f", "-p", "plone")
    pypi.ecosystem.archive("plone.api")

    shell.call("--refresh-from-pypi", "-p", "plone")
    assert shell.call("--show", "plone.api", "-p", "plone").report["project_status"] == "active"

    shell.call("--refresh-from-pypi", "--all", "-p", "plone")
    assert shell.call("--show", "plone.api", "-p", "plone").report["project_status"] == "archived"


def test_a_mass_removal_has_to_be_allowed(shell: Shell, pypi: LocalPyPI) -> None:
    for number in range(25):
        pypi.ecosystem.publish(f"flask-{number}", "1.0", info={"classifiers": ["Framework :: Flask"]})
    shell.call("-f", "-p", "flask")
    for number in range(25):
        pypi.ecosystem.remove_project(f"flask-{number}")

    refused = shell.call("-i", "-p", "flask", "--json")
    assert (refused.code, refused.report["refused"], len(shell.names("flask"))) == (3, True, 26)

    allowed = shell.call("-i", "-p", "flask", "--allow-mass-removal", "--json")
    assert (allowed.code, allowed.report["removed"], shell.names("flask")) == (0, 25, ["flask-thing"])


def test_the_since_file_is_the_one_that_is_named(shell: Shell) -> None:
    shell.call("-f", "-p", "plone", "-s", "elsewhere")

    assert (shell.folder / "elsewhere").exists()
    assert not (shell.folder / ".pyaggregator.since").exists()


def test_failures_are_named_with_their_reasons_and_change_the_exit_code(shell: Shell, pypi: LocalPyPI) -> None:
    pypi.faults.add(Fault("503", request="project", project="plone-api"))

    ended = shell.call("-f", "-p", "plone", "--json")

    assert (ended.code, ended.report["failed"]) == (3, ["plone-api"])
    assert re.search(r"^failed: plone-api: GET .*: 503", ended.err, re.MULTILINE)
