"""`pyfdownloads`: add to a collection how often its packages are downloaded."""

from typing import Any

import click
from msgspec import Struct

from .. import __version__
from .exit_codes import ExitCode, ExitCodeCommand, default_sigint
from .options import profile_option, target_option


class Options(Struct, frozen=True, kw_only=True):
    """The command's options as given."""

    profile: str
    target: str
    limit: int | None
    source: str | None
    all_: bool
    dry_run: bool
    json_: bool


@click.command(cls=ExitCodeCommand, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@profile_option
@target_option
@click.option(
    "-l",
    "--limit",
    type=click.IntRange(min=1),
    metavar="N",
    help="Count N packages: those that were not asked about for longest, never counted ones first.",
)
@click.option(
    "--source",
    type=click.Choice(["pypistats", "clickhouse"]),
    help="Where the counts come from: some 30 packages a minute, or 900 a request; beats DOWNLOADS_SOURCE.",
)
@click.option("--all", "all_", is_flag=True, help="Ask about all packages, also those asked about a short time ago.")
@click.option("--dry-run", is_flag=True, help="Say what would be asked, and ask and write nothing.")
@click.option("--json", "json_", is_flag=True, help="Print the report as one JSON object on stdout.")
@click.version_option(__version__, prog_name="pyfdownloads")
def main(**values: Any) -> ExitCode:
    """Add to the packages of a collection how often they are downloaded.

    Packages that the source was asked about within the last 20 hours are left out: it counts once a day. A package
    that it does not know or does not answer for keeps the counts it has. A run that was interrupted is gone on with by
    the next one.

    Exit codes: 0 done, 1 defect, 2 wrong usage or setting, 3 done but for some packages, 4 a needed service did
    not answer.
    """
    options = Options(**values)
    # What does the work takes ten times as long to import as what reads the arguments.
    with default_sigint():
        from .downloads_run import run
    return run(options)


if __name__ == "__main__":
    main()
