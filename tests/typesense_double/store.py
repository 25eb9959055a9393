"""What the server holds: collections with their documents, aliases and keys; it outlives a server that stops."""

import time
from collections.abc import Iterable
from typing import Any

from typesense_double.errors import RequestRejected, collection_not_found
from typesense_double.filters import Filter
from typesense_double.schema import Json, describe_change, parse_field, parse_fields, validate_document
from typesense_double.text import tokenize


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
        shown: Json = {
            "created_at": self.created_at,
            "default_sorting_field": self.default_sorting_field,
            "enable_nested_fields": self.nested,
            "fields": self.fields,
            "name": self.name,
            "num_documents": len(self.documents),
            "symbols_to_index": [],
            "token_separators": list(self.separators),
        }
        return shown | ({"metadata": self.metadata} if self.metadata else {})

    def write(self, document: Any, action: str, dirty: str) -> Json:
        """Create, replace or merge a document and return it as it is then."""
        if not isinstance(document, dict):
            raise RequestRejected(400, "Bad JSON: not a proper document.")
        if "id" in document and not isinstance(document["id"], str):
            raise RequestRejected(400, "Document's `id` field should be a string.")
        identifier = document.get("id")
        there = self.documents.get(identifier) if identifier is not None else None
        if there is not None and action == "create":
            raise RequestRejected(409, f"A document with id {identifier} already exists.")
        if there is None and action == "update":
            raise RequestRejected(404, f"Could not find a document with id: {identifier}")
        if there is None:
            number = self._next
            self._next += 1
            identifier = identifier if identifier is not None else str(number)
        else:
            number = self.order[there["id"]]
        is_merged = there is not None and action in ("update", "emplace")
        sorting = self.default_sorting_field
        if sorting and action in ("create", "upsert") and sorting not in document:
            raise RequestRejected(
                400,
                f"Field `{sorting}` has been declared as a default sorting field, but is not found in the document.",
            )
        stored = validate_document(document, self.fields, dirty, partial=is_merged) | {"id": identifier}
        if there is not None and is_merged:
            stored = merge_patch(there, stored)
        assert identifier is not None
        self._forget(identifier)
        self.documents[identifier] = stored
        self.order[identifier] = number
        for name, found in self._exact.items():
            for key in self._keys(stored, name):
                found.setdefault(key, {})[identifier] = None
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
            return [self.documents[each] for each in sorted(self.documents, key=self.order.__getitem__)]
        parsed = Filter(filter_by, self.fields_by_name, self.separators, self._found)
        candidates: Iterable[str] = self.documents
        if parsed.exact is not None:
            candidates = self._found(*parsed.exact)
        found = [each for each in candidates if parsed.matches(self.documents[each])]
        return [self.documents[each] for each in sorted(found, key=self.order.__getitem__)]

    def alter(self, change: Json) -> Json:
        if not change:
            raise RequestRejected(400, "Alter payload is empty.")
        if "metadata" in change:
            self.metadata = change["metadata"]
        fields = list(self.fields)
        shown = [self._change_field(each, fields) for each in change.get("fields", ())]
        self.fields = fields
        return {key: value for key, value in (("fields", shown), ("metadata", change.get("metadata"))) if value}

    def _change_field(self, given: Json, fields: list[Json]) -> Json:
        name = given["name"]
        there = [field for field in fields if field["name"] == name]
        if given.get("drop"):
            if not there:
                raise RequestRejected(400, f"Field `{name}` is not part of collection schema.")
            fields.remove(there[0])
            return {"drop": True, "embed": None, "name": name}
        if there:
            raise RequestRejected(
                400,
                f"Field `{name}` is already part of the schema: To change this field, drop it first before adding it "
                "back to the schema.",
            )
        if self.documents and not given.get("optional"):
            raise RequestRejected(
                400,
                f"Field `{name}` has been declared in the schema, but is not found in the documents already present in "
                "the collection. If you still want to add this field, set it as `optional: true`.",
            )
        field = parse_field(given, nested=self.nested)
        fields.append(field)
        return describe_change(field)

    def _found(self, name: str, values: list[str]) -> list[str]:
        if name == "id":
            return [value for value in values if value in self.documents]
        if name not in self._exact:
            self._exact[name] = {}
            for identifier, document in self.documents.items():
                for key in self._keys(document, name):
                    self._exact[name].setdefault(key, {})[identifier] = None
        keys = [tokenize(value, self.separators) for value in values]
        return list(dict.fromkeys(each for key in keys for each in self._exact[name].get(key, ())))

    def _keys(self, document: Json, name: str) -> list[tuple[str, ...]]:
        value = document.get(name, [])
        return [tokenize(each, self.separators) for each in (value if isinstance(value, list) else [value])]

    def _forget(self, identifier: str) -> None:
        if identifier not in self.documents:
            return
        for name, found in self._exact.items():
            for key in self._keys(self.documents[identifier], name):
                found.get(key, {}).pop(identifier, None)


def merge_patch(there: Any, change: Any) -> Any:
    """Merge as RFC 7396 says, which is what the server does: a null erases, objects are merge_patch key by key."""
    if not isinstance(change, dict):
        return change
    result = dict(there) if isinstance(there, dict) else {}
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
        found = self.collections.get(name) or self.collections.get(self.aliases.get(name, ""))
        if found is None:
            raise collection_not_found()
        return found

    def drop(self, name: str) -> Collection:
        try:
            found = self.collection(name)
        except RequestRejected:
            raise RequestRejected(404, f"No collection with name `{name}` found.") from None
        return self.collections.pop(found.name)

    def set_alias(self, alias: str, target: Json) -> Json:
        if "collection_name" not in target:
            raise RequestRejected(400, "Parameter `collection_name` is required.")
        if alias in self.collections:
            raise RequestRejected(500, f"Name `{alias}` conflicts with an existing collection name.")
        self.aliases[alias] = target["collection_name"]
        return self.get_alias(alias)

    def get_alias(self, name: str) -> Json:
        if name not in self.aliases:
            raise collection_not_found()
        return {"collection_name": self.aliases[name], "name": name}
