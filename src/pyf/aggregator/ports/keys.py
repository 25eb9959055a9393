"""Keys by which others may read collections."""

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

from ..domain.api_key import SEARCH_ACTION, ApiKey


class NewKey(Struct, frozen=True, kw_only=True):
    """A key that was just made, with the value that nobody can be told again."""

    key: ApiKey
    value: str


class ApiKeys(Protocol):
    """The keys of an index.

    A key is made for the exact names of collections or aliases; it opens what an alias leads to under that
    collection's own name, too, and goes on to do so when the alias moves.
    """

    def create(
        self, collections: Sequence[str], *, description: str, actions: Sequence[str] = (SEARCH_ACTION,), value: str = ""
    ) -> NewKey:
        """Make a key for these names, with the given value or one that nobody can guess.

        Raises `Invalid` for a value that another key has, or that can't be one: 8 to 200 visible ASCII characters.
        """

    def list_keys(self) -> Sequence[ApiKey]:
        """Return all keys by number, those that can do more than search included."""

    def delete(self, key_id: int) -> None:
        """Delete a key by its number, for good; raises `NotFound` where there is none."""

    def is_allowed(self, value: str, action: str, collection: str) -> bool:
        """Tell whether the key of this value may do `action` on a collection, named by its own name or an alias.

        How long it takes tells nothing about a value. "*" among a key's actions or collections stands for all.
        """
