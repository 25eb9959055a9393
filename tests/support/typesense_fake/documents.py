"""Many documents at once: import and export by lines, changes and deletions by filter."""

from collections.abc import Mapping

import msgspec

from support.typesense_fake.errors import Refused
from support.typesense_fake.schema import Json
from support.typesense_fake.search import pruned
from support.typesense_fake.store import Collection

_ACTIONS = ("create", "update", "upsert", "emplace")


def import_(collection: Collection, query: Mapping[str, str], body: bytes) -> bytes:
    """Write one document a line and tell of each what came of it, whatever came of the others."""
    action = query.get("action", "create")
    if action not in _ACTIONS:
        raise Refused(400, "Parameter `action` must be a create|update|upsert.")
    if not query.get("batch_size", "40").isdigit() or int(query.get("batch_size", "40")) == 0:
        raise Refused(400, "Parameter `batch_size` must be a positive integer.")
    lines = [line for line in body.split(b"\n") if line]
    return b"\n".join(msgspec.json.encode(_imported(collection, query, action, line)) for line in lines)


def _imported(collection: Collection, query: Mapping[str, str], action: str, line: bytes) -> Json:
    try:
        written = collection.write(msgspec.json.decode(line), action, query.get("dirty_values", "reject"))
    except msgspec.DecodeError as error:
        return {"code": 400, "error": f"Bad JSON: {error}", "success": False}
    except Refused as refused:
        return {"code": refused.status, "error": refused.message, "success": False}
    result: Json = {"success": True}
    if query.get("return_id") == "true":
        result["id"] = written["id"]
    if query.get("return_doc") == "true":
        result["document"] = written
    return result


def export(collection: Collection, query: Mapping[str, str]) -> bytes:
    return b"\n".join(
        msgspec.json.encode(pruned(document, query)) for document in collection.matching(query.get("filter_by", ""))
    )


def update_by_filter(collection: Collection, query: Mapping[str, str], change: Json) -> int:
    found = collection.matching(_needed(query))
    for document in found:
        collection.write({**change, "id": document["id"]}, "update", query.get("dirty_values", "reject"))
    return len(found)


def delete_by_filter(collection: Collection, query: Mapping[str, str]) -> int:
    found = collection.matching("" if query.get("truncate") == "true" else _needed(query))
    for document in found:
        collection.delete(document["id"])
    return len(found)


def _needed(query: Mapping[str, str]) -> str:
    if not query.get("filter_by"):
        raise Refused(400, "Parameter `filter_by` must be provided.")
    return query["filter_by"]
