"""`pyfdownloads` and `pyf downloads`: add download counts to a collection."""

from typing import Any

import click

from ...settings.downloads import DOWNLOAD_SOURCES, describe_sources
from ..exit_codes import ExitCode
from ..options import command_with_examples, json_option, limit_option, profile_option, target_option, to_program
from ..signals import default_sigint


@command_with_examples("pyf downloads -p plone", "pyf downloads -p django --source clickhouse")
@profile_option
@target_option
@limit_option("Only N packages: new ones first, then those whose counts are oldest.")
@click.option(
    "--source",
    type=click.Choice(list(DOWNLOAD_SOURCES)),
    help=f"Source of the counts: {describe_sources()}. Overrides DOWNLOADS_SOURCE.".replace("`", ""),
)
@click.option("--all", "include_fresh", is_flag=True, help="Include packages that were counted within 20 hours.")
@click.option("--dry-run", is_flag=True, help="Print what would be requested. Send no request and change nothing.")
@json_option()
def downloads(profile: str, target: str, limit: int | None, include_fresh: bool, **options: Any) -> ExitCode:
    """Add download counts to the packages of a collection.

    Skips packages that were counted within the last 20 hours, because sources publish counts once a day. A package
    that the source does not know, or does not answer for, keeps its counts. The next run continues an interrupted one.

    Exit codes: 0 success, 1 internal error, 2 wrong usage or setting, 3 some packages failed, 4 a needed service is
    unavailable.
    """
    with default_sigint():
        from ...usecases.report import EnrichOptions
        from ..actions.enriching import run_downloads
        from ..collection_option import Selection
    enrich_options = EnrichOptions(limit=limit, fresh=include_fresh)
    return run_downloads(Selection(profile=profile, target=target), enrich_options, **options)


main = to_program(downloads, "pyfdownloads")

if __name__ == "__main__":
    main()
