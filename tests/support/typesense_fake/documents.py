"""Many documents at once: import and export by lines, changes and deletions by filter."""

from collections.abc import Mapping

import msgspec

from support.typesense_fake.errors import RequestRejected
from support.typesense_fake.schema import Json, encode
from support.typesense_fake.search import select_fields
from support.typesense_fake.store import Collection

_ACTIONS = ("create", "update", "upsert", "emplace")


def import_documents(collection: Collection, query: Mapping[str, str], body: bytes) -> bytes:
    """Write one document and return one result per line; a line that fails stops none of the others."""
    action = query.get("action", "create")
    if action not in _ACTIONS:
        raise RequestRejected(400, "Parameter `action` must be a create|update|upsert.")
    if not query.get("batch_size", "40").isdigit() or int(query.get("batch_size", "40")) == 0:
        raise RequestRejected(400, "Parameter `batch_size` must be a positive integer.")
    lines = [line for line in body.split(b"\n") if line]
    return b"\n".join(encode(_import_line(collection, query, action, line)) for line in lines)


def _import_line(collection: Collection, query: Mapping[str, str], action: str, line: bytes) -> Json:
    try:
        document = collection.write(msgspec.json.decode(line), action, query.get("dirty_values", "reject"))
    except msgspec.DecodeError as error:
        return {"code": 400, "error": f"Bad JSON: {error}", "success": False}
    except RequestRejected as error:
        return {"code": error.status, "error": error.message, "success": False}
    result: Json = {"success": True}
    if query.get("return_id") == "true":
        result["id"] = document["id"]
    if query.get("return_doc") == "true":
        result["document"] = document
    return result


def export_documents(collection: Collection, query: Mapping[str, str]) -> bytes:
    documents = collection.find(query.get("filter_by", ""))
    return b"\n".join(encode(select_fields(document, query)) for document in documents)


def update_by_filter(collection: Collection, query: Mapping[str, str], change: Json) -> int:
    documents = collection.find(_require_filter(query))
    for document in documents:
        collection.write({**change, "id": document["id"]}, "update", query.get("dirty_values", "reject"))
    return len(documents)


def delete_by_filter(collection: Collection, query: Mapping[str, str]) -> int:
    documents = collection.find("" if query.get("truncate") == "true" else _require_filter(query))
    for document in documents:
        collection.delete(document["id"])
    return len(documents)


def _require_filter(query: Mapping[str, str]) -> str:
    if not query.get("filter_by"):
        raise RequestRejected(400, "Parameter `filter_by` must be provided.")
    return query["filter_by"]
