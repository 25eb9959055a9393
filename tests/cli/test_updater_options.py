"""What `pyfupdater` can be told, and how it takes what it can't be told."""

import click
import pytest

from pyf.aggregator.cli.updater import main
from pyf.aggregator.sample.services import LocalPyPI
from shell import Shell

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
    ["--delete-apikey", "1"],
    ["--delete-collection", "one"],
    ["--recreate-collection"],
    ["--export", "file"],
    ["--import", "file"],
    ["--queue-stats"],
    ["--purge-queue"],
    ["--json"],
]


def parsed(arguments: list[str]) -> dict[str, object]:
    return main.make_context("pyfupdater", list(arguments)).params


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


def test_help_tells_every_option(shell: Shell) -> None:
    shown = shell.call("-h", command="pyfupdater")

    assert shown.code == 0
    assert all(
        option.help and option.opts[-1] in shown.out for option in main.params if isinstance(option, click.Option)
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("", "Say what to do, and one thing only: --list-collections, --list-collection-names, "),
        ("-p plone", "Say what to do"),
        ("-ls -lsn", "one thing only"),
        ("--export a --import b -t x", "one thing only"),
        ("-ls -t plone", "-t/--target goes with --info or "),
        ("-lsn -p plone", "-p/--profile goes with"),
        ("-ls -f", "-f/--force goes with --delete-apikey or --delete-collection or --recreate-collection"),
        ("--add-alias -s a -t b -f", "-f/--force goes with"),
        ("--migrate -s a -t b -key c", "-key/--key goes with --add-search-only-apikey"),
        ("--info -s a", "-s/--source goes with --add-alias or --migrate"),
        ("--add-alias -s a -t b --json", "--json goes with"),
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
        ("--info -t nowhere", "there is no collection nowhere"),
        ("--purge-queue --json", "--json goes with"),
        ("--queue-stats -p plone", "-p/--profile goes with"),
    ],
)
def test_wrong_usage_is_one_line(shell: Shell, pypi: LocalPyPI, arguments: str, said: str) -> None:
    ended = shell.call(*arguments.split(), command="pyfupdater")

    assert ended.code == 2
    assert said in ended.error
    assert ended.out == ""
    assert not pypi.requests.total


@pytest.mark.parametrize(
    "arguments",
    ["--recreate-collection", "--import file", "--migrate -s other", "--add-alias -s other"],
)
def test_no_setting_names_what_is_changed(shell: Shell, arguments: str) -> None:
    shell.call("-f", "-p", "plone")
    before = shell.collections()

    ended = shell.call(*arguments.split(), command="pyfupdater", default_profile="plone")

    assert (ended.code, shell.collections()) == (2, before)
    assert "needs a collection" in ended.error
