"""`pyf collection`, `pyf alias` and `pyf key`: manage collections, their names, and the keys that search them.

This module must import fast: shell completion loads it. The work is done by `collections`, `index_lists` and `keys` in
`cli/actions`.
"""

from typing import Any

import click

from ..exit_codes import ExitCode, ExitCodeGroup
from ..options import (
    CONTEXT_SETTINGS,
    complete_collections,
    json_option,
    profile_option,
    target_option,
    yes_option,
)
from ..signals import default_sigint

_EXPORT_FORMATS = ("jsonl", "csv", "parquet")

_list_json_option = json_option("Print the list as JSON on stdout.")
_name_argument = click.argument("name", shell_complete=complete_collections)


@click.group(cls=ExitCodeGroup, context_settings=CONTEXT_SETTINGS)
def collection() -> None:
    """List, create, rebuild, copy, delete, export and import collections."""


@collection.command("list")
@click.option("--names", "names_only", is_flag=True, help="Print the names only, one per line.")
@_list_json_option
def list_collections(names_only: bool, as_json: bool) -> ExitCode:
    """List all collections."""
    with default_sigint():
        from ..actions.collections import run_list
    return run_list(names_only=names_only, as_json=as_json)


@collection.command
@click.argument("name", required=False, default="", shell_complete=complete_collections)
@json_option("Print the details as one JSON object on stdout.")
def info(name: str, as_json: bool) -> ExitCode:
    """Print the size and the age of the collection NAME, or of all collections."""
    with default_sigint():
        from ..actions.collections import run_info
        from ..collection_option import Selection
    return run_info(Selection(target=name) if name else None, as_json=as_json)


@collection.command
@_name_argument
@profile_option
def create(name: str, profile: str) -> ExitCode:
    """Create the empty collection NAME with the filter of a profile.

    Without -p, the profile named NAME is used.
    """
    with default_sigint():
        from ..actions.collections import run_create
        from ..collection_option import Selection
    return run_create(Selection(profile=profile or name, target=name))


@collection.command
@_name_argument
@click.option("--from-pypi", is_flag=True, help="Read everything from PyPI instead of copying the collection.")
@click.option("--allow-mass-removal", is_flag=True, help="With --from-pypi: allow removing more than a tenth.")
@profile_option
@click.option(
    "--classifier",
    "classifiers",
    multiple=True,
    metavar="CLASSIFIER",
    help="With --from-pypi, instead of a profile: packages with this trove classifier or one below it.",
)
@click.option("--all-projects", is_flag=True, help="With --from-pypi, instead of a profile: every project on PyPI.")
@json_option()
@yes_option
def rebuild(
    name: str, from_pypi: bool, allow_mass_removal: bool, as_json: bool, is_confirmed: bool, **filter_options: Any
) -> ExitCode:
    """Rebuild the collection NAME beside the live one, and switch the alias once it is complete.

    Readers see the old collection until then.
    """
    needs_pypi = {
        "--allow-mass-removal": allow_mass_removal,
        "--classifier": filter_options["classifiers"],
        "--all-projects": filter_options["all_projects"],
    }
    for option, is_given in needs_pypi.items():
        if is_given and not from_pypi:
            raise click.UsageError(f"{option} can only be used with --from-pypi.")
    with default_sigint():
        from ..collection_option import Selection
    selection = Selection(target=name, **filter_options)
    if from_pypi:
        with default_sigint():
            from ...usecases.ingest.run import RunOptions
            from ..actions.fetching import CommandOptions, run_rebuild
        options = CommandOptions(run=RunOptions(allow_mass_removal=allow_mass_removal), as_json=as_json)
        return run_rebuild(selection, options, is_confirmed=is_confirmed)
    with default_sigint():
        from ..actions.collections import run_rebuild_copy
    return run_rebuild_copy(selection, as_json=as_json, is_confirmed=is_confirmed)


@collection.command
@click.argument("source", shell_complete=complete_collections)
@click.argument("target", shell_complete=complete_collections)
@json_option()
def copy(source: str, target: str, as_json: bool) -> ExitCode:
    """Copy the collection SOURCE into TARGET, which is created if it does not exist."""
    with default_sigint():
        from ..actions.collections import run_copy
        from ..collection_option import Selection
    return run_copy(source, Selection(target=target), as_json=as_json)


@collection.command
@_name_argument
@yes_option
def delete(name: str, is_confirmed: bool) -> ExitCode:
    """Delete the collection that NAME is, or points to, and its aliases.

    The command says what it deletes, and asks for confirmation.
    """
    with default_sigint():
        from ..actions.collections import run_delete
    return run_delete(name, is_confirmed=is_confirmed)


@collection.command
@_name_argument
@click.argument("file")
@click.option(
    "--format",
    "file_format",
    type=click.Choice(_EXPORT_FORMATS),
    help="jsonl: everything, for `pyf collection import`. csv, parquet: the history, a row for each package and month. "
    "By default the format that FILE ends with, otherwise jsonl.",
)
@json_option()
def export(name: str, file: str, file_format: str | None, as_json: bool) -> ExitCode:
    """Write the collection NAME to FILE. For stdout, use -. The file is compressed if its name ends in .gz.

    Parquet needs the extra parquet: `pip install "pyf.aggregator[parquet]"`.
    """
    if file == "-" and as_json:
        raise click.UsageError("--json prints the report on stdout, where FILE - writes the documents.")
    with default_sigint():
        from ..actions.collections import run_export
        from ..collection_option import Selection
    file_format = file_format or _find_format(file)
    return run_export(Selection(target=name), file, file_format=file_format, as_json=as_json)


def _find_format(file: str) -> str:
    """Return the format of an export that the name of its file promises: "csv" for `history.csv.gz`."""
    name = file.lower().removesuffix(".gz")
    return next((ending for ending in _EXPORT_FORMATS if name.endswith(f".{ending}")), "jsonl")


@collection.command("import")
@_name_argument
@click.argument("file")
@json_option()
def import_(name: str, file: str, as_json: bool) -> ExitCode:
    """Read an exported FILE into the collection NAME, which is created if it does not exist. For stdin, use -."""
    with default_sigint():
        from ..actions.collections import run_import
        from ..collection_option import Selection
    return run_import(Selection(target=name), file, as_json=as_json)


@click.group(cls=ExitCodeGroup, context_settings=CONTEXT_SETTINGS)
def alias() -> None:
    """List, set and remove the aliases of collections."""


@alias.command("list")
@_list_json_option
def list_aliases(as_json: bool) -> ExitCode:
    """List all aliases with their collections."""
    with default_sigint():
        from ..actions.collections import run_alias_list
    return run_alias_list(as_json=as_json)


@alias.command("set")
@click.argument("name", metavar="ALIAS")
@click.argument("target", metavar="COLLECTION", shell_complete=complete_collections)
@yes_option
def set_alias(name: str, target: str, is_confirmed: bool) -> ExitCode:
    """Make ALIAS point to COLLECTION. An existing alias is moved, after a confirmation."""
    with default_sigint():
        from ..actions.collections import run_alias_set
        from ..collection_option import Selection
    return run_alias_set(name, Selection(target=target), is_confirmed=is_confirmed)


@alias.command("remove")
@click.argument("name", metavar="ALIAS", shell_complete=complete_collections)
@yes_option
def remove_alias(name: str, is_confirmed: bool) -> ExitCode:
    """Remove ALIAS. Its collection stays."""
    with default_sigint():
        from ..actions.collections import run_alias_remove
    return run_alias_remove(name, is_confirmed=is_confirmed)


@click.group(cls=ExitCodeGroup, context_settings=CONTEXT_SETTINGS)
def key() -> None:
    """List, add and remove search-only API keys."""


@key.command("list")
@_list_json_option
def list_keys(as_json: bool) -> ExitCode:
    """List all search-only keys, with the beginning of their values."""
    with default_sigint():
        from ..actions.keys import run_list
    return run_list(as_json=as_json)


@key.command("add")
@profile_option
@target_option
@click.option("--value", default="", metavar="VALUE", help="Value of the key. By default, a random one.")
@json_option("Print the key as one JSON object on stdout.")
def add_key(profile: str, target: str, value: str, as_json: bool) -> ExitCode:
    """Create a key that can only search one collection, and print its value once."""
    with default_sigint():
        from ..actions.keys import run_add
        from ..collection_option import Selection
    return run_add(Selection(profile=profile, target=target), value=value, as_json=as_json)


@key.command("remove")
@click.argument("key_id", metavar="ID", type=int)
@yes_option
def remove_key(key_id: int, is_confirmed: bool) -> ExitCode:
    """Delete the key with this ID."""
    with default_sigint():
        from ..actions.keys import run_remove
    return run_remove(key_id, is_confirmed=is_confirmed)
