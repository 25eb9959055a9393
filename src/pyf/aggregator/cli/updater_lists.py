"""What `pyfupdater` prints of an index: collections, aliases, keys, and what is in them."""

from collections.abc import Sequence
from datetime import UTC, datetime

import click
from msgspec import Struct, to_builtins
from rich.table import Table

from ..domain.api_key import ApiKey
from ..domain.errors import NotFound
from ..ports import Services
from ..settings import Settings
from ..usecases.catalogue import Catalogue, Details, Listed, catalogue, details
from ..usecases.search_keys import search_keys
from .output import print_drawn, print_json, print_line
from .targets import engine_of
from .updater_options import Action, Options


class _Info(Struct, frozen=True, kw_only=True):
    """What `--info` tells of the index as a whole; `bytes` is None where the engine does not tell."""

    engine: str
    location: str
    bytes: int | None
    projects: int
    documents: int
    collections: tuple[Details, ...]


def print_list(services: Services, options: Options) -> None:
    """Print the list that was asked for."""
    if options.action is Action.KEYS:
        _print_keys(search_keys(services), as_json=options.json_)
        return
    found = catalogue(services)
    if options.action is Action.LIST:
        _print_collections(found, as_json=options.json_)
    elif options.action is Action.NAMES:
        _print_lines(found.names, list(found.names), as_json=options.json_)
    else:
        lines = [f"{alias.name} → {alias.leads_to}" for alias in found.aliases]
        _print_lines(lines, to_builtins(found.aliases), as_json=options.json_)
    _tell_of_leftovers(found)


def print_info(services: Services, settings: Settings, *, collection: str, as_json: bool) -> None:
    """Print what is in the index; of one collection only where one is named, by its own name or an alias."""
    behind = services.admin.resolve(collection) if collection else None
    if collection and behind is None:
        raise NotFound(f"there is no collection {collection}")
    found = catalogue(services)
    chosen = [each for each in found.collections if not collection or each.info.name == behind]
    info = _Info(
        engine=engine_of(settings),
        location=services.admin.location(),
        bytes=services.admin.size(),
        projects=sum(each.info.projects for each in chosen),
        documents=sum(each.info.documents for each in chosen),
        collections=tuple(details(services, each) for each in chosen),
    )
    if as_json:
        print_json(to_builtins(info))
    else:
        _print_info(info)
    _tell_of_leftovers(found)


def _print_collections(found: Catalogue, *, as_json: bool) -> None:
    if as_json:
        print_json([_as_mapping(each) for each in found.collections])
        return
    table = Table("collection", "aliases", "projects", "documents", "created", "filled by", "cursor")
    for each in found.collections:
        table.add_row(
            each.info.name,
            ", ".join(each.info.aliases),
            f"{each.info.projects:,}",
            f"{each.info.documents:,}",
            _moment(each.info.created_at),
            each.filled_by,
            _number(each.state.cursor),
        )
    print_drawn(table)


def _as_mapping(listed: Listed) -> dict[str, object]:
    info, state = listed.info, listed.state
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
    print_drawn(table)


def _print_lines(lines: Sequence[str], value: object, *, as_json: bool) -> None:
    """Print lines, or as JSON the value that they stand for."""
    if as_json:
        print_json(value)
        return
    for line in lines:
        print_line(line)


def _print_info(info: _Info) -> None:
    size = "size unknown" if info.bytes is None else f"{info.bytes / 1024 / 1024:,.1f} MB"
    print_line(f"{info.engine} {info.location}, {size}")
    for each in info.collections:
        table = Table(title=", ".join(each.names), title_justify="left", show_header=False)
        table.add_row("collection", each.collection)
        table.add_row("filled by", each.filter)
        table.add_row("projects", f"{each.projects:,}")
        table.add_row("documents", f"{each.documents:,}")
        table.add_row("newest change", _newest(each))
        table.add_row("cursor", _cursor(each))
        table.add_row("to be asked again", f"{each.to_be_asked_again:,}")
        print_drawn(table)


def _newest(of: Details) -> str:
    if not of.newest_serial:
        return "none"
    return f"serial {of.newest_serial:,}: {of.newest_project}, uploaded {_moment(of.newest_upload)}"


def _cursor(of: Details) -> str:
    if of.cursor is None:
        return "none: the next run compares everything"
    return f"serial {of.cursor:,}" + (f", confirmed {_age(of.cursor_age)} ago" if of.cursor_age is not None else "")


def _tell_of_leftovers(found: Catalogue) -> None:
    for name in found.leftovers:
        click.echo(
            f"Not listed: {name}, which is being built to take another one's place, or was left by a run that failed; "
            "the next run clears it.",
            err=True,
        )


def _moment(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M}" if seconds else "unknown"


def _number(number: int | None) -> str:
    return "none" if number is None else f"{number:,}"


def _age(seconds: int) -> str:
    for unit, name in ((86_400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * unit:
            return f"{seconds // unit} {name}"
    return f"{max(seconds, 0)} seconds"
