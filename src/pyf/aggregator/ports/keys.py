"""What may be known of a key that opens collections to others: everything but its value.

Keys by which others may read collections.
"""

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

SEARCH_ACTION = "documents:search"

# So much of a value is shown in lists, for people to tell keys apart.
PREFIX_LENGTH = 4


class ApiKey(Struct, frozen=True, kw_only=True):
    """A key, by the number that it is deleted by; `prefix` is the beginning of its value.

    `collections` are the exact names that it was made for: it opens these, and what those of them that are aliases
    lead to.
    """

    id: int
    description: str
    prefix: str
    actions: tuple[str, ...]
    collections: tuple[str, ...]

    @property
    def is_search_only(self) -> bool:
        """Whether the key can do nothing but search."""
        return set(self.actions) == {SEARCH_ACTION}


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
        self,
        collections: Sequence[str],
        *,
        description: str,
        actions: Sequence[str] = (SEARCH_ACTION,),
        value: str = "",
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
