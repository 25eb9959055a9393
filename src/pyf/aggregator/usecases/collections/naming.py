"""Name collections: the numbered ones and the aliases that lead to them."""

from ...domain.collection import CollectionState
from ...domain.errors import Invalid
from ...ports import Dependencies, IndexAdmin


def to_base_name(collection: str) -> str:
    """Return `plone` for `plone-2`, "" for a name without a number."""
    base_name, _, number = collection.rpartition("-")
    return base_name if number.isascii() and number.isdigit() else ""


def find_next_name(admin: IndexAdmin, alias: str) -> str:
    """Return the first name of `plone-1`, `plone-2`, … above all that exist."""
    numbered = (info.name for info in admin.list_collections() if to_base_name(info.name) == alias)
    number = max((int(name.rpartition("-")[2]) for name in numbered), default=0) + 1
    while admin.resolve(f"{alias}-{number}") is not None:  # a shared server may have other collections of that name
        number += 1
    return f"{alias}-{number}"


def create_with_alias(admin: IndexAdmin, alias: str, state: CollectionState) -> str:
    """Create the first collection of an alias, `plone-1` for `plone`, and return its name."""
    name = find_next_name(admin, alias)
    admin.create(name, state, alias=alias)
    return name


def create_named(admin: IndexAdmin, name: str, state: CollectionState) -> str:
    """Create a collection under a name that a user chose, and return its own name.

    As with a fetch, the collection is numbered and the name is its alias, unless the name is numbered itself.
    """
    if to_base_name(name):
        admin.create(name, state)
        return name
    return create_with_alias(admin, name, state)


def is_unaliased(deps: Dependencies, name: str) -> bool:
    """Return whether a name is a collection itself: it has to become an alias to be rebuilt.

    Raises:
        Invalid: For `plone-1` if `plone` leads to it: then `plone` can be rebuilt.
    """
    is_collection, base_name = deps.admin.resolve(name) == name, to_base_name(name)
    if is_collection and base_name and deps.admin.resolve(base_name) == name:
        raise Invalid(f"{name} is the collection behind {base_name}. Rebuild {base_name} instead.")
    return is_collection
