"""`pyf`: one command with subcommands, which are imported when they are used."""

from collections.abc import Mapping
from importlib import import_module
from typing import NamedTuple

import click

from .. import __version__
from .exit_codes import ExitCode, ExitCodeGroup
from .options import CONTEXT_SETTINGS
from .signals import default_sigint


class _Entry(NamedTuple):
    """Module and attribute of a subcommand, and its line on the help page."""

    module: str
    attribute: str
    summary: str


SECTIONS: Mapping[str, Mapping[str, _Entry]] = {
    "Fill a collection": {
        "fetch": _Entry("packages", "fetch", "Find all packages of a profile and read them"),
        "update": _Entry("packages", "update", "Read what changed on PyPI since the last run"),
        "refresh": _Entry("packages", "refresh", "Compare a collection with PyPI, remove what is gone"),
        "watch": _Entry("packages", "watch", "Keep a collection current until Ctrl-C"),
        "repositories": _Entry("github", "repositories", "Add repository data: stars, open issues, last commit"),
        "github": _Entry("github", "github", "Add repository data from GitHub only"),
        "downloads": _Entry("downloads", "downloads", "Add download counts"),
    },
    "Find packages": {
        "search": _Entry("search", "search", "Find packages by words, name and filters"),
        "show": _Entry("packages", "show", "Print what is stored of a package"),
        "history": _Entry("packages", "history", "Print score, stars and downloads of a package by month"),
        "explain": _Entry("packages", "explain", "Explain the health score of a package"),
        "why": _Entry("packages", "why", "Explain why a package is in a collection, or not"),
        "check": _Entry("check", "check", "Check the packages of a project before an upgrade"),
        "readiness": _Entry("check", "readiness", "List which packages are ready for a release"),
    },
    "Manage": {
        "collection": _Entry("collections", "collection", "List, create, rebuild, copy, delete, export, import"),
        "alias": _Entry("collections", "alias", "List, set and remove aliases of collections"),
        "key": _Entry("collections", "key", "List, add and remove search-only API keys"),
        "webhook": _Entry("admin", "webhook", "List, test and deliver webhooks"),
        "profile": _Entry("admin", "profile", "List, show and check profiles"),
        "queue": _Entry("admin", "queue", "Run workers and the scheduler, show and purge tasks"),
    },
    "Serve and check": {
        "serve": _Entry("serve", "serve", "Serve web pages and the API"),
        "site": _Entry("serve", "site", "Write the web site as files, for hosts without a server"),
        "mcp": _Entry("serve", "mcp", "Serve the index to AI agents (Model Context Protocol)"),
        "demo": _Entry("demo", "demo", "Try everything on this machine, with sample services"),
        "doctor": _Entry("admin", "doctor", "Check settings, services and the index"),
        "completion": _Entry("admin", "completion", "Print a completion script for bash, zsh or fish"),
    },
}

_ENTRIES = {name: entry for entries in SECTIONS.values() for name, entry in entries.items()}

_EXAMPLES = """\
pyf demo                              see it work, without any setup
pyf fetch -p plone                    fill the collection plone from PyPI
pyf search blog -p django             find Django packages about blogs
pyf explain plone.api -p plone        see how a health score comes about
pyf serve --open                      open the web pages in a browser"""


class LazyGroup(ExitCodeGroup):
    """A group that imports a subcommand when it is used, and lists subcommands by section."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_ENTRIES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _ENTRIES:
            return None
        entry = _ENTRIES[cmd_name]
        with default_sigint():
            command: click.Command = getattr(import_module(f".commands.{entry.module}", __package__), entry.attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        width = max(map(len, _ENTRIES))
        for title, entries in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(f"{name:<{width}}", entry.summary) for name, entry in entries.items()])
        with formatter.section("Examples"):
            for line in _EXAMPLES.splitlines():
                formatter.write(f"{'':{formatter.current_indent}}{line}\n")


@click.group(cls=LazyGroup, context_settings=CONTEXT_SETTINGS, invoke_without_command=True)
@click.option("-q", "--quiet", is_flag=True, help="Print reports and errors only.")
@click.option("-v", "--verbose", count=True, help="Print log lines on stderr; -vv prints more.")
@click.version_option(__version__, prog_name="pyf")
@click.pass_context
def main(context: click.Context, /, quiet: bool, verbose: int) -> ExitCode:
    """Keep a searchable index of every package of a Python framework, from PyPI.

    Run `pyf COMMAND --help` for the options of a command. Reports go to stdout, everything else to stderr.

    Exit codes: 0 success, 1 internal error, 2 wrong usage or setting, 3 some packages failed, 4 a needed service is
    unavailable.
    """
    if quiet and verbose:
        raise click.UsageError("-q/--quiet and -v/--verbose exclude each other.")
    if verbose:
        _configure_logging(verbose)
    if context.invoked_subcommand is None:
        click.echo(context.get_help())
    return ExitCode.SUCCESS


def _configure_logging(verbosity: int) -> None:
    import logging

    from ..logs import configure_logging
    from ..settings import load_settings

    settings = load_settings()
    level = logging.INFO if verbosity == 1 else logging.DEBUG
    configure_logging(settings.log_format, level=level, secrets=settings.secrets)


if __name__ == "__main__":
    main()
