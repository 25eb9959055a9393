"""Dispatch the options of `pyfupdater` to the functions behind `pyf`."""

from . import collections, keys
from .collection_option import Selection
from .exit_codes import ExitCode
from .updater_options import Action, Options

_FORCE_OPTION = "-f/--force"


def run(options: Options) -> ExitCode:
    """Run the action that the options select."""
    selection, as_json = Selection(profile=options.profile, target=options.target), options.json_
    match options.action:
        case Action.LIST_COLLECTIONS | Action.LIST_NAMES:
            return collections.run_list(names_only=options.list_collection_names, as_json=as_json)
        case Action.LIST_ALIASES:
            return collections.run_alias_list(as_json=as_json)
        case Action.LIST_KEYS:
            return keys.run_list(as_json=as_json)
        case Action.INFO:
            is_named = bool(options.target or options.profile)
            return collections.run_info(selection if is_named else None, as_json=as_json)
        case Action.ADD_ALIAS:
            return collections.run_alias_set(options.source, selection)
        case Action.ADD_KEY:
            return keys.run_add(selection, value=options.key or "", as_json=as_json)
        case Action.ADD_PRESET:
            return keys.run_add_preset(selection)
        case Action.MIGRATE:
            return collections.run_copy(options.source, selection, as_json=as_json)
        case Action.RECREATE:
            return collections.run_rebuild_copy(
                selection, as_json=as_json, is_confirmed=options.force, option=_FORCE_OPTION
            )
        case Action.QUEUE_STATS | Action.PURGE_QUEUE:
            return _run_queue_action(options)
    if options.delete_apikey is not None:
        return keys.run_remove(options.delete_apikey, is_confirmed=options.force, option=_FORCE_OPTION)
    if options.delete_collection is not None:
        return collections.run_delete(options.delete_collection, is_confirmed=options.force, option=_FORCE_OPTION)
    if options.export is not None:
        return collections.run_export(selection, options.export, as_json=as_json)
    return collections.run_import(selection, options.import_ or "-", as_json=as_json)


def _run_queue_action(options: Options) -> ExitCode:
    # Celery takes a third of a second to import.
    from . import queue

    if options.action is Action.PURGE_QUEUE:
        return queue.run_purge(is_confirmed=options.force, option=_FORCE_OPTION)
    return queue.run_stats(as_json=options.json_)
