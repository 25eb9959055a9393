"""Manage the API keys and the search parameters with which clients search a collection."""

from collections.abc import Sequence

from ...domain.errors import NotFound
from ...ports import Dependencies, NewKey
from ...ports.index import ApiKey
from .target import Target, require_state


def add_search_key(deps: Dependencies, target: Target, *, value: str = "") -> NewKey:
    """Create a key that can only search one collection, by its public name.

    Raises:
        NotFound: If the collection does not exist.
        Invalid: If the value is not allowed.
    """
    require_state(deps, target)
    name = target.collection
    return deps.keys.create([name], description=f"search only: {name}", value=value)


def add_search_preset(deps: Dependencies, target: Target) -> None:
    """Store search parameters for clients of the index's server, under the name of a collection.

    Raises:
        NotFound: If the collection does not exist.
        Invalid: If the engine has no such clients.
    """
    require_state(deps, target)
    deps.admin.put_search_preset(target.collection)


def list_search_keys(deps: Dependencies) -> Sequence[ApiKey]:
    """Return the keys that can only search."""
    return [key for key in deps.keys.list_keys() if key.is_search_only]


def get_key(deps: Dependencies, key_id: int) -> ApiKey:
    """Return a key by its number; raises `NotFound` if it does not exist."""
    for key in deps.keys.list_keys():
        if key.id == key_id:
            return key
    raise NotFound(f"Key {key_id} does not exist. List the keys with: pyf key list")
