"""Name collections and their aliases: add, swap and delete them."""

from collections.abc import Callable
from contextlib import ExitStack

from msgspec.structs import replace

from ...domain.collection import CollectionInfo, CollectionState
from ...domain.errors import Invalid, NotFound, Unavailable
from ...ports import Dependencies, IndexAdmin, PackageIndex
from .leftovers import clear_leftovers, clear_rebuild_marks, drop_replaced, list_aliases, reject_leftover


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


def swap_alias(deps: Dependencies, alias: str, live: str, replacement: str, *, catch_up: Callable[[], None]) -> None:
    """Point the alias and the other aliases of the live collection to the replacement, and delete the live one.

    The collection that the alias does not lead to is marked as an unfinished rebuild at any time.

    Args:
        catch_up: Copies what was written to the live collection until the alias was moved.

    Raises:
        Unavailable: If lookups through the alias fail; it leads to the live collection again.
    """
    index, admin = deps.index, deps.admin
    index.set_state(live, replace(index.get_state(live), rebuild_of=alias))
    admin.set_alias(alias, replacement)
    if not _is_reachable(index, admin, alias, replacement):
        admin.set_alias(alias, live)
        raise Unavailable(f"Lookups through {alias} failed; it leads to {live} again.")
    catch_up()
    drop_replaced(deps, live, replacement)
    clear_rebuild_marks(deps, replacement)


def replace_named_collection(deps: Dependencies, name: str, replacement: str, *, catch_up: Callable[[], None]) -> None:
    """Delete a collection and make its name an alias of the replacement.

    The replacement is marked as verified first: if the run is interrupted while the name leads nowhere, the next run
    gives it to the replacement. Documents written between `catch_up` and the deletion are lost, so the caller holds the
    lock. Enrichments are kept if the engine replaces the collection in one step.
    """
    index, admin = deps.index, deps.admin
    index.set_state(replacement, replace(index.get_state(replacement), is_verified=True))
    catch_up()
    for alias in list_aliases(admin, name):
        admin.set_alias(alias, replacement)
    admin.replace_with_alias(name, replacement)
    clear_rebuild_marks(deps, replacement)
    if not _is_reachable(index, admin, name, replacement):
        raise Unavailable(f"Lookups through {name} fail; it should lead to {replacement}.")


def _is_reachable(index: PackageIndex, admin: IndexAdmin, alias: str, replacement: str) -> bool:
    try:
        return admin.resolve(alias) == replacement and index.get_state(alias) == index.get_state(replacement)
    except NotFound:
        return False
