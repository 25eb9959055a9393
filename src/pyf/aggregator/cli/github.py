"""`pyfgithub`: add to a collection's packages what GitHub says about their repositories."""

import click

from .. import __version__
from .exit_codes import ExitCode, ExitCodeCommand, default_sigint
from .options import profile_option, target_option


@click.command(cls=ExitCodeCommand, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@profile_option
@target_option
@click.option("-n", "--name", default="", metavar="PACKAGE", help="Only this package, in any spelling of its name.")
@click.option(
    "-v",
    "--verbose",
    is_flag=True,
    help="With -n: ask GitHub afresh, and print its answer and the package's document as JSON.",
)
@click.option(
    "-l",
    "--limit",
    type=click.IntRange(min=1),
    metavar="N",
    help="Only the N packages that were looked at longest ago.",
)
@click.option("--fresh", is_flag=True, help="Ask again about what is remembered, too (GITHUB_CACHE_TTL).")
@click.option("--json", "json_", is_flag=True, help="Print the report as one JSON object on stdout.")
@click.version_option(__version__, prog_name="pyfgithub")
def main(profile: str, target: str, name: str, verbose: bool, limit: int | None, fresh: bool, json_: bool) -> ExitCode:
    """Add to the packages of a collection what GitHub says about their repositories: stars, issues, last commit.

    With GITHUB_TOKEN, fifty repositories take a request; without, GitHub allows 60 requests an hour. The report goes
    to stdout, everything else to stderr.

    Exit codes: 0 done, 1 defect, 2 wrong usage or setting, 3 done but for some packages, 4 GitHub or the index did
    not answer.
    """
    if verbose and not name:
        raise click.UsageError("-v/--verbose goes with -n/--name: it shows all about one package.")
    if name and limit is not None:
        raise click.UsageError("-n/--name and -l/--limit exclude each other.")
    with default_sigint():
        from .github_run import run
    return run(
        profile=profile, target=target, name=name, verbose=verbose, limit=limit, fresh=fresh or verbose, as_json=json_
    )


if __name__ == "__main__":
    main()
