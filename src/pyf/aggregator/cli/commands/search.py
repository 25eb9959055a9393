"""`pyfsearch` and `pyf search`: find packages of a collection."""

from collections.abc import Callable
from typing import Any

import click

from ...domain.documents.schema import FACETS
from ...domain.search import (
    DEFAULT_PER_PAGE,
    MAX_DAYS,
    MAX_PAGE,
    MAX_PER_PAGE,
    MAX_SELECTED_VALUES,
    MAX_VALUE_LENGTH,
    SearchQuery,
    Sort,
    count_selected,
    select_values,
)
from ..exit_codes import ExitCode
from ..options import command_with_examples, json_option, profile_option, target_option, to_program
from ..signals import default_sigint


def _facet_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add an option for each facet."""
    for facet in reversed(FACETS.values()):
        kind = click.Choice(facet.choices, case_sensitive=False) if facet.choices else None
        metavar = None if facet.choices else facet.metavar
        function = click.option(f"--{facet.name}", multiple=True, type=kind, metavar=metavar, help=facet.help)(function)
    return function


@command_with_examples(
    "pyf search blog -p django",
    'pyf search "single sign on" -p plone --framework 6.0',
    "pyf search -p django --license MIT --sort downloads",
)
@click.argument("query", nargs=-1)
@profile_option
@target_option
@_facet_options
@click.option(
    "--updated-within",
    type=click.IntRange(0, MAX_DAYS),
    metavar="DAYS",
    help="Only packages released in the last DAYS.",
)
@click.option(
    "--declared-only", is_flag=True, help="Only Pythons that classifiers declare, not those that are admitted."
)
@click.option(
    "--sort",
    type=click.Choice([order.value for order in Sort]),
    default=Sort.RELEVANCE.value,
    help="Order of results.",
)
@click.option("--page", type=click.IntRange(1, MAX_PAGE), default=1, show_default=True, help="Page of the results.")
@click.option(
    "--per-page",
    type=click.IntRange(1, MAX_PER_PAGE),
    default=DEFAULT_PER_PAGE,
    show_default=True,
    help="Packages per page.",
)
@click.option("--facets", is_flag=True, help="Also print the values that the results can be filtered by, with counts.")
@json_option("Print the results as one JSON object on stdout.")
def search(query: tuple[str, ...], profile: str, target: str, facets: bool, as_json: bool, **options: Any) -> ExitCode:
    """Find packages of a collection. QUERY is words, a name or its beginning; without QUERY, all packages match.

    Finds names in any spelling, with typos or pasted from code, and words in all their forms. Several values of one
    filter are alternatives; several filters must all match. Filters ignore case, and accept unambiguous short forms:
    "mit", "3.12".

    Exit codes: 0 success, even if nothing matches, 1 internal error, 2 wrong usage or setting, 4 a needed service is
    unavailable.
    """
    with default_sigint():
        from ..actions.searching import run_search
        from ..collection_option import Selection
    selection = Selection(profile=profile, target=target)
    return run_search(selection, _build_query(" ".join(query), options), with_facets=facets, as_json=as_json)


def _build_query(text: str, options: dict[str, Any]) -> SearchQuery:
    selected = {name: options.pop(name) for name in FACETS}
    for name, values in selected.items():
        if any(len(value) > MAX_VALUE_LENGTH for value in values):
            raise click.UsageError(f"--{name}: a value has at most {MAX_VALUE_LENGTH} characters.")
    filters = select_values(selected)
    if count_selected(filters) > MAX_SELECTED_VALUES:
        raise click.UsageError(f"At most {MAX_SELECTED_VALUES} filter values can be given.")
    return SearchQuery(text=text, filters=filters, sort=Sort(options.pop("sort")), **options)


main = to_program(search, "pyfsearch")

if __name__ == "__main__":
    main()
