"""Copy what others have added to a collection: synonyms, overrides, metadata and fields."""

from collections.abc import Iterator
from typing import Any

from ....domain.errors import AggregatorError, NotFound
from .collections import Found, foreign_metadata
from .queries import in_path
from .schema import Json, build_fields
from .server import Server

# Settings that a collection is created with; this program has none of its own.
_AT_CREATION = ("default_sorting_field", "enable_nested_fields", "symbols_to_index")


def copy_foreign_settings(server: Server, source: Found, target: Found, *, with_values: bool) -> list[str]:
    """Copy the settings of a collection that this program did not make; return a notice for each that is not copied."""
    fields = _list_foreign_fields(source)
    notices = [
        f"{source.name} has {name} {source.schema[name]}, which {target.name} does not have"
        for name in _AT_CREATION
        if source.schema.get(name) and source.schema[name] != target.schema.get(name)
    ]
    if fields and not with_values:
        names = ", ".join(field["name"] for field in fields)
        notices.append(
            f"{target.name} has no values of the fields {names}, which another program added to {source.name}"
        )
    for label, method, path, body in _requests(server, source, target, fields):
        try:
            server.ask(lambda client, call=(method, path, body): _send(client, *call))  # type: ignore[misc]
        except AggregatorError as error:
            notices.append(f"{label} of {source.name} can't be copied to {target.name}: {error}")
    return notices


def _list_foreign_fields(source: Found) -> list[Json]:
    known = {field["name"] for field in build_fields()} | {"id", ".*"}
    return [field for field in source.schema["fields"] if source.is_native and field["name"] not in known]


def _requests(server: Server, source: Found, target: Found, fields: list[Json]) -> Iterator[tuple[str, str, str, Json]]:
    """Yield what is copied, and the method, path and body of the request that does it."""
    collection = f"/collections/{target.name}"
    for field in fields:
        yield f"the field {field['name']}", "patch", collection, {"fields": [{**field, "optional": True}]}
    if metadata := foreign_metadata(source.schema):
        yield "metadata", "patch", collection, {"metadata": target.schema.get("metadata", {}) | metadata}
    for kind in ("synonyms", "overrides"):
        for setting in _list_settings(server, source.name, kind):
            path = f"{collection}/{kind}/{in_path(setting['id'])}"
            yield f"{kind.removesuffix('s')} {setting['id']}", "put", path, setting


def _list_settings(server: Server, collection: str, kind: str) -> list[Json]:
    try:
        listed: Any = server.ask(
            lambda client: client.api_call.get(f"/collections/{collection}/{kind}", dict, as_json=True)
        )
    except NotFound:  # from version 30 on they belong to the server, and name no collection
        return []
    found: list[Json] = listed.get(kind, [])
    return found


def _send(client: Any, method: str, path: str, body: Json) -> None:
    send = client.api_call.put if method == "put" else client.api_call.patch
    send(path, entity_type=dict, body=body)
