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

_MAX_SEARCHES = 50


@dataclass(frozen=True, slots=True)
class Route:
    """A request's kind, the right that it needs ("" for none), and the names in its address."""

    kind: str
    action: str
    collection: str = ""
    name: str = ""


def match_route(method: str, parts: list[str]) -> Route | None:
    """Return what is asked for, None where nothing is served."""
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
        case "PUT", ["presets", name]:
            return Route("put_preset", "presets:upsert", name=name)
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
    """Do what is asked for and return the answer; raises `RequestRejected` for all else."""
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
                    {name: value for name, value in each.describe().items() if name not in left_out}
                    for each in reversed(store.collections.values())
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
            return _json({kind: list(store.collection(route.collection).settings[kind].values())})
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
            alias = store.get_alias(route.name)
            del store.aliases[route.name]
            return _json(alias)
        case "put_preset":
            store.presets[route.name] = _decode(body)["value"]
            return _json({"name": route.name, "value": store.presets[route.name]})
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
            return _json(search(collection, route.collection, query))
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


def _multi_search(store: Store, query: dict[str, str], asked: Json) -> Json:
    if "searches" not in asked:
        raise RequestRejected(400, "Missing `searches` array.")
    if not asked["searches"]:
        raise RequestRejected(500, "Embedded params parsing error.")
    if len(asked["searches"]) > _MAX_SEARCHES:
        raise RequestRejected(400, "Number of multi searches exceeds `limit_multi_searches` parameter.")
    results = []
    for each in asked["searches"]:
        given = {**query, **each}
        try:
            name = given.pop("collection", "")
            results.append(search(store.collection(name), name, given))
        except RequestRejected as error:
            results.append({"code": error.status, "error": error.message})
    return {"results": results}


def _json(value: Any, status: int = 200) -> PreparedResponse:
    return PreparedResponse(encode(value), "application/json; charset=utf-8", status=status)


def _decode(body: bytes) -> Json:
    try:
        decoded: Json = msgspec.json.decode(body)
    except msgspec.DecodeError:
        raise RequestRejected(400, "Bad JSON.") from None
    return decoded
