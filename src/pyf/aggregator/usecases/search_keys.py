"""Make, list and delete the keys by which clients search."""

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


def search_keys(services: Services) -> Sequence[ApiKey]:
    """Return the keys that can do nothing but search."""
    return [key for key in services.keys.all() if key.is_search_only]


def key_of_number(services: Services, number: int) -> ApiKey:
    """Return a key by its number; raises `NotFound` where there is none."""
    for key in services.keys.all():
        if key.id == number:
            return key
    raise NotFound(f"there is no key {number}: -lssoa lists the search-only ones")
