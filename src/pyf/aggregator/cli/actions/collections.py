"""Run the commands that manage collections and aliases."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import click

from ...bootstrap import open_index
from ...domain.collection import CollectionInfo
from ...domain.errors import Invalid, NotFound
from ...domain.text import MAX_LISTED_NAMES, format_names, join_names, pluralize
from ...ports import Dependencies
from ...settings import Settings
from ...usecases.collections.aliases import (
    add_alias,
    delete_collection,
    get_collection_info,
    list_dependent_keys,
    plan_alias,
    remove_alias,
)
from ...usecases.collections.target import Target
from ...usecases.report import ProgressCallback, TransferReport
from ..collection_option import CollectionChoice, Selection, print_index, print_target, suggest_collection
from ..config import read_settings
from ..exit_codes import ExitCode
from ..output import confirm_alias_swap, get_exit_code, print_problems, print_report, require_confirmation
from ..progress import print_notice, progress_bar
from . import index_lists

# The file name that stands for stdin and stdout.
_STDIO = "-"

YES_OPTION = "-y/--yes"


@contextmanager
def open_for_index() -> Iterator[tuple[Dependencies, Settings]]:
    """Open the index for a command that works on no single collection."""
    settings = read_settings()
    with open_index(settings, must_exist=True) as deps:
        print_index(deps, settings)
        yield deps, settings


@contextmanager
def open_for_collection(
    selection: Selection, *, must_exist: bool = True
) -> Iterator[tuple[Dependencies, Settings, CollectionChoice]]:
    """Open the index for a command that works on one collection; create it unless it `must_exist`."""
    settings = read_settings()
    choice = selection.resolve(settings)
    with open_index(settings, must_exist=must_exist) as deps:
        print_target(deps, settings, choice.target.collection)
        with suggest_collection(deps, choice.target.collection):
            yield deps, settings, choice


def run_list(*, names_only: bool = False, as_json: bool = False) -> ExitCode:
    """List the collections, or their names only."""
    with open_for_index() as (deps, _):
        print_list = index_lists.print_names if names_only else index_lists.print_collections
        print_list(deps, as_json=as_json)
    return ExitCode.SUCCESS


def run_info(selection: Selection | None, *, as_json: bool = False) -> ExitCode:
    """Print the details of one collection, or of all."""
    if selection is None:
        with open_for_index() as (deps, settings):
            index_lists.print_info(deps, settings.engine, target=None, as_json=as_json)
    else:
        with open_for_collection(selection) as (deps, settings, choice):
            index_lists.print_info(deps, settings.engine, target=choice.target, as_json=as_json)
    return ExitCode.SUCCESS


def run_create(selection: Selection) -> ExitCode:
    """Create an empty collection with the filter of a profile."""
    from ...domain.collection import CollectionState
    from ...usecases.collections.aliases import create_named

    with open_for_collection(selection, must_exist=False) as (deps, _, choice):
        target = choice.target
        if deps.admin.resolve(target.collection) is not None:
            raise Invalid(f"the collection {target.collection} exists. To refill it, run `pyf collection rebuild`")
        state = CollectionState(filter=target.filter or choice.default_filter)
        name = create_named(deps.admin, target.collection, state)
        click.echo(f"Created {name}. To fill it, run `pyf fetch -t {target.collection}`.", err=True)
    return ExitCode.SUCCESS


def run_rebuild_copy(
    selection: Selection, *, as_json: bool = False, is_confirmed: bool = False, option: str = YES_OPTION
) -> ExitCode:
    """Copy a collection into a new one, and switch the alias to that once it is complete."""
    from ...config.profiles import load_profiles
    from ...usecases.collections.rebuild import rebuild_from_copy

    settings = read_settings()
    if not selection.profile and selection.target in load_profiles(settings.profiles_file):
        # If there is no collection of this name yet, its profile decides with which filter an empty one is created.
        selection = Selection(profile=selection.target, target=selection.target)
    with open_for_collection(selection, must_exist=False) as (deps, _, choice):
        confirm_alias_swap(deps, choice.target.collection, "copy it to", is_confirmed=is_confirmed, option=option)
        return _transfer(
            lambda progress: rebuild_from_copy(deps, choice.target, progress=progress, notify=print_notice),
            as_json=as_json,
        )


def run_copy(source: str, selection: Selection, *, as_json: bool = False) -> ExitCode:
    """Copy a collection into another one, which is created if it does not exist."""
    from ...usecases.collections.merge import merge_collection

    with open_for_collection(selection) as (deps, _, choice), suggest_collection(deps, source):
        target = choice.target.collection
        return _transfer(lambda progress: merge_collection(deps, source, target, progress=progress), as_json=as_json)


def run_export(selection: Selection, file: str, *, file_format: str = "jsonl", as_json: bool = False) -> ExitCode:
    """Write a collection to a file of JSON lines, or its history to a table."""
    from ...adapters.history_file import write_csv, write_parquet
    from ...adapters.transfer_file import write_entries
    from ...usecases.collections.transfer import export_collection
    from ...usecases.read.history import export_history

    def export(deps: Dependencies, target: Target, progress: ProgressCallback) -> TransferReport:
        if file_format == "jsonl":
            return export_collection(deps, target, lambda entries: write_entries(file, entries), progress=progress)
        write = write_csv if file_format == "csv" else write_parquet
        return export_history(deps, target, lambda rows: write(file, rows), progress=progress)

    with open_for_collection(selection) as (deps, _, choice):
        return _transfer(
            lambda progress: export(deps, choice.target, progress),
            as_json=as_json,
            is_stdout_taken=file == _STDIO,
        )


def run_import(selection: Selection, file: str, *, as_json: bool = False) -> ExitCode:
    """Read an exported file into a collection, which is created if it does not exist."""
    from ...adapters.transfer_file import open_lines
    from ...usecases.collections.transfer import import_collection

    def import_lines(deps: Dependencies, target: Target, progress: ProgressCallback) -> TransferReport:
        with open_lines(file) as lines:
            return import_collection(deps, target, lines, progress=progress)

    with open_for_collection(selection, must_exist=False) as (deps, _, choice):
        return _transfer(lambda progress: import_lines(deps, choice.target, progress), as_json=as_json)


def run_delete(name: str, *, is_confirmed: bool = False, option: str = YES_OPTION) -> ExitCode:
    """Delete a collection and its aliases."""
    with open_for_index() as (deps, _), suggest_collection(deps, name):
        info = get_collection_info(deps, name)
        description = _describe_deletion(deps, info, name)
        if is_confirmed:
            print_notice(f"Deleting {description}.")
        require_confirmation(f"Delete {description}?", is_confirmed=is_confirmed, option=option)
        delete_collection(deps, info.name)
        click.echo(f"Deleted {info.name}.", err=True)
    return ExitCode.SUCCESS


def _describe_deletion(deps: Dependencies, info: CollectionInfo, name: str) -> str:
    """Return everything that goes with a collection, which the user has named by its own name or an alias."""
    is_alias = name != info.name
    description = f"the alias {name} and the collection {info.name} behind it" if is_alias else f"the collection {name}"
    description += f", with {pluralize(info.documents, 'document')} of {_describe_packages(deps, info)}"
    if other_aliases := [alias for alias in info.aliases if alias != name]:
        noun = "alias" if len(other_aliases) == 1 else "aliases"
        description += f", and the {noun} {', '.join(other_aliases)} of it"
    return description + _describe_keys(deps, (info.name, *info.aliases))


def _describe_packages(deps: Dependencies, info: CollectionInfo) -> str:
    """Return the number of packages, and the names of a few."""
    if not info.is_native or info.projects > MAX_LISTED_NAMES:
        return pluralize(info.projects, "package")
    return format_names([state.name_normalized for state in deps.index.iter_project_states(info.name)], "package")


def _describe_keys(deps: Dependencies, names: Sequence[str]) -> str:
    key_ids = [f"id {key_id}" for key_id in list_dependent_keys(deps, names)]
    return f"; {format_names(key_ids, 'API key')} would give access to nothing" if key_ids else ""


def run_alias_list(*, as_json: bool = False) -> ExitCode:
    """List the aliases."""
    with open_for_index() as (deps, _):
        index_lists.print_aliases(deps, as_json=as_json)
    return ExitCode.SUCCESS


def run_alias_set(
    alias: str, selection: Selection, *, is_confirmed: bool = False, option: str = YES_OPTION
) -> ExitCode:
    """Create an alias, or move it to another collection."""
    with open_for_collection(selection) as (deps, _, choice):
        target = choice.target.collection
        change = plan_alias(deps, alias, target)
        collection = change.collection
        if change.is_move:
            packages = _describe_packages(deps, get_collection_info(deps, change.previous))
            move = f"the alias {alias} from {change.previous} ({packages}) to {collection}"
            if is_confirmed:
                print_notice(f"Moving {move}.")
            require_confirmation(f"Move {move}?", is_confirmed=is_confirmed, option=option)
        add_alias(deps, change)
        click.echo(f"{alias} → {target}" + (f", which is {collection}" if target != collection else ""), err=True)
    return ExitCode.SUCCESS


def run_alias_remove(alias: str, *, is_confirmed: bool = False, option: str = YES_OPTION) -> ExitCode:
    """Remove an alias; its collection stays."""
    with open_for_index() as (deps, _), suggest_collection(deps, alias):
        collection = deps.admin.resolve(alias)
        if collection is None:
            raise NotFound(f"there is no alias {alias}")
        if collection != alias:  # `remove_alias` rejects a collection's name
            names = [name for name in get_collection_info(deps, collection).aliases if name != alias] or [collection]
            removal = f"the alias {alias} of {collection}, which stays as {join_names(names)}"
            removal += _describe_keys(deps, (alias,))
            if is_confirmed:
                print_notice(f"Removing {removal}.")
            require_confirmation(f"Remove {removal}?", is_confirmed=is_confirmed, option=option)
        click.echo(f"Removed the alias {alias} of {remove_alias(deps, alias)}.", err=True)
    return ExitCode.SUCCESS


def _transfer(
    transfer: Callable[[ProgressCallback], TransferReport], *, as_json: bool, is_stdout_taken: bool = False
) -> ExitCode:
    with progress_bar("reading the index") as progress:
        report = transfer(progress)
    if is_stdout_taken:
        print_problems(report)
    else:
        print_report(report, as_json=as_json)
    return get_exit_code(report)
