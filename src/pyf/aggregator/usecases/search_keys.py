"""What clients search with: keys, and the parameters that suit a collection."""

from collections.abc import Sequence

from ..domain.api_key import ApiKey
from ..domain.errors import NotFound
from ..ports import NewKey, Services
from .target import Target, existing


def add_search_key(services: Services, target: Target, *, value: str = "") -> NewKey:
    """Make a key that can search one collection, by the name that people use, and nothing else.

    Raises `NotFound` for a collection that is not there, `Invalid` for a value that can't be taken.
    """
    existing(services, target)
    name = target.collection
    return services.keys.create([name], description=f"search only: {name}", value=value)


def add_search_preset(services: Services, target: Target) -> None:
    """Store search parameters for clients of the index's server, under the name of a collection.

    Raises `NotFound` for a collection that is not there, `Invalid` for an engine that has no such clients.
    """
    existing(services, target)
    services.admin.put_search_preset(target.collection)


def search_keys(services: Services) -> Sequence[ApiKey]:
    """Return the keys that can do nothing but search."""
    return [key for key in services.keys.all() if key.is_search_only]


def key_of_number(services: Services, number: int) -> ApiKey:
    """Return a key by its number; raises `NotFound` where there is none."""
    for key in services.keys.all():
        if key.id == number:
            return key
    raise NotFound(f"there is no key {number}: -lssoa lists the search-only ones")
