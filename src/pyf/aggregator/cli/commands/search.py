"""`pyfsearch` and `pyf search`: find packages of a collection."""

from typing import Any

import click

from ...domain.search import HealthBand, SearchQuery, Sort
from ..exit_codes import ExitCode, ExitCodeCommand, default_sigint
from ..options import CONTEXT_SETTINGS, json_option, profile_option, target_option, to_program


@click.command(cls=ExitCodeCommand, context_settings=CONTEXT_SETTINGS)
@click.argument("query", nargs=-1)
@profile_option
@target_option
@click.option(
    "--framework",
    "framework_versions",
    multiple=True,
    metavar="VERSION",
    help='Only packages that support this version: "Plone 6.0", or "6.0" where that is clear.',
)
@click.option(
    "--python",
    "python_versions",
    multiple=True,
    metavar="VERSION",
    help='Only for this Python: "3.12".',
)
@click.option("--license", "licenses", multiple=True, metavar="SPDX", help='Only packages under this license: "MIT".')
@click.option("--classifier", "classifiers", multiple=True, metavar="CLASSIFIER", help="Only packages with this one.")
@click.option(
    "--health",
    multiple=True,
    type=click.Choice([band.value for band in HealthBand], case_sensitive=False),
    help="Only packages in this band of the health score.",
)
@click.option(
    "--status",
    "statuses",
    multiple=True,
    type=click.Choice(["active", "archived", "deprecated"], case_sensitive=False),
    help="Only packages with this status on PyPI.",
)
@click.option("--maintainer", "maintainers", multiple=True, metavar="USER", help="Only packages of this PyPI user.")
@click.option(
    "--updated-within", type=click.IntRange(min=0), metavar="DAYS", help="Only packages released in the last DAYS."
)
@click.option(
    "--sort",
    type=click.Choice([order.value for order in Sort]),
    default=Sort.RELEVANCE.value,
    help="Order of results.",
)
@click.option("--page", type=click.IntRange(1, 1_000_000), default=1, show_default=True, help="Page of the results.")
@click.option("--per-page", type=click.IntRange(1, 250), default=20, show_default=True, help="Packages per page.")
@click.option("--facets", is_flag=True, help="Also print the values that the results can be filtered by, with counts.")
@json_option("Print the results as one JSON object on stdout.")
def search(
    query: tuple[str, ...], profile: str, target: str, sort: str, facets: bool, as_json: bool, **filters: Any
) -> ExitCode:
    """Find packages of a collection. QUERY is words, a name or its beginning; without QUERY, all packages match.

    Finds names in any spelling and with one wrong letter, and words in all their forms. Several values of one filter
    are alternatives; several filters must all match. Filters ignore case, and accept unambiguous short forms: "mit",
    "3.12".

    Exit codes: 0 success, even if nothing matches, 1 internal error, 2 wrong usage or setting, 4 a needed service is
    unavailable.
    """
    with default_sigint():
        from ..actions.searching import run_search
        from ..collection_option import Selection
    filters["health"] = tuple(map(HealthBand, filters["health"]))
    search_query = SearchQuery(text=" ".join(query), sort=Sort(sort), **filters)
    selection = Selection(profile=profile, target=target)
    return run_search(selection, search_query, with_facets=facets, as_json=as_json)


main = to_program(search, "pyfsearch")

if __name__ == "__main__":
    main()
