"""Give aliases to collections, and delete collections with the aliases that lead to them."""

from contextlib import ExitStack

from ...domain.collection import CollectionInfo
from ...domain.errors import Invalid, NotFound
from ...ports import Dependencies
from .target import clear_leftovers, reject_leftover


def add_alias(deps: Dependencies, alias: str, target: str) -> str:
    """Have an alias lead to a collection from now on, and return that collection's own name.

    `target` may be an alias itself: the new one leads to the same collection. Raises `NotFound` for a target that is
    not there, `Invalid` for an alias that is a collection, and `Unavailable` while one of the two is rewritten.
    """
    collection = deps.admin.resolve(target)
    if collection is None:
        raise NotFound(f"there is no collection {target}: {alias} would lead nowhere")
    if deps.admin.resolve(alias) == alias:
        raise Invalid(f"there is a collection {alias}: an alias can't have its name")
    reject_leftover(deps, collection)
    if deps.admin.resolve(alias) == collection:
        return collection
    with ExitStack() as locks:
        for name in (alias, collection):
            locks.enter_context(deps.admin.lock(name))
        clear_leftovers(deps, alias)
        deps.admin.set_alias(alias, collection)
    return collection


def get_deletable_collection(deps: Dependencies, name: str) -> CollectionInfo:
    """Return what deleting a collection would destroy.

    Raises `NotFound` for a name that leads nowhere and `Invalid`, naming the collection, for an alias.
    """
    for info in deps.admin.list_collections():
        if info.name == name:
            return info
        if name in info.aliases:
            raise Invalid(f"{name} is an alias; the collection that it leads to is {info.name}")
    raise NotFound(f"there is no collection {name}")


def delete_collection(deps: Dependencies, name: str) -> None:
    """Delete a collection, its state and the aliases that lead to it; raises what `doomed` and `exclusive` raise."""
    with deps.admin.lock(get_deletable_collection(deps, name).name):
        deps.admin.drop(name)
