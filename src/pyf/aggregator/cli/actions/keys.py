"""Run the commands that manage search-only keys and search presets."""

import click
from msgspec import to_builtins

from ...usecases.collections.aliases import to_base_name
from ...usecases.collections.search_keys import add_search_key, add_search_preset, get_key
from ..collection_option import Selection
from ..exit_codes import ExitCode
from ..output import print_json, print_line, require_confirmation
from . import index_lists
from .collections import YES_OPTION, open_for_collection, open_for_index


def run_list(*, as_json: bool = False) -> ExitCode:
    """List the search-only keys."""
    with open_for_index() as (deps, _):
        index_lists.print_keys(deps, as_json=as_json)
    return ExitCode.SUCCESS


def run_add(selection: Selection, *, value: str = "", as_json: bool = False) -> ExitCode:
    """Create a key that can only search one collection, and print its value."""
    with open_for_collection(selection) as (deps, _, choice):
        target = choice.target
        new_key = add_search_key(deps, target, value=value)
        if as_json:
            print_json({**to_builtins(new_key.key), "value": new_key.value})
        else:
            print_line(new_key.value)
        click.echo(
            f"Key {new_key.key.id} can search {target.collection} and nothing else. "
            "Store its value: it is not shown again.",
            err=True,
        )
        base = to_base_name(target.collection)
        if base and deps.admin.resolve(base) == target.collection:
            click.echo(f"A rebuild of {base} ends it. A key for -t {base} stays valid.", err=True)
    return ExitCode.SUCCESS


def run_remove(key_id: int, *, is_confirmed: bool = False, option: str = YES_OPTION) -> ExitCode:
    """Delete a key."""
    with open_for_index() as (deps, _):
        key = get_key(deps, key_id)
        collections = ", ".join(key.collections)
        description = (
            f"the key {key_id} ({key.description}), which begins with {key.prefix} and gives access to {collections}"
        )
        require_confirmation(f"Delete {description}?", is_confirmed=is_confirmed, option=option)
        deps.keys.delete(key_id)
        click.echo(f"Deleted {description}.", err=True)
    return ExitCode.SUCCESS


def run_add_preset(selection: Selection) -> ExitCode:
    """Store search parameters for clients of a Typesense server."""
    with open_for_collection(selection) as (deps, _, choice):
        add_search_preset(deps, choice.target)
        click.echo(f"Stored. Clients of the server use it with preset={choice.target.collection}.", err=True)
    return ExitCode.SUCCESS
