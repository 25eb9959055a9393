"""What the interface answers with, where that is not what a use case returns."""

from msgspec import Struct

from ...usecases.shelves import FilledShelf


class Collection(Struct, frozen=True, kw_only=True):
    """A collection that can be searched: its key in addresses, its name for people, and how much is in it."""

    key: str
    name: str
    projects: int
    releases: int

    @classmethod
    def of(cls, filled: FilledShelf) -> "Collection":
        """Return a shelf as it is listed."""
        return cls(key=filled.shelf.key, name=filled.shelf.title, projects=filled.projects, releases=filled.releases)
