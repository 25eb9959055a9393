"""What the server holds: collections with their documents, aliases and keys; it outlives a server that stops."""

import time
from collections.abc import Iterable
from typing import Any

from support.typesense_fake.errors import RequestRejected, collection_not_found
from support.typesense_fake.filters import Filter
from support.typesense_fake.schema import (
    Json,
    build_field,
    describe_change,
    parse_field,
    parse_fields,
    validate_document,
)
from support.typesense_fake.text import tokenize


class Collection:
    """One collection; documents are in the order in which they came."""

    def __init__(self, given: Json) -> None:
        self.fields = [field for field in parse_fields(given) if field["name"] != "id"]
        self.name: str = given["name"]
        self.default_sorting_field: str = given.get("default_sorting_field", "")
        self.nested: bool = given.get("enable_nested_fields", False)
        self.separators = tuple(given.get("token_separators", ()))
        self.metadata: Json = given.get("metadata", {})
        self.settings: dict[str, dict[str, Json]] = {"synonyms": {}, "overrides": {}}
        self.created_at = int(time.time())
        self.documents: dict[str, Json] = {}
        self.order: dict[str, int] = {}
        self._next = 0
        self._exact: dict[str, dict[tuple[str, ...], dict[str, None]]] = {}

    @property
    def fields_by_name(self) -> dict[str, Json]:
        return {field["name"]: field for field in self.fields}

    def describe(self) -> Json:
        description: Json = {
            "created_at": self.created_at,
            "default_sorting_field": self.default_sorting_field,
            "enable_nested_fields": self.nested,
            "fields": self.fields,
            "name": self.name,
            "num_documents": len(self.documents),
            "symbols_to_index": [],
            "token_separators": list(self.separators),
        }
        return description | ({"metadata": self.metadata} if self.metadata else {})

    def write(self, document: Any, action: str, dirty: str) -> Json:
        """Create, replace or merge a document and return it as it is after that."""
        if not isinstance(document, dict):
            raise RequestRejected(400, "Bad JSON: not a properly formed document.")
        if "id" in document and not isinstance(document["id"], str):
            raise RequestRejected(400, "Document's `id` field should be a string.")
        identifier = document.get("id")
        if identifier == "":
            raise RequestRejected(400, "The `id` should not be empty.")
        existing = self.documents.get(identifier) if identifier is not None else None
        if existing is not None and action == "create":
            raise RequestRejected(409, f"A document with id {identifier} already exists.")
        if existing is None and action == "update":
            raise RequestRejected(404, f"Could not find a document with id: {identifier}")
        if existing is None:
            number = self._next
            self._next += 1
            identifier = identifier if identifier is not None else str(number)
        else:
            number = self.order[existing["id"]]
        is_merged = existing is not None and action in ("update", "emplace")
        sorting = self.default_sorting_field
        if sorting and action in ("create", "upsert") and sorting not in document:
            raise RequestRejected(
                400,
                f"Field `{sorting}` has been declared as a default sorting field, but is not found in the document.",
            )
        stored = validate_document(document, self.fields, dirty, partial=is_merged) | {"id": identifier}
        if existing is not None and is_merged:
            stored = merge_patch(existing, stored)
        assert identifier is not None
        self._forget(identifier)
        self.documents[identifier] = stored
        self.order[identifier] = number
        for name, ids in self._exact.items():
            for key in self._tokenize_field(stored, name):
                ids.setdefault(key, {})[identifier] = None
        return stored

    def delete(self, identifier: str) -> Json:
        if identifier not in self.documents:
            raise RequestRejected(404, f"Could not find a document with id: {identifier}")
        self._forget(identifier)
        del self.order[identifier]
        return self.documents.pop(identifier)

    def find(self, filter_by: str) -> list[Json]:
        """Return the documents that a filter admits, in the order in which they came."""
        if not filter_by:
            return [self.documents[identifier] for identifier in sorted(self.documents, key=self.order.__getitem__)]
        filter_ = Filter(filter_by, self.fields_by_name, self.separators, self._find_exact)
        candidates: Iterable[str] = self.documents
        if filter_.exact is not None:
            candidates = self._find_exact(*filter_.exact)
        ids = [identifier for identifier in candidates if filter_.matches(self.documents[identifier])]
        return [self.documents[identifier] for identifier in sorted(ids, key=self.order.__getitem__)]

    def alter(self, change: Json) -> Json:
        if not change:
            raise RequestRejected(400, "Alter payload is empty.")
        if not change.keys() <= {"fields", "metadata"}:
            raise RequestRejected(400, "Only `fields` and `metadata` can be updated at the moment.")
        fields = list(self.fields)
        changes = [self._change_field(field, fields) for field in _drops_first(change)]
        for document in self.documents.values():
            _check_against_schema(document, fields)
        for field in change.get("fields", ()):
            if not field.get("drop"):
                parse_field(field, nested=self.nested)
        self.fields, self.metadata = fields, change.get("metadata", self.metadata)
        return ({"fields": changes} if changes else {}) | {key: change[key] for key in ("metadata",) if key in change}

    def _change_field(self, given: Json, fields: list[Json]) -> Json:
        name = given["name"]
        declared = [field for field in fields if field["name"] == name]
        if given.get("drop"):
            if not declared:
                raise RequestRejected(400, f"Field `{name}` is not part of collection schema.")
            fields.remove(declared[0])
            return {"drop": True, "embed": None, "name": name}
        if declared:
            raise RequestRejected(
                400,
                f"Field `{name}` is already part of the schema: To change this field, drop it first before adding it "
                "back to the schema.",
            )
        field = build_field(given)
        fields.append(field)
        return describe_change(field)

    def _find_exact(self, name: str, values: list[str]) -> list[str]:
        if name == "id":
            return [value for value in values if value in self.documents]
        if name not in self._exact:
            self._exact[name] = {}
            for identifier, document in self.documents.items():
                for key in self._tokenize_field(document, name):
                    self._exact[name].setdefault(key, {})[identifier] = None
        keys = [tokenize(value, self.separators) for value in values]
        return list(dict.fromkeys(identifier for key in keys for identifier in self._exact[name].get(key, ())))

    def _tokenize_field(self, document: Json, name: str) -> list[tuple[str, ...]]:
        value = document.get(name, [])
        return [tokenize(text, self.separators) for text in (value if isinstance(value, list) else [value])]

    def _forget(self, identifier: str) -> None:
        if identifier not in self.documents:
            return
        for name, ids in self._exact.items():
            for key in self._tokenize_field(self.documents[identifier], name):
                ids.get(key, {}).pop(identifier, None)


def _drops_first(change: Json) -> list[Json]:
    return sorted(change.get("fields", ()), key=lambda field: not field.get("drop"))


def _check_against_schema(document: Json, fields: list[Json]) -> None:
    """Reject a change of the schema that a stored document does not fit."""
    try:
        validate_document(document, fields, "coerce_or_reject", partial=False)
    except RequestRejected as error:
        message = error.message
        if message.endswith("is not found in the document."):
            hint = "If you still want to add this field, set it as `optional: true`."
            message = f"{message.removesuffix('.')}s already present in the collection. {hint}"
        elif " must be " in message:
            field, kind = message.split(" must be ")
            message = (
                "Schema change is incompatible with the type of documents already stored in this collection. "
                f"Existing data for {field[0].lower()}{field[1:]} cannot be coerced into {kind}"
            )
        raise RequestRejected(400, message) from None


def merge_patch(target: Any, change: Any) -> Any:
    """Merge as RFC 7396, like the server: null deletes a key, and objects are merged by key."""
    if not isinstance(change, dict):
        return change
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in change.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge_patch(result.get(key), value)
    return result


class Store:
    """All that a server holds."""

    def __init__(self) -> None:
        self.collections: dict[str, Collection] = {}
        self.aliases: dict[str, str] = {}
        self.presets: dict[str, Json] = {}
        self.keys: list[Json] = []
        self.next_key = 0
        # Writes that were taken from the log and not applied yet, and what the node is in its cluster (1 leads).
        self.queued_writes = 0
        self.node_state = 1

    def create(self, given: Json) -> Collection:
        collection = Collection(given)
        if collection.name in self.collections:
            raise RequestRejected(409, f"A collection with name `{collection.name}` already exists.")
        self.collections[collection.name] = collection
        return collection

    def collection(self, name: str) -> Collection:
        """Return a collection by its name or an alias."""
        collection = self.collections.get(name) or self.collections.get(self.aliases.get(name, ""))
        if collection is None:
            raise collection_not_found()
        return collection

    def drop(self, name: str) -> Collection:
        try:
            collection = self.collection(name)
        except RequestRejected:
            raise RequestRejected(404, f"No collection with name `{name}` found.") from None
        return self.collections.pop(collection.name)

    def discard(self, name: str) -> None:
        """Drop a collection if it exists."""
        self.collections.pop(name, None)

    def set_preset(self, name: str, given: Json) -> Json:
        self.presets[name] = given["value"]
        return self.get_preset(name)

    def get_preset(self, name: str) -> Json:
        if name not in self.presets:
            raise RequestRejected(404, "Not found.")
        return {"name": name, "value": self.presets[name]}

    def delete_preset(self, name: str) -> Json:
        deleted = self.get_preset(name)
        del self.presets[name]
        return deleted

    def set_alias(self, alias: str, target: Json) -> Json:
        if "collection_name" not in target:
            raise RequestRejected(400, "Parameter `collection_name` is required.")
        if alias in self.collections:
            raise RequestRejected(500, f"Name `{alias}` conflicts with an existing collection name.")
        self.aliases[alias] = target["collection_name"]
        return self.get_alias(alias)

    def delete_alias(self, alias: str) -> Json:
        deleted = self.get_alias(alias)
        del self.aliases[alias]
        return deleted

    def get_alias(self, name: str) -> Json:
        if name not in self.aliases:
            raise collection_not_found()
        return {"collection_name": self.aliases[name], "name": name}
