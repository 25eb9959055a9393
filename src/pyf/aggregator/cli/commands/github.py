"""`pyf repositories`, `pyf github` and `pyfgithub`: add data of repositories to a collection."""

from typing import Any

import click

from ... import __version__
from ..exit_codes import ExitCode, ExitCodeCommand
from ..options import CONTEXT_SETTINGS, command_with_examples, json_option, limit_option, profile_option, target_option
from ..signals import default_sigint

_ON_GITHUB = {"host": "github.com"}

_LIMIT_OPTION = limit_option("Only the N packages whose data is oldest.")
_FRESH_OPTION = click.option("--fresh", is_flag=True, help="Ignore cached repository data (GITHUB_CACHE_TTL).")


@click.command(cls=ExitCodeCommand, context_settings=CONTEXT_SETTINGS)
@profile_option
@target_option
@click.option("-n", "--name", default="", metavar="PACKAGE", help="Only this package, in any spelling of its name.")
@click.option(
    "-v",
    "--verbose",
    is_flag=True,
    help="With -n: request fresh data, and print GitHub's response and the package's document as JSON.",
)
@_LIMIT_OPTION
@_FRESH_OPTION
@json_option()
@click.version_option(__version__, prog_name="pyfgithub")
def main(profile: str, target: str, name: str, verbose: bool, **options: Any) -> ExitCode:
    """Add GitHub data to the packages of a collection: stars, open issues, last commit.

    With GITHUB_TOKEN, one request reads 50 repositories; without, GitHub allows 60 requests an hour. The report goes
    to stdout, everything else to stderr.

    Exit codes: 0 success, 1 internal error, 2 wrong usage or setting, 3 some packages failed, 4 GitHub or the index
    is unavailable.
    """
    if verbose and not name:
        raise click.UsageError("-v/--verbose can only be used with -n/--name: it prints the data of one package.")
    if name and options["limit"] is not None:
        raise click.UsageError("-n/--name and -l/--limit exclude each other.")
    return _run(profile, target, options | _ON_GITHUB, name=name, raw=verbose)


@command_with_examples("pyf repositories -p plone", "pyf repositories plone.api -p plone")
@click.argument("name", required=False, default="")
@profile_option
@target_option
@_LIMIT_OPTION
@_FRESH_OPTION
@click.option("--raw", is_flag=True, help="With NAME: request fresh data, and print the host's response as JSON.")
@json_option()
def repositories(profile: str, target: str, name: str, raw: bool, **options: Any) -> ExitCode:
    """Add repository data to all packages of a collection, or to the package NAME: stars, open issues, last commit.

    Reads GitHub, GitLab (GITLAB_HOSTS), and Codeberg and other Forgejo servers (FORGEJO_HOSTS). A host that is down
    does not stop the others. Without GITHUB_TOKEN, GitHub allows 60 requests an hour.
    """
    _check_name(name, raw=raw, limit=options["limit"])
    return _run(profile, target, options, name=name, raw=raw)


@command_with_examples("pyf github -p plone", "pyf github plone.api -p plone")
@click.argument("name", required=False, default="")
@profile_option
@target_option
@_LIMIT_OPTION
@_FRESH_OPTION
@click.option("--raw", is_flag=True, help="With NAME: request fresh data, and print GitHub's response as JSON.")
@json_option()
def github(profile: str, target: str, name: str, raw: bool, **options: Any) -> ExitCode:
    """Do what `pyf repositories` does, on GitHub only.

    With GITHUB_TOKEN, one request reads 50 repositories; without, GitHub allows 60 requests an hour.
    """
    _check_name(name, raw=raw, limit=options["limit"])
    return _run(profile, target, options | _ON_GITHUB, name=name, raw=raw)


def _check_name(name: str, *, raw: bool, limit: int | None) -> None:
    if raw and not name:
        raise click.UsageError("--raw needs NAME: it prints the data of one package.")
    if name and limit is not None:
        raise click.UsageError("NAME and -l/--limit exclude each other.")


def _run(profile: str, target: str, options: dict[str, Any], *, name: str, raw: bool) -> ExitCode:
    with default_sigint():
        from ...usecases.report import EnrichOptions
        from ..actions.enriching import run_repositories
        from ..collection_option import Selection
    selection, as_json = Selection(profile=profile, target=target), options.pop("as_json")
    return run_repositories(selection, EnrichOptions(**options), name=name, raw=raw, as_json=as_json)


if __name__ == "__main__":
    main()
