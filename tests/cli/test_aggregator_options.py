"""Options of `pyfaggregator`, and messages for unusable ones."""

import re

import click
import pytest

from pyf.aggregator.cli.documented.aggregator import main
from pyf.aggregator.config.profiles import load_profiles
from pyf.aggregator.sandbox.faults import Fault
from pyf.aggregator.sandbox.pypi import LocalPyPI
from support.cli_runner import CommandRunner
from support.click_options import find_uncovered_options, parse_options

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
    (["-v"], ["--verbose"]),
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


@pytest.mark.parametrize(("short", "long"), SPELLINGS, ids=lambda spelling: spelling[0])
def test_short_and_long_options_are_equal(short: list[str], long: list[str]) -> None:
    assert parse_options(main, short) == parse_options(main, long) != parse_options(main, [])


@pytest.mark.parametrize("arguments", LONG_ONLY, ids=lambda arguments: arguments[0])
def test_option_without_short_form_is_parsed(arguments: list[str]) -> None:
    assert parse_options(main, arguments) != parse_options(main, [])


def test_all_options_are_covered() -> None:
    assert find_uncovered_options(main, SPELLINGS, LONG_ONLY) == set()


def test_help_lists_every_option_and_exit_code(shell: CommandRunner) -> None:
    output = shell.invoke("-h")

    assert output.code == 0
    assert "Exit codes: 0 success, 1 internal error, 2 " in " ".join(output.out.split())
    assert all(
        option.help and option.opts[-1] in output.out for option in main.params if isinstance(option, click.Option)
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            "",
            "Say what to do, and one thing only: --first, --incremental, --refresh-from-pypi, --watch, --show",
        ),
        ("-p plone", "Say what to do"),
        ("-f -i -p plone", "one thing only"),
        ("-f --show plone -p plone", "one thing only"),
        ("-f", "a profile with -p/--profile, a collection with -t/--target, or set DEFAULT_PROFILE"),
        ("-f -p rails", f"there is no profile 'rails'; there are {', '.join(sorted(load_profiles()))}"),
        ("-f -ft X", "-ft needs -t/--target"),
        ("-f -ft X -p plone", "-p/--profile and -ft/--filter-troove exclude each other"),
        ("-f -ft= -t c", "-ft/--filter-troove needs a classifier"),
        ("-f --no-plone-filter", "--no-plone-filter needs -t/--target"),
        ("-f --no-plone-filter -p plone", "--no-plone-filter lifts the default filter"),
        ("-f --no-plone-filter -ft X -t c", "--no-plone-filter lifts the default filter"),
        ("-f --no-plone-filter -t c", "not a terminal: confirm with -y/--yes. Nothing was changed"),
        ("-f -p plone -l 0", "0 is not in the range"),
        ("-f -p plone -l many", "'many' is not a valid integer"),
        ("-f -p plone --frist", "no option --frist. Did you mean --first? Options: `pyfaggregator --help`."),
        ("-f -p plone surplus", "unexpected extra argument"),
        ("-f -p", "requires an argument"),
        ("-f -t a/b", "'a/b' is not a valid name of a collection"),
        ("-f --recreate-collection -p plone -l 3", "rebuilds all of a collection: not with -l, -fn or --dry-run"),
        ("-f --recreate-collection -p plone -fn a", "rebuilds all of a collection"),
        ("-f --recreate-collection -p plone --dry-run", "rebuilds all of a collection"),
        (
            "-i --recreate-collection -p plone",
            "--recreate-collection can only be used with --first, not with --incremental",
        ),
        ("-f --all -p plone", "--all can only be used with --refresh-from-pypi"),
        ("-i --all-versions -p plone", "--all-versions can only be used with --show"),
        ("-i --interval 9 -p plone", "--interval can only be used with --watch"),
        ("--show x -l 3 -p plone", "--limit can only be used with"),
        ("--show x --why x -p plone", "one thing only"),
        ("--why x -l 3 -p plone", "--limit can only be used with"),
        ("-i --candidates names.txt -p plone", "--candidates can only be used with --first, not with --incremental"),
        ("--show x --dry-run -p plone", "--dry-run can only be used with"),
        ("--watch -l 3 -p plone", "--limit can only be used with"),
        ("--watch -fn a -p plone", "--filter-name can only be used with"),
    ],
)
def test_usage_error_is_one_line_without_requests(
    shell: CommandRunner, pypi: LocalPyPI, arguments: str, message: str
) -> None:
    result = shell.invoke(*arguments.split())

    assert result.code == 2
    assert message in result.error
    assert result.out == ""
    assert not pypi.requests.total


def test_usage_error_quotes_line_breaks_safely(shell: CommandRunner) -> None:
    shell.invoke("-f", "-p", "plone")

    assert "on two lines" in shell.invoke("--show", "on two\nlines", "-p", "plone").error


@pytest.mark.parametrize("part", ["plone-api", "plone.api", "PLONE_A", "lone.ap", "Api"])
def test_filter_name_matches_any_spelling_before_reading(shell: CommandRunner, pypi: LocalPyPI, part: str) -> None:
    report = shell.invoke("-f", "-p", "plone", "-fn", part, "--json").report

    assert shell.list_names("plone") == ["plone-api"]
    assert (report["found"], pypi.requests.by_kind["project"]) == (1, 1)


def test_limit_counts_packages_after_the_filter(shell: CommandRunner) -> None:
    report = shell.invoke("-f", "-p", "plone", "-l", "1", "-fn", "collective", "--json").report

    assert report["indexed"] == 1
    assert shell.list_names("plone") == ["collective-one"]


@pytest.mark.parametrize("limits", [["-l", "1"], ["-fn", "two"]])
@pytest.mark.parametrize("action", ["-f", "-i", "--refresh-from-pypi"])
def test_limited_run_keeps_cursor_and_unseen_packages(
    shell: CommandRunner, pypi: LocalPyPI, action: str, limits: list[str]
) -> None:
    shell.invoke("-f", "-p", "plone")
    before = shell.get_state("plone").cursor, (shell.folder / ".pyaggregator.since").read_bytes()
    pypi.registry.remove_project("plone.volto")
    pypi.registry.publish("collective.one", "0.3")
    pypi.registry.publish("collective.two", "2.0")

    result = shell.invoke(action, "-p", "plone", *limits)

    assert result.code == 0
    assert shell.list_names("plone") == PLONE
    assert (shell.get_state("plone").cursor, (shell.folder / ".pyaggregator.since").read_bytes()) == before


@pytest.mark.parametrize("action", ["-f", "-i", "--refresh-from-pypi"])
def test_dry_run_reads_and_writes_nothing(shell: CommandRunner, pypi: LocalPyPI, action: str) -> None:
    shell.invoke("-f", "-p", "plone")
    since = (shell.folder / ".pyaggregator.since").read_bytes()
    pypi.registry.publish("collective.one", "0.3")
    pypi.requests.clear()

    result = shell.invoke(action, "-p", "plone", "--dry-run")

    assert result.code == 0
    assert re.search(r"would read 1 of 4 packages", result.err)
    assert "0.3" not in shell.invoke("--show", "collective.one", "-p", "plone").out
    assert (pypi.requests.by_kind["project"], (shell.folder / ".pyaggregator.since").read_bytes()) == (0, since)


def test_show_prints_newest_or_all_releases(shell: CommandRunner) -> None:
    shell.invoke("-f", "-p", "plone")

    newest = shell.invoke("--show", "PLONE-api", "-p", "plone")
    every = shell.invoke("--show", "plone.api", "--all-versions", "-t", "plone")

    assert (newest.code, newest.report["id"], newest.report["is_newest"]) == (0, "Plone.Api-2.0", True)
    assert [release["version"] for release in every.report] == ["2.0", "1.0", "3.0a1"]  # type: ignore[index]


def test_show_reports_missing_package(shell: CommandRunner, pypi: LocalPyPI) -> None:
    shell.invoke("-f", "-p", "plone")
    pypi.registry.remove_project("plone.volto")
    shell.invoke("-i", "-p", "plone")

    assert shell.invoke("--show", "unframed", "-p", "plone").error == "unframed is not in the collection plone"
    removed = shell.invoke("--show", "plone.volto", "-p", "plone")
    assert removed.code == 2
    assert "was removed from the collection plone on" in removed.error


def test_all_checks_every_status(shell: CommandRunner, pypi: LocalPyPI) -> None:
    shell.invoke("-f", "-p", "plone")
    pypi.registry.archive("plone.api")

    shell.invoke("--refresh-from-pypi", "-p", "plone")
    assert shell.invoke("--show", "plone.api", "-p", "plone").report["project_status"] == "active"

    shell.invoke("--refresh-from-pypi", "--all", "-p", "plone")
    assert shell.invoke("--show", "plone.api", "-p", "plone").report["project_status"] == "archived"


def test_mass_removal_requires_option(shell: CommandRunner, pypi: LocalPyPI) -> None:
    for number in range(25):
        pypi.registry.publish(f"flask-{number}", "1.0", info={"classifiers": ["Framework :: Flask"]})
    shell.invoke("-f", "-p", "flask")
    for number in range(25):
        pypi.registry.remove_project(f"flask-{number}")

    refusal = shell.invoke("-i", "-p", "flask", "--json")
    assert (refusal.code, refusal.report["removal_refused"], len(shell.list_names("flask"))) == (3, True, 26)

    allowed = shell.invoke("-i", "-p", "flask", "--allow-mass-removal", "--json")
    assert (allowed.code, allowed.report["removed"], shell.list_names("flask")) == (0, 25, ["flask-thing"])


def test_sincefile_path_is_used(shell: CommandRunner) -> None:
    shell.invoke("-f", "-p", "plone", "-s", "elsewhere")

    assert (shell.folder / "elsewhere").exists()
    assert not (shell.folder / ".pyaggregator.since").exists()


def test_failures_are_listed_and_set_exit_code(shell: CommandRunner, pypi: LocalPyPI) -> None:
    pypi.faults.add(Fault("503", request="project", project="plone-api"))

    result = shell.invoke("-f", "-p", "plone", "--json")

    assert (result.code, result.report["failed"]) == (3, ["plone-api"])
    assert re.search(r"^failed: plone-api: GET .*: 503", result.err, re.MULTILINE)
