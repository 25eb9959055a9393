"""API keys: which actions they allow on which collections."""

import re
import time
from collections.abc import Iterable
from secrets import token_urlsafe

from typesense_double.errors import RequestRejected
from typesense_double.schema import Json
from typesense_double.store import Store

_NO_EXPIRY = 64723363199


def create_key(store: Store, given: Json) -> Json:
    for name in ("description", "actions", "collections"):
        if name not in given:
            raise RequestRejected(400, f"Could not find a `{name}` key.")
        if name != "description" and not _is_list_of_texts(given[name]):
            raise RequestRejected(400, f"Wrong format for `{name}`. It should be an array of string.")
    value = given.get("value") or token_urlsafe(24)
    if any(key["value"] == value for key in store.keys):
        raise RequestRejected(409, "API key generation conflict.")
    key = {
        "actions": given["actions"],
        "autodelete": False,
        "collections": given["collections"],
        "description": given["description"],
        "expires_at": given.get("expires_at", _NO_EXPIRY),
        "id": store.next_key,
        "value": value,
    }
    store.next_key += 1
    store.keys.append(key)
    return key


def list_keys(store: Store) -> Json:
    return {"keys": [_without_value(key) for key in store.keys]}


def get_key(store: Store, identifier: str) -> Json:
    return _without_value(_find_key(store, identifier))


def delete_key(store: Store, identifier: str) -> Json:
    store.keys.remove(key := _find_key(store, identifier))
    return {"id": key["id"]}


def is_allowed(store: Store, value: str, action: str, collections: Iterable[str]) -> bool:
    """Tell whether a key allows an action on all of these collections, by the names in the request."""
    for key in store.keys:
        if key["value"] == value and key["expires_at"] > time.time():
            return any(_includes(granted, action) for granted in key["actions"]) and all(
                any(pattern == "*" or re.fullmatch(pattern, name) for pattern in key["collections"])
                for name in collections
            )
    return False


def _includes(granted: str, action: str) -> bool:
    return granted in ("*", action) or granted == f"{action.partition(':')[0]}:*"


def _is_list_of_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(text, str) for text in value)


def _without_value(key: Json) -> Json:
    return {name: value for name, value in key.items() if name != "value"} | {"value_prefix": key["value"][:4]}


def _find_key(store: Store, identifier: str) -> Json:
    for key in store.keys:
        if str(key["id"]) == identifier:
            return key
    raise RequestRejected(404, "Not found.")
