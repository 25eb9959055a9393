"""Does what the options of `pyfupdater` ask for: settings and services together, use case, list or report."""

from collections.abc import Callable

import click
from msgspec import to_builtins

from ..adapters.transfer_file import STDIO_NAME, open_lines, write_entries
from ..bootstrap import open_dependencies
from ..config.profiles import load_profiles
from ..ports import Dependencies
from ..settings import Settings, load_settings
from ..usecases.collections.aliases import add_alias, delete_collection, get_deletable_collection
from ..usecases.collections.merge import merge_collection
from ..usecases.collections.naming import to_base_name
from ..usecases.collections.rebuild import rebuild_from_copy
from ..usecases.collections.search_keys import add_search_key, add_search_preset, get_key
from ..usecases.collections.target import Target
from ..usecases.collections.transfer import export_collection, import_collection
from ..usecases.report import ProgressCallback, TransferReport
from .collection_option import CollectionChoice, print_index, print_target, resolve_collection
from .confirm import confirm_alias_swap, require_confirmation
from .exit_codes import ExitCode
from .index_lists import print_info, print_list
from .output import get_exit_code, print_json, print_line, print_problems, print_report, progress_bar
from .updater_options import Action, Options

_FORCE_OPTION = "-f/--force"


def run(options: Options) -> ExitCode:
    """Do what the options ask for and say how it ended; raises what `PlainCommand` tells in one line."""
    settings = load_settings()
    if options.action in (Action.QUEUE_STATS, Action.PURGE_QUEUE):
        return _run_queue_action(settings, options)
    choice = _resolve_choice(options, settings)
    with open_dependencies(settings) as deps:
        if choice is None:
            print_index(deps, settings)
            return _run_index_action(deps, settings, options)
        print_target(deps, settings, choice.target.collection)
        if options.action in _TRANSFER_RUNS:
            return _run_transfer(deps, choice, options)
        return _run_collection_action(deps, settings, choice, options)


def _run_queue_action(settings: Settings, options: Options) -> ExitCode:
    # What the queue is made of takes a third of a second to import.
    from .queue import confirm_purge, print_queue

    if options.action is Action.PURGE_QUEUE:
        return confirm_purge(settings, is_confirmed=options.force)
    return print_queue(settings, as_json=options.json_)


def _resolve_choice(options: Options, settings: Settings) -> CollectionChoice | None:
    """Return the collection to work on, None for what works on the index as a whole or names its thing itself."""
    is_named = bool(options.target or options.profile)
    if not is_named and options.action not in (Action.ADD_KEY, Action.EXPORT):
        return None
    profiles = load_profiles(settings.profiles_file)
    profile = options.profile
    if options.action is Action.RECREATE and options.target in profiles:
        profile = profile or options.target  # by whose filter an empty collection is made where there is none
    return resolve_collection(
        profiles,
        profile=profile,
        target=options.target,
        default_profile="" if is_named else settings.default_profile,
    )


def _run_index_action(deps: Dependencies, settings: Settings, options: Options) -> ExitCode:
    if options.action is Action.INFO:
        print_info(deps, settings, collection="", as_json=options.json_)
    elif options.delete_collection is not None:
        _delete_collection(deps, options.delete_collection, is_confirmed=options.force)
    elif options.delete_apikey is not None:
        _delete_key(deps, options.delete_apikey, is_confirmed=options.force)
    else:
        print_list(deps, options)
    return ExitCode.SUCCESS


def _run_collection_action(
    deps: Dependencies, settings: Settings, choice: CollectionChoice, options: Options
) -> ExitCode:
    if options.action is Action.INFO:
        print_info(deps, settings, collection=choice.target.collection, as_json=options.json_)
    elif options.action is Action.ADD_ALIAS:
        target_name = choice.target.collection
        collection = add_alias(deps, options.source, target_name)
        click.echo(
            f"{options.source} → {target_name}" + (f", which is {collection}" if target_name != collection else ""),
            err=True,
        )
    elif options.action is Action.ADD_PRESET:
        add_search_preset(deps, choice.target)
        click.echo(f"Clients of the server search with preset={choice.target.collection} now.", err=True)
    else:
        _add_key(deps, choice.target, options)
    return ExitCode.SUCCESS


def _run_transfer(deps: Dependencies, choice: CollectionChoice, options: Options) -> ExitCode:
    if options.action is Action.RECREATE:
        confirm_alias_swap(
            deps, choice.target.collection, "copy it to", is_confirmed=options.force, option=_FORCE_OPTION
        )
    with progress_bar("looking") as progress:
        report = _TRANSFER_RUNS[options.action](deps, choice.target, options, progress)
    if options.export == STDIO_NAME:
        print_problems(report)
    else:
        print_report(report, as_json=options.json_)
    return get_exit_code(report)


def _recreate(deps: Dependencies, target: Target, options: Options, progress: ProgressCallback) -> TransferReport:
    return rebuild_from_copy(deps, target, progress=progress)


def _migrate(deps: Dependencies, target: Target, options: Options, progress: ProgressCallback) -> TransferReport:
    return merge_collection(deps, options.source, target.collection, progress=progress)


def _export(deps: Dependencies, target: Target, options: Options, progress: ProgressCallback) -> TransferReport:
    name = options.export or STDIO_NAME
    return export_collection(deps, target, lambda entries: write_entries(name, entries), progress=progress)


def _import(deps: Dependencies, target: Target, options: Options, progress: ProgressCallback) -> TransferReport:
    with open_lines(options.import_ or STDIO_NAME) as lines:
        return import_collection(deps, target, lines, progress=progress)


# What moves documents, and ends with a report.
_TRANSFER_RUNS: dict[Action, Callable[[Dependencies, Target, Options, ProgressCallback], TransferReport]] = {
    Action.RECREATE: _recreate,
    Action.MIGRATE: _migrate,
    Action.EXPORT: _export,
    Action.IMPORT: _import,
}


def _add_key(deps: Dependencies, target: Target, options: Options) -> None:
    new_key = add_search_key(deps, target, value=options.key or "")
    if options.json_:
        print_json({**to_builtins(new_key.key), "value": new_key.value})
    else:
        print_line(new_key.value)
    click.echo(
        f"Key {new_key.key.id} can search {target.collection} and nothing else. Keep its value: it is not shown again.",
        err=True,
    )
    base = to_base_name(target.collection)
    if base and deps.admin.resolve(base) == target.collection:
        click.echo(f"It ends with that collection; one for -t {base} opens whatever {base} leads to.", err=True)


def _delete_key(deps: Dependencies, key_id: int, *, is_confirmed: bool) -> None:
    key = get_key(deps, key_id)
    collections = ", ".join(key.collections)
    description = f"the key {key_id} ({key.description}), which begins with {key.prefix} and opens {collections}"
    require_confirmation(f"Delete {description}?", is_confirmed=is_confirmed, option=_FORCE_OPTION)
    deps.keys.delete(key_id)
    click.echo(f"Deleted {description}.", err=True)


def _delete_collection(deps: Dependencies, name: str, *, is_confirmed: bool) -> None:
    info = get_deletable_collection(deps, name)
    description = f"the collection {name} with {info.documents:,} documents of {info.projects:,} projects"
    if info.aliases:
        noun = "alias" if len(info.aliases) == 1 else "aliases"
        description += f", and the {noun} {', '.join(info.aliases)} that would lead nowhere"
    require_confirmation(f"Delete {description}?", is_confirmed=is_confirmed, option=_FORCE_OPTION)
    delete_collection(deps, name)
    click.echo(f"Deleted {description}.", err=True)
