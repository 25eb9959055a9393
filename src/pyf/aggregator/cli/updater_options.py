"""The options of `pyfupdater`, and which of them go together."""

from collections.abc import Callable
from enum import StrEnum
from functools import reduce
from typing import Any

import click
from msgspec import Struct

from .options import profile_option, target_option


class Action(StrEnum):
    """What the command can be asked to do; by the option that asks for it."""

    LIST = "--list-collections"
    NAMES = "--list-collection-names"
    ALIASES = "--list-aliases"
    KEYS = "--list-search-only-apikeys"
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


_LISTS = (Action.LIST, Action.NAMES, Action.ALIASES, Action.KEYS, Action.INFO)
_COPIES = (Action.RECREATE, Action.MIGRATE, Action.EXPORT, Action.IMPORT)
_ON_A_COLLECTION = (Action.INFO, Action.ADD_ALIAS, Action.ADD_KEY, Action.ADD_PRESET, *_COPIES)

# The options that make sense with some of the actions only.
_GOES_WITH = {
    "-s/--source": (Action.ADD_ALIAS, Action.MIGRATE),
    "-t/--target": _ON_A_COLLECTION,
    "-p/--profile": _ON_A_COLLECTION,
    "-key/--key": (Action.ADD_KEY,),
    "-f/--force": (Action.DELETE_KEY, Action.DELETE, Action.RECREATE, Action.PURGE_QUEUE),
    "--json": (*_LISTS, Action.ADD_KEY, *_COPIES, Action.QUEUE_STATS),
}

# Those that need a collection to be named, because they change it or make it: no setting may stand in for that.
_NAMES_ITS_TARGET = (Action.ADD_ALIAS, Action.ADD_PRESET, Action.RECREATE, Action.MIGRATE, Action.IMPORT)


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
        """The one thing to do; raises `click.UsageError` for none and for more than one."""
        asked = {
            Action.LIST: self.list_collections,
            Action.NAMES: self.list_collection_names,
            Action.ALIASES: self.list_aliases,
            Action.KEYS: self.list_search_only_apikeys,
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
        chosen = [action for action, is_asked in asked.items() if is_asked]
        if len(chosen) != 1:
            raise click.UsageError(f"Say what to do, and one thing only: {', '.join(Action)}. More: --help.")
        return chosen[0]

    def check(self) -> None:
        """Raise `click.UsageError` for options that do not go together, or that would have no effect."""
        action = self.action
        given = {
            "-s/--source": bool(self.source),
            "-t/--target": bool(self.target),
            "-p/--profile": bool(self.profile),
            "-key/--key": self.key is not None,
            "-f/--force": self.force,
            "--json": self.json_,
        }
        for option, actions in _GOES_WITH.items():
            if given[option] and action not in actions:
                raise click.UsageError(f"{option} goes with {' or '.join(actions)}, not with {action}.")
        if action in (Action.ADD_ALIAS, Action.MIGRATE) and not self.source:
            what = "the alias" if action is Action.ADD_ALIAS else "the collection to copy"
            raise click.UsageError(f"{action} needs {what}: -s/--source NAME.")
        if action in _NAMES_ITS_TARGET and not (self.target or self.profile):
            raise click.UsageError(f"{action} needs a collection: -t/--target NAME or -p/--profile KEY.")
        if self.export == "-" and self.json_:
            raise click.UsageError("--json prints the report on stdout, where --export - writes the documents.")
        for option, value in {"--delete-collection": self.delete_collection, "-key/--key": self.key}.items():
            if value == "":
                raise click.UsageError(f"{option} needs a value.")
        for option, value in {"--export": self.export, "--import": self.import_}.items():
            if value == "":
                raise click.UsageError(f"{option} needs a file, or - for {'stdout' if self.export == '' else 'stdin'}.")


_DECLARED: tuple[Callable[[Any], Any], ...] = (
    click.option("-ls", "--list-collections", is_flag=True, help="List all collections with full details."),
    click.option("-lsn", "--list-collection-names", is_flag=True, help="List the names that people use, one a line."),
    click.option("-lsa", "--list-aliases", is_flag=True, help="List all aliases with what they lead to."),
    click.option(
        "-lssoa",
        "--list-search-only-apikeys",
        is_flag=True,
        help="List the keys that can search and nothing else, with the beginning of their values.",
    ),
    click.option(
        "--info", is_flag=True, help="Say what is in the index, or with -t or -p in one collection, and how current."
    ),
    click.option(
        "--add-alias", is_flag=True, help="Have the alias -s lead to the collection -t; one that exists is moved."
    ),
    click.option(
        "--add-search-only-apikey",
        is_flag=True,
        help="Make a key that can search a collection and nothing else; its value is shown this once.",
    ),
    click.option(
        "--add-search-preset",
        is_flag=True,
        help="Store search parameters for clients of a Typesense server there, as a preset named like the collection.",
    ),
    click.option("--delete-apikey", type=int, metavar="ID", help="Delete a key by its ID."),
    click.option(
        "--delete-collection",
        metavar="COLLECTION",
        help="Delete a collection, by its own name, with the aliases that lead to it.",
    ),
    click.option(
        "--recreate-collection",
        is_flag=True,
        help="Copy a collection into the next numbered one and switch to that when it is proven; PyPI is not asked.",
    ),
    click.option(
        "--migrate",
        is_flag=True,
        help="Copy the collection -s into -t, which is made where it is missing; nothing is deleted.",
    ),
    click.option(
        "--export",
        metavar="FILE",
        help="Write a collection to a file of JSON lines, compressed if it ends in .gz; - is stdout.",
    ),
    click.option(
        "--import",
        "import_",
        metavar="FILE",
        help="Read what --export wrote into a collection, which is made where it is missing; - is stdin.",
    ),
    click.option("--queue-stats", is_flag=True, help="Say what waits in the queue of tasks, and which workers answer."),
    click.option("--purge-queue", is_flag=True, help="Take all waiting tasks out of the queue."),
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
    click.option("-f", "--force", is_flag=True, help="Do what destroys something without asking."),
    click.option("--json", "json_", is_flag=True, help="Print a list or a report as JSON on stdout."),
)


def updater_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options, in the order of the help page."""
    return reduce(lambda decorated, option: option(decorated), reversed(_DECLARED), command)
