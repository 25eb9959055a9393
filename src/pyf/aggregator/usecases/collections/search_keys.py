"""What clients search with: keys, and the parameters that suit a collection."""

from collections.abc import Sequence

from ...domain.errors import NotFound
from ...ports import Dependencies, NewKey
from ...ports.keys import ApiKey
from .target import Target, require_state


def add_search_key(deps: Dependencies, target: Target, *, value: str = "") -> NewKey:
    """Make a key that can search one collection, by the name that people use, and nothing else.

    Raises `NotFound` for a collection that is not there, `Invalid` for a value that can't be taken.
    """
    require_state(deps, target)
    name = target.collection
    return deps.keys.create([name], description=f"search only: {name}", value=value)


def add_search_preset(services: Dependencies, target: Target) -> None:
    """Store search parameters for clients of the index's server, under the name of a collection.

    Raises `NotFound` for a collection that is not there, `Invalid` for an engine that has no such clients.
    """
    require_state(services, target)
    services.admin.put_search_preset(target.collection)


def list_search_keys(deps: Dependencies) -> Sequence[ApiKey]:
    """Return the keys that can do nothing but search."""
    return [key for key in deps.keys.list_keys() if key.is_search_only]


def get_key(deps: Dependencies, key_id: int) -> ApiKey:
    """Return a key by its number; raises `NotFound` where there is none."""
    for key in deps.keys.list_keys():
        if key.id == key_id:
            return key
    raise NotFound(f"there is no key {key_id}: -lssoa lists the search-only ones")
