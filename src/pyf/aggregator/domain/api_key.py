"""What may be known of a key that opens collections to others: everything but its value."""

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
