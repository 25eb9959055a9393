"""`pyfsearch`: find packages of a collection."""

from typing import Any

import click
from msgspec import Struct

from .. import __version__
from ..domain.search import HealthBand, Sort
from .exit_codes import ExitCode, ExitCodeCommand, default_sigint
from .options import profile_option, target_option


class Options(Struct, frozen=True, kw_only=True):
    """The command's options as given."""

    query: tuple[str, ...]
    profile: str
    target: str
    framework: tuple[str, ...]
    python: tuple[str, ...]
    license_: tuple[str, ...]
    classifier: tuple[str, ...]
    health: tuple[str, ...]
    status: tuple[str, ...]
    maintainer: tuple[str, ...]
    updated_within: int | None
    sort: str
    page: int
    per_page: int
    facets: bool
    json_: bool


@click.command(cls=ExitCodeCommand, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.argument("query", nargs=-1)
@profile_option
@target_option
@click.option(
    "--framework",
    multiple=True,
    metavar="VERSION",
    help='Only what a release supports: "Plone 6.0", or "6.0" where that is clear.',
)
@click.option("--python", multiple=True, metavar="VERSION", help='Only what a release runs on: "3.12".')
@click.option("--license", "license_", multiple=True, metavar="SPDX", help='Only under this licence: "MIT".')
@click.option("--classifier", multiple=True, metavar="CLASSIFIER", help="Only with this classifier.")
@click.option(
    "--health",
    multiple=True,
    type=click.Choice([each.value for each in HealthBand], case_sensitive=False),
    help="Only as healthy.",
)
@click.option(
    "--status",
    multiple=True,
    type=click.Choice(["active", "archived", "deprecated"], case_sensitive=False),
    help="Only of this status on PyPI.",
)
@click.option("--maintainer", multiple=True, metavar="USER", help="Only of this user of PyPI.")
@click.option("--updated-within", type=click.IntRange(min=0), metavar="DAYS", help="Only with a release of these days.")
@click.option(
    "--sort", type=click.Choice([each.value for each in Sort]), default=Sort.RELEVANCE.value, help="What comes first."
)
@click.option("--page", type=click.IntRange(1, 1_000_000), default=1, help="Which page of the answer.")
@click.option("--per-page", type=click.IntRange(1, 250), default=20, help="How many packages on a page.")
@click.option("--facets", is_flag=True, help="Also show what the answer can be narrowed to, with counts.")
@click.option("--json", "json_", is_flag=True, help="Print the answer as one JSON object on stdout.")
@click.version_option(__version__, prog_name="pyfsearch")
def main(**values: Any) -> ExitCode:
    """Find packages of a collection: QUERY is words, a name, its beginning, or nothing for all.

    Names are found however they are written, and with a letter wrong; words in all their forms. Several values of one
    filter are alternatives; all filters have to hold. Case does not count in them, and what is clear may be left out:
    "mit", "3.12". `-p` and `-t` say which collection, as everywhere.

    Exit codes: 0 done, whether anything was found or not, 1 defect, 2 wrong usage or setting, 4 a needed service did
    not answer.
    """
    options = Options(**values)
    # What does the work takes ten times as long to import as what reads the arguments.
    with default_sigint():
        from .search_run import run
    return run(options)


if __name__ == "__main__":
    main()
