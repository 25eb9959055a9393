"""The port of API keys, which allow clients to read collections."""

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

SEARCH_ACTION = "documents:search"

# Lists display this many characters of a value, so that people can distinguish keys.
PREFIX_LENGTH = 4


class ApiKey(Struct, frozen=True, kw_only=True):
    """A key without its value.

    Attributes:
        prefix: The beginning of its value.
        collections: The exact names that it was created for; it also gives access to the collections of aliases.
    """

    id: int
    description: str
    prefix: str
    actions: tuple[str, ...]
    collections: tuple[str, ...]

    @property
    def is_search_only(self) -> bool:
        """Whether searching is the only action of the key."""
        return set(self.actions) == {SEARCH_ACTION}


class NewKey(Struct, frozen=True, kw_only=True):
    """A new key with its value, which can't be displayed again."""

    key: ApiKey
    value: str


class ApiKeys(Protocol):
    """The keys of an index.

    A key is created for exact names of collections or aliases. For an alias it also gives access to the collection
    by its own name, and follows the alias when it moves.
    """

    def create(
        self,
        collections: Sequence[str],
        *,
        description: str,
        actions: Sequence[str] = (SEARCH_ACTION,),
        value: str = "",
    ) -> NewKey:
        """Create a key for these names, with the given value or a random one.

        Raises:
            Invalid: Another key has the value, or it does not have 8 to 200 visible ASCII characters.
        """

    def list_keys(self) -> Sequence[ApiKey]:
        """Return all keys by id, including those with more actions than searching."""

    def delete(self, key_id: int) -> None:
        """Delete a key by its id; raises `NotFound` if there is none."""

    def is_allowed(self, value: str, action: str, collection: str) -> bool:
        """Return whether the key with this value allows an action on a collection, by its own name or an alias.

        The time that it takes does not depend on the value. "*" among a key's actions or collections means all.
        """
