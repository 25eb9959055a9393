"""Which of the server's addresses a request is for, and what it answers."""

from dataclasses import dataclass
from typing import Any

import msgspec

from pyf.aggregator.sandbox.responses import PreparedResponse
from support.typesense_fake import keys
from support.typesense_fake.documents import delete_by_filter, export_documents, import_documents, update_by_filter
from support.typesense_fake.errors import RequestRejected
from support.typesense_fake.schema import Json, encode
from support.typesense_fake.search import search
from support.typesense_fake.store import Store

# What the server adds to synonyms and overrides that leave it out.
_SETTING_DEFAULTS: dict[str, Json] = {
    "synonyms": {"root": ""},
    "overrides": {
        "excludes": [],
        "filter_curated_hits": False,
        "remove_matched_tokens": False,
        "stop_processing": True,
    },
}

# Searches of one `multi_search`.
MAX_SEARCHES = 50


@dataclass(frozen=True, slots=True)
class Route:
    """A request's kind, the right that it needs ("" for none), and the names in its address."""

    kind: str
    action: str
    collection: str = ""
    name: str = ""


def match_route(method: str, parts: list[str]) -> Route | None:
    """Return the route of a request, None if the server has none."""
    match method, parts:
        case "GET", ["health"]:
            return Route("health", "")
        case "POST", ["health"]:
            return Route("write_nothing", "health:create")
        case "GET", ["status"]:
            return Route("status", "status:list")
        case "GET", ["debug"]:
            return Route("debug", "debug:list")
        case "GET", ["collections"]:
            return Route("list_collections", "collections:list")
        case "POST", ["collections"]:
            return Route("create_collection", "collections:create")
        case "GET", ["collections", collection]:
            return Route("get_collection", "collections:get", collection)
        case "DELETE", ["collections", collection]:
            return Route("drop_collection", "collections:delete", collection)
        case "PATCH", ["collections", collection]:
            return Route("alter_collection", "collections:update", collection)
        case "POST", ["collections", collection, "documents", "import"]:
            return Route("import", "documents:import", collection)
        case "GET", ["collections", collection, "documents", "export"]:
            return Route("export", "documents:export", collection)
        case "GET", ["collections", collection, "documents", "search"]:
            return Route("search", "documents:search", collection)
        case "POST", ["collections", collection, "documents"]:
            return Route("create_document", "documents:create", collection)
        case "PATCH", ["collections", collection, "documents"]:
            return Route("update_by_filter", "documents:update", collection)
        case "DELETE", ["collections", collection, "documents"]:
            return Route("delete_by_filter", "documents:delete", collection)
        case "GET", ["collections", collection, "documents", name]:
            return Route("get_document", "documents:get", collection, name)
        case "PATCH", ["collections", collection, "documents", name]:
            return Route("update_document", "documents:update", collection, name)
        case "DELETE", ["collections", collection, "documents", name]:
            return Route("delete_document", "documents:delete", collection, name)
        case "GET", ["collections", collection, ("synonyms" | "overrides") as kind]:
            return Route(f"list_{kind}", f"{kind}:list", collection)
        case "PUT", ["collections", collection, ("synonyms" | "overrides") as kind, name]:
            return Route(f"put_{kind}", f"{kind}:create", collection, name)
        case "POST", ["multi_search"]:
            return Route("multi_search", "documents:search")
        case "GET", ["aliases"]:
            return Route("list_aliases", "aliases:list")
        case "GET", ["aliases", name]:
            return Route("get_alias", "aliases:get", name=name)
        case "PUT", ["aliases", name]:
            return Route("put_alias", "aliases:create", name=name)
        case "DELETE", ["aliases", name]:
            return Route("delete_alias", "aliases:delete", name=name)
        case "GET", ["presets"]:
            return Route("list_presets", "presets:list")
        case "GET", ["presets", name]:
            return Route("get_preset", "presets:get", name=name)
        case "PUT", ["presets", name]:
            return Route("put_preset", "presets:upsert", name=name)
        case "DELETE", ["presets", name]:
            return Route("delete_preset", "presets:delete", name=name)
        case "GET", ["keys"]:
            return Route("list_keys", "keys:list")
        case "POST", ["keys"]:
            return Route("create_key", "keys:create")
        case "GET", ["keys", name]:
            return Route("get_key", "keys:get", name=name)
        case "DELETE", ["keys", name]:
            return Route("delete_key", "keys:delete", name=name)
    return None


def handle_request(store: Store, route: Route, query: dict[str, str], body: bytes) -> PreparedResponse:
    """Carry a request out and return its answer; raises `RequestRejected` for one that the server rejects."""
    match route.kind:
        case "health" | "write_nothing":
            return _json({"ok": True})
        case "status":
            return _json({"committed_index": 1, "queued_writes": store.queued_writes, "state": "LEADER"})
        case "debug":
            return _json({"state": store.node_state, "version": "29.0"})
        case "list_collections":
            left_out = query.get("exclude_fields", "").split(",")
            return _json(
                [
                    {name: value for name, value in collection.describe().items() if name not in left_out}
                    for collection in reversed(store.collections.values())
                ]
            )
        case "create_collection":
            return _json(store.create(_decode(body)).describe(), 201)
        case "get_collection":
            return _json(store.collection(route.collection).describe())
        case "drop_collection":
            return _json(store.drop(route.collection).describe())
        case "alter_collection":
            return _json(store.collection(route.collection).alter(_decode(body)))
        case "list_synonyms" | "list_overrides":
            kind = route.kind.removeprefix("list_")
            settings = store.collection(route.collection).settings[kind].values()
            return _json({kind: [{**_SETTING_DEFAULTS[kind], **setting} for setting in settings]})
        case "put_synonyms" | "put_overrides":
            setting = {**_decode(body), "id": route.name}
            store.collection(route.collection).settings[route.kind.removeprefix("put_")][route.name] = setting
            return _json(setting)
        case "multi_search":
            return _json(_multi_search(store, query, _decode(body)))
        case "list_aliases":
            return _json({"aliases": [store.get_alias(name) for name in store.aliases]})
        case "get_alias":
            return _json(store.get_alias(route.name))
        case "put_alias":
            return _json(store.set_alias(route.name, _decode(body)))
        case "delete_alias":
            return _json(store.delete_alias(route.name))
        case "list_presets":
            return _json({"presets": [store.get_preset(name) for name in store.presets]})
        case "get_preset":
            return _json(store.get_preset(route.name))
        case "put_preset":
            return _json(store.set_preset(route.name, _decode(body)))
        case "delete_preset":
            return _json(store.delete_preset(route.name))
        case "list_keys":
            return _json(keys.list_keys(store))
        case "create_key":
            return _json(keys.create_key(store, _decode(body)), 201)
        case "get_key":
            return _json(keys.get_key(store, route.name))
        case "delete_key":
            return _json(keys.delete_key(store, route.name))
    return _handle_documents(store, route, query, body)


def _handle_documents(store: Store, route: Route, query: dict[str, str], body: bytes) -> PreparedResponse:
    collection = store.collection(route.collection)
    dirty = query.get("dirty_values", "reject")
    match route.kind:
        case "import":
            return PreparedResponse(import_documents(collection, query, body), "text/plain; charset=utf-8")
        case "export":
            return PreparedResponse(export_documents(collection, query), "text/plain; charset=utf-8")
        case "search":
            return _json(_search(store, route.collection, dict(query)))
        case "create_document":
            return _json(collection.write(_decode(body), query.get("action", "create"), dirty), 201)
        case "update_by_filter":
            return _json({"num_updated": update_by_filter(collection, query, _decode(body))})
        case "delete_by_filter":
            return _json({"num_deleted": delete_by_filter(collection, query)})
        case "update_document":
            return _json(collection.write({**_decode(body), "id": route.name}, "update", dirty))
        case "delete_document":
            if query.get("ignore_not_found") == "true" and route.name not in collection.documents:
                return _json({"id": route.name})
            return _json(collection.delete(route.name))
    if route.name not in collection.documents:
        raise RequestRejected(404, f"Could not find a document with id: {route.name}")
    return _json(collection.documents[route.name])


def _multi_search(store: Store, query: dict[str, str], body: Json) -> Json:
    if "searches" not in body:
        raise RequestRejected(400, "Missing `searches` array.")
    if not body["searches"]:
        raise RequestRejected(500, "Embedded params parsing error.")
    if len(body["searches"]) > MAX_SEARCHES:
        raise RequestRejected(400, "Number of multi searches exceeds `limit_multi_searches` parameter.")
    return {"results": [_search_or_error(store, {**query, **search}) for search in body["searches"]]}


def _search_or_error(store: Store, given: dict[str, Any]) -> Json:
    try:
        return _search(store, given.pop("collection", ""), given)
    except RequestRejected as error:
        return {"code": error.status, "error": error.message}


def _search(store: Store, collection: str, given: dict[str, Any]) -> Json:
    preset = given.pop("preset", None)
    if preset in store.presets:
        given = {**store.presets[preset], **given}
    return search(store.collection(collection), given)


def _json(value: Any, status: int = 200) -> PreparedResponse:
    return PreparedResponse(encode(value), "application/json; charset=utf-8", status=status)


def _decode(body: bytes) -> Json:
    try:
        decoded: Json = msgspec.json.decode(body)
    except msgspec.DecodeError:
        raise RequestRejected(400, "Bad JSON.") from None
    return decoded
