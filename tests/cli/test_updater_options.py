"""Options of `pyfupdater`, and messages for unusable ones."""

import click
import pytest

from pyf.aggregator.cli.documented.updater import main
from pyf.aggregator.sandbox.pypi import LocalPyPI
from support.cli_runner import CommandRunner
from support.click_options import find_uncovered_options, parse_options

SPELLINGS = [
    (["-ls"], ["--list-collections"]),
    (["-lsn"], ["--list-collection-names"]),
    (["-lsa"], ["--list-aliases"]),
    (["-lssoa"], ["--list-search-only-apikeys"]),
    (["-s", "one"], ["--source", "one"]),
    (["-t", "one"], ["--target", "one"]),
    (["-p", "django"], ["--profile", "django"]),
    (["-key", "value"], ["--key", "value"]),
    (["-f"], ["--force"]),
]
LONG_ONLY = [
    ["--info"],
    ["--migrate"],
    ["--add-alias"],
    ["--add-search-only-apikey"],
    ["--add-search-preset"],
    ["--delete-apikey", "1"],
    ["--delete-collection", "one"],
    ["--delete-alias", "one"],
    ["--recreate-collection"],
    ["--export", "file"],
    ["--import", "file"],
    ["--queue-stats"],
    ["--purge-queue"],
    ["--json"],
]


@pytest.mark.parametrize(("short", "long"), SPELLINGS, ids=lambda spelling: spelling[0])
def test_short_and_long_options_are_equal(short: list[str], long: list[str]) -> None:
    assert parse_options(main, short) == parse_options(main, long) != parse_options(main, [])


@pytest.mark.parametrize("arguments", LONG_ONLY, ids=lambda arguments: arguments[0])
def test_option_without_short_form_is_parsed(arguments: list[str]) -> None:
    assert parse_options(main, arguments) != parse_options(main, [])


def test_all_options_are_covered() -> None:
    assert find_uncovered_options(main, SPELLINGS, LONG_ONLY) == set()


def test_help_lists_every_option(shell: CommandRunner) -> None:
    output = shell.invoke("-h", command="pyfupdater")

    assert output.code == 0
    assert all(
        option.help and option.opts[-1] in output.out for option in main.params if isinstance(option, click.Option)
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("", "Say what to do, and one thing only: --list-collections, --list-collection-names, "),
        ("-p plone", "Say what to do"),
        ("-ls -lsn", "one thing only"),
        ("--export a --import b -t x", "one thing only"),
        ("-ls -t plone", "-t/--target can only be used with --info or "),
        ("-lsn -p plone", "-p/--profile can only be used with"),
        ("-ls -f", "-f/--force can only be used with --add-alias or --delete-apikey or --delete-collection or"),
        ("--migrate -s a -t b -f", "-f/--force can only be used with"),
        ("--migrate -s a -t b -key c", "-key/--key can only be used with --add-search-only-apikey"),
        ("--info -s a", "-s/--source can only be used with --add-alias or --migrate"),
        ("--add-alias -s a -t b --json", "--json can only be used with"),
        ("--add-alias -t b", "--add-alias needs the alias: -s/--source NAME"),
        ("--migrate -t b", "--migrate needs the collection to copy: -s/--source NAME"),
        ("--add-alias -s a", "--add-alias needs a collection: -t/--target NAME or -p/--profile KEY"),
        ("--migrate -s a", "--migrate needs a collection"),
        ("--recreate-collection", "--recreate-collection needs a collection"),
        ("--import a", "--import needs a collection"),
        ("--export a", "Which collection?"),
        ("--add-search-only-apikey", "Which collection?"),
        ("--export - --json -t plone", "--json prints the report on stdout"),
        ("--export= -t plone", "--export needs a file, or - for stdout"),
        ("--import= -t plone", "--import needs a file, or - for stdin"),
        ("--delete-collection=", "--delete-collection needs a value"),
        ("--add-search-only-apikey -t plone -key=", "-key/--key needs a value"),
        ("--delete-apikey one", "'one' is not a valid integer"),
        ("--info -p rails", "there is no profile 'rails'"),
        ("--info -t nowhere", "there is no index at"),
        ("--purge-queue --json", "--json can only be used with"),
        ("--queue-stats -p plone", "-p/--profile can only be used with"),
    ],
)
def test_usage_error_is_one_line(shell: CommandRunner, pypi: LocalPyPI, arguments: str, message: str) -> None:
    result = shell.invoke(*arguments.split(), command="pyfupdater")

    assert result.code == 2
    assert message in result.error
    assert result.out == ""
    assert not pypi.requests.total


@pytest.mark.parametrize(
    "arguments",
    ["--recreate-collection", "--import file", "--migrate -s other", "--add-alias -s other"],
)
def test_changes_ignore_default_profile(shell: CommandRunner, arguments: str) -> None:
    shell.invoke("-f", "-p", "plone")
    before = shell.list_collections()

    result = shell.invoke(*arguments.split(), command="pyfupdater", default_profile="plone")

    assert (result.code, shell.list_collections()) == (2, before)
    assert "needs a collection" in result.error
