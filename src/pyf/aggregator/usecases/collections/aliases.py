"""Name collections and their aliases: add, swap and delete them."""

from collections.abc import Callable, Collection
from contextlib import ExitStack

from msgspec import Struct
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
        Invalid: For `plone-1` if `plone` points to it: then `plone` can be rebuilt.
    """
    is_collection, base_name = deps.admin.resolve(name) == name, to_base_name(name)
    if is_collection and base_name and deps.admin.resolve(base_name) == name:
        raise Invalid(f"{name} is the collection behind {base_name}. Rebuild {base_name} instead.")
    return is_collection


class AliasChange(Struct, frozen=True, kw_only=True):
    """What setting an alias does: `previous` and `collection` are own names, `previous` is empty for a new alias."""

    alias: str
    collection: str
    previous: str = ""

    @property
    def is_move(self) -> bool:
        """Whether the alias points to another collection now."""
        return self.previous not in ("", self.collection)


def plan_alias(deps: Dependencies, alias: str, target: str) -> AliasChange:
    """Return what pointing an alias to a collection would do.

    Args:
        target: The collection, or another alias of it.

    Raises:
        NotFound: If the target does not exist.
        Invalid: If the alias is the name of a collection.
    """
    collection = deps.admin.resolve(target)
    if collection is None:
        raise NotFound(f"Collection {target} does not exist; the alias {alias} was not changed.")
    if deps.admin.resolve(alias) == alias:
        raise Invalid(f"{alias} is the name of a collection; an alias can't have it.")
    reject_leftover(deps, collection)
    return AliasChange(alias=alias, collection=collection, previous=deps.admin.resolve(alias) or "")


def add_alias(deps: Dependencies, change: AliasChange) -> None:
    """Point an alias to a collection; raises `Unavailable` while another run has the lock of either."""
    if change.previous == change.collection:
        return
    with ExitStack() as locks:
        for name in (change.alias, change.collection):
            locks.enter_context(deps.admin.lock(name))
        clear_leftovers(deps, change.alias)
        deps.admin.set_alias(change.alias, change.collection)


def remove_alias(deps: Dependencies, alias: str) -> str:
    """Remove an alias and return the collection that it pointed to.

    Raises:
        Invalid: For a collection's own name.
        NotFound: For an unknown name.
    """
    collection = deps.admin.resolve(alias)
    if collection == alias:
        raise Invalid(f"{alias} is a collection, not an alias. To delete it, run `pyf collection delete {alias}`")
    if collection is None:
        raise NotFound(f"there is no alias {alias}")
    with deps.admin.lock(alias):
        deps.admin.drop_alias(alias)
    return collection


def get_collection_info(deps: Dependencies, name: str) -> CollectionInfo:
    """Return a collection by its own name or an alias; raises `NotFound` for an unknown name."""
    for info in deps.admin.list_collections():
        if name in (info.name, *info.aliases):
            return info
    raise NotFound(f"Collection {name} does not exist.")


def list_dependent_keys(deps: Dependencies, names: Collection[str]) -> list[int]:
    """Return the ids of the keys that give access to these names only."""
    return [key.id for key in deps.keys.list_keys() if key.is_search_only and set(key.collections) <= set(names)]


def delete_collection(deps: Dependencies, collection: str) -> None:
    """Delete a collection by its own name, with its state and its aliases."""
    with deps.admin.lock(collection):
        deps.admin.drop(collection)


def swap_alias(deps: Dependencies, alias: str, live: str, replacement: str, *, catch_up: Callable[[], None]) -> None:
    """Point the alias and the other aliases of the live collection to the replacement, and delete the live one.

    At any time, one of both is marked as an unfinished rebuild: the one that the alias does not point to.

    Args:
        catch_up: Copies what was written to the live collection until the alias was moved.

    Raises:
        Unavailable: If lookups through the alias fail; it points to the live collection again.
    """
    index, admin = deps.index, deps.admin
    index.set_state(live, replace(index.get_state(live), rebuild_of=alias))
    admin.set_alias(alias, replacement)
    if not _is_reachable(index, admin, alias, replacement):
        admin.set_alias(alias, live)
        raise Unavailable(f"Lookups through {alias} failed; it points to {live} again.")
    catch_up()
    drop_replaced(deps, live, replacement)
    clear_rebuild_marks(deps, replacement)


def replace_named_collection(deps: Dependencies, name: str, replacement: str, *, catch_up: Callable[[], None]) -> None:
    """Delete a collection and make its name an alias of the replacement.

    The replacement is marked as verified first: if the run is interrupted after the deletion, the next run gives the
    name to the replacement. Documents written between `catch_up` and the deletion are lost, so the caller holds the
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
        raise Unavailable(f"Lookups through {name} fail; it should point to {replacement}.")


def _is_reachable(index: PackageIndex, admin: IndexAdmin, alias: str, replacement: str) -> bool:
    try:
        return admin.resolve(alias) == replacement and index.get_state(alias) == index.get_state(replacement)
    except NotFound:
        return False
