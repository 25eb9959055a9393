"""The options of `pyfupdater`, and which of them go together."""

from collections.abc import Callable
from enum import StrEnum
from functools import reduce
from typing import Any

import click
from msgspec import Struct

from .options import profile_option, target_option


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
    "-f/--force": (Action.DELETE_KEY, Action.DELETE, Action.RECREATE, Action.PURGE_QUEUE),
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
        for option, value in {"--delete-collection": self.delete_collection, "-key/--key": self.key}.items():
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
        "--add-alias", is_flag=True, help="Make the alias -s lead to the collection -t. An existing alias is moved."
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
        help="Delete a collection and its aliases.",
    ),
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
