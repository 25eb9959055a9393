"""Print lists of collections, aliases and keys, and details of collections."""

from collections.abc import Sequence
from datetime import UTC, datetime

import click
from msgspec import Struct, to_builtins

from ...domain.text import format_age
from ...ports import Dependencies
from ...usecases.collections.overview import (
    CollectionDetails,
    CollectionEntry,
    IndexOverview,
    read_details,
    read_overview,
)
from ...usecases.collections.search_keys import list_search_keys
from ...usecases.collections.target import Target, require_state
from ..output import print_json, print_line, print_renderable, print_table
from ..tables import Column


class _IndexInfo(Struct, frozen=True, kw_only=True):
    """Details of an index; `bytes` is None if the engine does not know its size."""

    engine: str
    location: str
    bytes: int | None
    projects: int
    documents: int
    collections: tuple[CollectionDetails, ...]


def print_collections(deps: Dependencies, *, as_json: bool) -> None:
    """Print all collections with their details."""
    overview = read_overview(deps)
    if as_json:
        print_json([_to_dict(entry) for entry in overview.collections])
    else:
        print_table(_build_collections_columns(overview.collections))
    _print_orphans(overview)


def print_names(deps: Dependencies, *, as_json: bool) -> None:
    """Print the public names of all collections."""
    overview = read_overview(deps)
    _print_lines(overview.names, list(overview.names), as_json=as_json)
    _print_orphans(overview)


def print_aliases(deps: Dependencies, *, as_json: bool) -> None:
    """Print all aliases with their collections."""
    overview = read_overview(deps)
    lines = [f"{alias.name} → {alias.target_name}" for alias in overview.aliases]
    _print_lines(lines, to_builtins(overview.aliases), as_json=as_json)
    _print_orphans(overview)


def print_keys(deps: Dependencies, *, as_json: bool) -> None:
    """Print the search-only keys."""
    keys = list_search_keys(deps)
    if as_json:
        print_json(to_builtins(keys))
        return
    print_table(
        [
            Column(header="id", cells=[str(key.id) for key in keys], is_numeric=True),
            Column(header="collections", cells=[", ".join(key.collections) for key in keys]),
            Column(header="value begins with", cells=[key.prefix for key in keys], rank=1),
            Column(header="description", cells=[key.description for key in keys], rank=2, is_flexible=True),
        ]
    )


def print_info(deps: Dependencies, engine: str, *, target: Target | None, as_json: bool) -> None:
    """Print the details of all collections, or of one, by its own name or an alias."""
    if target:
        require_state(deps, target)
    resolved = deps.admin.resolve(target.collection) if target else None
    overview = read_overview(deps)
    entries = [entry for entry in overview.collections if not target or entry.info.name == resolved]
    info = _IndexInfo(
        engine=engine,
        location=deps.admin.get_location(),
        bytes=deps.admin.get_size(),
        projects=sum(entry.info.projects for entry in entries),
        documents=sum(entry.info.documents for entry in entries),
        collections=tuple(read_details(deps, entry) for entry in entries),
    )
    if as_json:
        print_json(to_builtins(info))
    else:
        _print_info(info)
    _print_orphans(overview)


def _build_collections_columns(entries: Sequence[CollectionEntry]) -> list[Column]:
    return [
        Column(header="collection", cells=[entry.info.name for entry in entries]),
        Column(header="aliases", cells=[", ".join(entry.info.aliases) for entry in entries]),
        Column(header="packages", cells=[f"{entry.info.projects:,}" for entry in entries], rank=1, is_numeric=True),
        Column(header="documents", cells=[f"{entry.info.documents:,}" for entry in entries], rank=4, is_numeric=True),
        Column(header="created", cells=[_format_time(entry.info.created_at) for entry in entries], rank=3),
        Column(header="profile", cells=[entry.filter_label for entry in entries], rank=5, is_flexible=True),
        Column(
            header="cursor", cells=[_format_count(entry.state.cursor) for entry in entries], rank=2, is_numeric=True
        ),
    ]


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


def _print_lines(lines: Sequence[str], value: object, *, as_json: bool) -> None:
    """Print lines, or the value that they represent as JSON."""
    if as_json:
        print_json(value)
        return
    for line in lines:
        print_line(line)


def _print_info(info: _IndexInfo) -> None:
    from rich.table import Table

    size = "size unknown" if info.bytes is None else f"{info.bytes / 1024 / 1024:,.1f} MB"
    print_line(f"{info.engine} {info.location}, {size}")
    for collection in info.collections:
        table = Table(title=", ".join(collection.names), title_justify="left", show_header=False)
        table.add_row("collection", collection.collection)
        table.add_row("profile", collection.filter)
        table.add_row("projects", f"{collection.projects:,}")
        table.add_row("documents", f"{collection.documents:,}")
        table.add_row("latest change", _format_latest_change(collection))
        table.add_row("changelog cursor", _format_cursor(collection))
        table.add_row("stale packages", f"{collection.stale_projects:,}")
        print_renderable(table)


def _format_latest_change(collection: CollectionDetails) -> str:
    if not collection.newest_serial:
        return "none"
    upload_time = _format_time(collection.newest_upload)
    return f"serial {collection.newest_serial:,}: {collection.newest_project}, uploaded {upload_time}"


def _format_cursor(collection: CollectionDetails) -> str:
    if collection.cursor is None:
        return "none: the next run compares everything"
    return f"serial {collection.cursor:,}" + (
        f", confirmed {format_age(collection.cursor_age)} ago" if collection.cursor_age is not None else ""
    )


def _print_orphans(overview: IndexOverview) -> None:
    for name in overview.leftovers:
        click.echo(
            f"Not listed: {name}. A rebuild is filling it, or has failed; the next rebuild deletes it.",
            err=True,
        )


def _format_time(timestamp: int) -> str:
    return f"{datetime.fromtimestamp(timestamp, UTC):%Y-%m-%d %H:%M}" if timestamp else "unknown"


def _format_count(count: int | None) -> str:
    return "none" if count is None else f"{count:,}"
