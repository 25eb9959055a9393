"""`pyfupdater`: the older command for what `pyf collection`, `alias`, `key` and `queue` do."""

from collections.abc import Callable
from enum import StrEnum
from functools import reduce
from typing import Any

import click
from msgspec import Struct

from ... import __version__
from ..exit_codes import ExitCode, ExitCodeCommand
from ..options import profile_option, target_option
from ..signals import default_sigint


class Action(StrEnum):
    """The actions of the command, by the option that selects them."""

    LIST_COLLECTIONS = "--list-collections"
    LIST_NAMES = "--list-collection-names"
    LIST_ALIASES = "--list-aliases"
    LIST_KEYS = "--list-search-only-apikeys"
    INFO = "--info"
    ADD_ALIAS = "--add-alias"
    ADD_KEY = "--add-search-only-apikey"
    ADD_PRESET = "--add-search-preset"
    DELETE_KEY = "--delete-apikey"
    DELETE = "--delete-collection"
    DELETE_ALIAS = "--delete-alias"
    RECREATE = "--recreate-collection"
    MIGRATE = "--migrate"
    EXPORT = "--export"
    IMPORT = "--import"
    QUEUE_STATS = "--queue-stats"
    PURGE_QUEUE = "--purge-queue"


_LIST_ACTIONS = (Action.LIST_COLLECTIONS, Action.LIST_NAMES, Action.LIST_ALIASES, Action.LIST_KEYS, Action.INFO)
_TRANSFER_ACTIONS = (Action.RECREATE, Action.MIGRATE, Action.EXPORT, Action.IMPORT)
_COLLECTION_ACTIONS = (Action.INFO, Action.ADD_ALIAS, Action.ADD_KEY, Action.ADD_PRESET, *_TRANSFER_ACTIONS)

# Options that apply to some actions only.
_ALLOWED_ACTIONS = {
    "-s/--source": (Action.ADD_ALIAS, Action.MIGRATE),
    "-t/--target": _COLLECTION_ACTIONS,
    "-p/--profile": _COLLECTION_ACTIONS,
    "-key/--key": (Action.ADD_KEY,),
    "-f/--force": (
        Action.ADD_ALIAS,
        Action.DELETE_KEY,
        Action.DELETE,
        Action.DELETE_ALIAS,
        Action.RECREATE,
        Action.PURGE_QUEUE,
    ),
    "--json": (*_LIST_ACTIONS, Action.ADD_KEY, *_TRANSFER_ACTIONS, Action.QUEUE_STATS),
}

# Actions that change or create a collection: a setting must not select it.
_NEEDS_TARGET = (Action.ADD_ALIAS, Action.ADD_PRESET, Action.RECREATE, Action.MIGRATE, Action.IMPORT)


class Options(Struct, frozen=True, kw_only=True):
    """The command's options as given."""

    list_collections: bool
    list_collection_names: bool
    list_aliases: bool
    list_search_only_apikeys: bool
    info: bool
    add_alias: bool
    add_search_only_apikey: bool
    add_search_preset: bool
    delete_apikey: int | None
    delete_collection: str | None
    delete_alias: str | None
    recreate_collection: bool
    migrate: bool
    export: str | None
    import_: str | None
    queue_stats: bool
    purge_queue: bool
    source: str
    target: str
    profile: str
    key: str | None
    force: bool
    json_: bool

    @property
    def action(self) -> Action:
        """The selected action; raises `click.UsageError` unless there is exactly one."""
        requested = {
            Action.LIST_COLLECTIONS: self.list_collections,
            Action.LIST_NAMES: self.list_collection_names,
            Action.LIST_ALIASES: self.list_aliases,
            Action.LIST_KEYS: self.list_search_only_apikeys,
            Action.INFO: self.info,
            Action.ADD_ALIAS: self.add_alias,
            Action.ADD_KEY: self.add_search_only_apikey,
            Action.ADD_PRESET: self.add_search_preset,
            Action.DELETE_KEY: self.delete_apikey is not None,
            Action.DELETE: self.delete_collection is not None,
            Action.DELETE_ALIAS: self.delete_alias is not None,
            Action.RECREATE: self.recreate_collection,
            Action.MIGRATE: self.migrate,
            Action.EXPORT: self.export is not None,
            Action.IMPORT: self.import_ is not None,
            Action.QUEUE_STATS: self.queue_stats,
            Action.PURGE_QUEUE: self.purge_queue,
        }
        actions = [action for action, is_requested in requested.items() if is_requested]
        if len(actions) != 1:
            raise click.UsageError(f"Say what to do, and one thing only: {', '.join(Action)}. More: --help.")
        return actions[0]

    def validate(self) -> None:
        """Raise `click.UsageError` for options that exclude each other or have no effect."""
        action = self.action
        is_set = {
            "-s/--source": bool(self.source),
            "-t/--target": bool(self.target),
            "-p/--profile": bool(self.profile),
            "-key/--key": self.key is not None,
            "-f/--force": self.force,
            "--json": self.json_,
        }
        for option, actions in _ALLOWED_ACTIONS.items():
            if is_set[option] and action not in actions:
                raise click.UsageError(f"{option} can only be used with {' or '.join(actions)}, not with {action}.")
        if action in (Action.ADD_ALIAS, Action.MIGRATE) and not self.source:
            noun = "the alias" if action is Action.ADD_ALIAS else "the collection to copy"
            raise click.UsageError(f"{action} needs {noun}: -s/--source NAME.")
        if action in _NEEDS_TARGET and not (self.target or self.profile):
            raise click.UsageError(f"{action} needs a collection: -t/--target NAME or -p/--profile KEY.")
        if self.export == "-" and self.json_:
            raise click.UsageError("--json prints the report on stdout, where --export - writes the documents.")
        names = {
            "--delete-collection": self.delete_collection,
            "--delete-alias": self.delete_alias,
            "-key/--key": self.key,
        }
        for option, value in names.items():
            if value == "":
                raise click.UsageError(f"{option} needs a value.")
        for option, value in {"--export": self.export, "--import": self.import_}.items():
            if value == "":
                raise click.UsageError(f"{option} needs a file, or - for {'stdout' if self.export == '' else 'stdin'}.")


_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    click.option("-ls", "--list-collections", is_flag=True, help="List all collections with full details."),
    click.option("-lsn", "--list-collection-names", is_flag=True, help="List collection names only, one per line."),
    click.option("-lsa", "--list-aliases", is_flag=True, help="List all aliases with their collections."),
    click.option(
        "-lssoa",
        "--list-search-only-apikeys",
        is_flag=True,
        help="List all search-only keys, with the beginning of their values.",
    ),
    click.option(
        "--info", is_flag=True, help="Print the size and the age of all collections, or of one with -t or -p."
    ),
    click.option(
        "--add-alias", is_flag=True, help="Make the alias -s point to the collection -t. Asks before it moves an alias."
    ),
    click.option(
        "--add-search-only-apikey",
        is_flag=True,
        help="Create a key that can only search one collection, and print its value once.",
    ),
    click.option(
        "--add-search-preset",
        is_flag=True,
        help="Store a search preset, named like the collection, for clients of a Typesense server.",
    ),
    click.option("--delete-apikey", type=int, metavar="ID", help="Delete a key by its ID."),
    click.option(
        "--delete-collection",
        metavar="COLLECTION",
        help="Delete a collection, by its own name or an alias, and all of its aliases.",
    ),
    click.option("--delete-alias", metavar="ALIAS", help="Delete an alias. Its collection stays."),
    click.option(
        "--recreate-collection",
        is_flag=True,
        help="Copy a collection into a new one, and switch the alias once it is complete. Sends no request to PyPI.",
    ),
    click.option(
        "--migrate",
        is_flag=True,
        help="Copy the collection -s into -t, which is created if it does not exist.",
    ),
    click.option(
        "--export",
        metavar="FILE",
        help="Write a collection to a file as JSON lines, compressed if it ends in .gz. For stdout, use -.",
    ),
    click.option(
        "--import",
        "import_",
        metavar="FILE",
        help="Read an exported file into a collection, which is created if it does not exist. For stdin, use -.",
    ),
    click.option("--queue-stats", is_flag=True, help="Print the pending tasks and the workers."),
    click.option("--purge-queue", is_flag=True, help="Delete all pending tasks."),
    click.option(
        "-s",
        "--source",
        default="",
        metavar="NAME",
        help="With --migrate the collection to copy, with --add-alias the alias.",
    ),
    target_option,
    profile_option,
    click.option(
        "-key", "--key", metavar="VALUE", help="With --add-search-only-apikey: its value; by default a random one."
    ),
    click.option("-f", "--force", is_flag=True, help="Do not ask for confirmation."),
    click.option("--json", "json_", is_flag=True, help="Print a list or a report as JSON on stdout."),
)


def with_updater_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options to a command, in the order of its help page."""
    return reduce(lambda decorated, option: option(decorated), reversed(_OPTIONS), command)


_FORCE_OPTION = "-f/--force"


def _run(options: Options) -> ExitCode:
    # Importing these takes ten times as long as parsing the arguments.
    with default_sigint():
        from ..actions import collections, keys
        from ..collection_option import Selection

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
            return collections.run_alias_set(
                options.source, selection, is_confirmed=options.force, option=_FORCE_OPTION
            )
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
    if options.delete_alias is not None:
        return collections.run_alias_remove(options.delete_alias, is_confirmed=options.force, option=_FORCE_OPTION)
    if options.export is not None:
        return collections.run_export(selection, options.export, as_json=as_json)
    return collections.run_import(selection, options.import_ or "-", as_json=as_json)


def _run_queue_action(options: Options) -> ExitCode:
    # Celery takes a third of a second to import.
    from ..actions import queue

    if options.action is Action.PURGE_QUEUE:
        return queue.run_purge(is_confirmed=options.force, option=_FORCE_OPTION)
    return queue.run_stats(as_json=options.json_)


@click.command(cls=ExitCodeCommand, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@with_updater_options
@click.version_option(__version__, prog_name="pyfupdater")
def main(**values: Any) -> ExitCode:
    """Manage the collections of the index, their aliases and API keys, and the task queue.

    Actions that destroy data ask for confirmation; --force confirms, and is required without a terminal.
    DEFAULT_PROFILE applies to --export and --add-search-only-apikey only: an action that changes a collection must
    name it.

    Exit codes: 0 success, 1 internal error, 2 wrong usage or setting, 3 some packages or lines failed, 4 a needed
    service is unavailable or a file can't be written.
    """
    options = Options(**values)
    options.validate()
    return _run(options)


if __name__ == "__main__":
    main()
