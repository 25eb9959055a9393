"""Add aliases to collections, and delete collections with their aliases."""

from contextlib import ExitStack

from ...domain.collection import CollectionInfo
from ...domain.errors import Invalid, NotFound
from ...ports import Dependencies
from .leftovers import clear_leftovers, reject_leftover


def add_alias(deps: Dependencies, alias: str, target: str) -> str:
    """Point an alias to a collection, and return that collection's own name.

    Args:
        target: The collection, or another alias of it.

    Raises:
        NotFound: If the target does not exist.
        Invalid: If the alias is the name of a collection.
        Unavailable: While another run has the lock of either.
    """
    collection = deps.admin.resolve(target)
    if collection is None:
        raise NotFound(f"Collection {target} does not exist; the alias {alias} was not changed.")
    if deps.admin.resolve(alias) == alias:
        raise Invalid(f"{alias} is the name of a collection; an alias can't have it.")
    reject_leftover(deps, collection)
    if deps.admin.resolve(alias) == collection:
        return collection
    with ExitStack() as locks:
        for name in (alias, collection):
            locks.enter_context(deps.admin.lock(name))
        clear_leftovers(deps, alias)
        deps.admin.set_alias(alias, collection)
    return collection


def remove_alias(deps: Dependencies, alias: str) -> str:
    """Remove an alias and return the collection that it led to.

    Raises `Invalid` for a collection's own name, and `NotFound` for a name that leads nowhere.
    """
    collection = deps.admin.resolve(alias)
    if collection == alias:
        raise Invalid(f"{alias} is a collection, not an alias. To delete it, run `pyf collection delete {alias}`")
    if collection is None:
        raise NotFound(f"there is no alias {alias}")
    with deps.admin.lock(alias):
        deps.admin.drop_alias(alias)
    return collection


def get_deletable_collection(deps: Dependencies, name: str) -> CollectionInfo:
    """Return what deleting a collection would destroy.

    Raises:
        NotFound: If the name leads nowhere.
        Invalid: If the name is an alias; the message has the name of the collection.
    """
    for info in deps.admin.list_collections():
        if info.name == name:
            return info
        if name in info.aliases:
            raise Invalid(f"{name} is an alias. The collection that it leads to is {info.name}.")
    raise NotFound(f"Collection {name} does not exist.")


def delete_collection(deps: Dependencies, name: str) -> None:
    """Delete a collection, its state and its aliases; raises as `get_deletable_collection` and `lock` do."""
    with deps.admin.lock(get_deletable_collection(deps, name).name):
        deps.admin.drop(name)
