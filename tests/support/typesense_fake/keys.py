"""API keys: who may do what with which collections."""

import re
import time
from collections.abc import Iterable
from secrets import token_urlsafe

from support.typesense_fake.errors import Refused
from support.typesense_fake.schema import Json
from support.typesense_fake.store import Store

_FOREVER = 64723363199


def create(store: Store, given: Json) -> Json:
    for needed in ("description", "actions", "collections"):
        if needed not in given:
            raise Refused(400, f"Could not find a `{needed}` key.")
        if needed != "description" and not _is_texts(given[needed]):
            raise Refused(400, f"Wrong format for `{needed}`. It should be an array of string.")
    value = given.get("value") or token_urlsafe(24)
    if any(key["value"] == value for key in store.keys):
        raise Refused(409, "API key generation conflict.")
    key = {
        "actions": given["actions"],
        "autodelete": False,
        "collections": given["collections"],
        "description": given["description"],
        "expires_at": given.get("expires_at", _FOREVER),
        "id": store.next_key,
        "value": value,
    }
    store.next_key += 1
    store.keys.append(key)
    return key


def listed(store: Store) -> Json:
    return {"keys": [_shown(key) for key in store.keys]}


def one(store: Store, number: str) -> Json:
    return _shown(_key(store, number))


def delete(store: Store, number: str) -> Json:
    store.keys.remove(key := _key(store, number))
    return {"id": key["id"]}


def is_allowed(store: Store, value: str, action: str, collections: Iterable[str]) -> bool:
    """Tell whether a key may do something with all of these collections, by the names that were asked for."""
    for key in store.keys:
        if key["value"] == value and key["expires_at"] > time.time():
            return any(_covers(each, action) for each in key["actions"]) and all(
                any(each == "*" or re.fullmatch(each, name) for each in key["collections"]) for name in collections
            )
    return False


def _covers(held: str, action: str) -> bool:
    return held in ("*", action) or held == f"{action.partition(':')[0]}:*"


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _shown(key: Json) -> Json:
    return {name: value for name, value in key.items() if name != "value"} | {"value_prefix": key["value"][:4]}


def _key(store: Store, number: str) -> Json:
    for key in store.keys:
        if str(key["id"]) == number:
            return key
    raise Refused(404, "Not found.")
