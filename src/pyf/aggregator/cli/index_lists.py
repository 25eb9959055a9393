"""What `pyfupdater` prints of an index: collections, aliases, keys, and what is in them."""

from collections.abc import Sequence
from datetime import UTC, datetime

import click
from msgspec import Struct, to_builtins
from rich.table import Table

from ..domain.errors import NotFound
from ..ports import Dependencies
from ..ports.keys import ApiKey
from ..settings import Settings
from ..usecases.collections.overview import (
    CollectionDetails,
    CollectionEntry,
    IndexOverview,
    read_details,
    read_overview,
)
from ..usecases.collections.search_keys import list_search_keys
from .collection_option import get_engine
from .output import print_json, print_line, print_renderable
from .updater_options import Action, Options


class _IndexInfo(Struct, frozen=True, kw_only=True):
    """What `--info` tells of the index as a whole; `bytes` is None where the engine does not tell."""

    engine: str
    location: str
    bytes: int | None
    projects: int
    documents: int
    collections: tuple[CollectionDetails, ...]


def print_list(deps: Dependencies, options: Options) -> None:
    """Print the list that was asked for."""
    if options.action is Action.LIST_KEYS:
        _print_keys(list_search_keys(deps), as_json=options.json_)
        return
    overview = read_overview(deps)
    if options.action is Action.LIST_COLLECTIONS:
        _print_collections(overview, as_json=options.json_)
    elif options.action is Action.LIST_NAMES:
        _print_lines(overview.names, list(overview.names), as_json=options.json_)
    else:
        lines = [f"{alias.name} → {alias.target_name}" for alias in overview.aliases]
        _print_lines(lines, to_builtins(overview.aliases), as_json=options.json_)
    _print_orphans(overview)


def print_info(deps: Dependencies, settings: Settings, *, collection: str, as_json: bool) -> None:
    """Print what is in the index; of one collection only where one is named, by its own name or an alias."""
    resolved = deps.admin.resolve(collection) if collection else None
    if collection and resolved is None:
        raise NotFound(f"there is no collection {collection}")
    overview = read_overview(deps)
    entries = [entry for entry in overview.collections if not collection or entry.info.name == resolved]
    info = _IndexInfo(
        engine=get_engine(settings),
        location=deps.admin.get_location(),
        bytes=deps.admin.get_size(),
        projects=sum(each.info.projects for each in entries),
        documents=sum(each.info.documents for each in entries),
        collections=tuple(read_details(deps, each) for each in entries),
    )
    if as_json:
        print_json(to_builtins(info))
    else:
        _print_info(info)
    _print_orphans(overview)


def _print_collections(overview: IndexOverview, *, as_json: bool) -> None:
    if as_json:
        print_json([_to_dict(entry) for entry in overview.collections])
        return
    table = Table("collection", "aliases", "projects", "documents", "created", "filled by", "cursor")
    for each in overview.collections:
        table.add_row(
            each.info.name,
            ", ".join(each.info.aliases),
            f"{each.info.projects:,}",
            f"{each.info.documents:,}",
            _format_time(each.info.created_at),
            each.filter_label,
            _format_count(each.state.cursor),
        )
    print_renderable(table)


def _to_dict(entry: CollectionEntry) -> dict[str, object]:
    info, state = entry.info, entry.state
    return {
        "name": info.name,
        "aliases": list(info.aliases),
        "projects": info.projects,
        "documents": info.documents,
        "created_at": info.created_at,
        "filter": to_builtins(state.filter),
        "cursor": state.cursor,
    }


def _print_keys(keys: Sequence[ApiKey], *, as_json: bool) -> None:
    if as_json:
        print_json(to_builtins(keys))
        return
    table = Table("id", "description", "value begins with", "collections")
    for key in keys:
        table.add_row(str(key.id), key.description, key.prefix, ", ".join(key.collections))
    print_renderable(table)


def _print_lines(lines: Sequence[str], value: object, *, as_json: bool) -> None:
    """Print lines, or as JSON the value that they stand for."""
    if as_json:
        print_json(value)
        return
    for line in lines:
        print_line(line)


def _print_info(info: _IndexInfo) -> None:
    size = "size unknown" if info.bytes is None else f"{info.bytes / 1024 / 1024:,.1f} MB"
    print_line(f"{info.engine} {info.location}, {size}")
    for collection in info.collections:
        table = Table(title=", ".join(collection.names), title_justify="left", show_header=False)
        table.add_row("collection", collection.collection)
        table.add_row("filled by", collection.filter)
        table.add_row("projects", f"{collection.projects:,}")
        table.add_row("documents", f"{collection.documents:,}")
        table.add_row("newest change", _format_latest_change(collection))
        table.add_row("cursor", _format_cursor(collection))
        table.add_row("to be asked again", f"{collection.stale_projects:,}")
        print_renderable(table)


def _format_latest_change(collection: CollectionDetails) -> str:
    if not collection.newest_serial:
        return "none"
    return f"serial {collection.newest_serial:,}: {collection.newest_project}, uploaded {_format_time(collection.newest_upload)}"


def _format_cursor(collection: CollectionDetails) -> str:
    if collection.cursor is None:
        return "none: the next run compares everything"
    return f"serial {collection.cursor:,}" + (
        f", confirmed {_format_age(collection.cursor_age)} ago" if collection.cursor_age is not None else ""
    )


def _print_orphans(overview: IndexOverview) -> None:
    for name in overview.leftovers:
        click.echo(
            f"Not listed: {name}, which is being built to take another one's place, or was left by a run that failed; "
            "the next run clears it.",
            err=True,
        )


def _format_time(timestamp: int) -> str:
    return f"{datetime.fromtimestamp(timestamp, UTC):%Y-%m-%d %H:%M}" if timestamp else "unknown"


def _format_count(count: int | None) -> str:
    return "none" if count is None else f"{count:,}"


def _format_age(seconds: int) -> str:
    for unit, name in ((86_400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * unit:
            return f"{seconds // unit} {name}"
    return f"{max(seconds, 0)} seconds"
