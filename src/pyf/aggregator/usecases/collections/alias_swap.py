"""Give an alias to the collection that takes another one's place, and let go of that one when look-ups succeed."""

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from ...domain.errors import NotFound, Unavailable
from ...ports import Dependencies, IndexAdmin, PackageIndex


def swap_alias(deps: Dependencies, alias: str, live: str, replacement: str, *, catch_up: Callable[[], None]) -> None:
    """Point the alias to the fresh collection; drop the live one when a look-up through the alias has succeeded.

    All other aliases of the live one follow. Whichever of the two the alias does not lead to is marked as a leftover
    all the time. `catch_up` brings over what was written through the alias until it was moved.
    """
    index, admin = deps.index, deps.admin
    index.set_state(live, replace(index.get_state(live), rebuild_of=alias))
    admin.set_alias(alias, replacement)
    if not _is_reachable(index, admin, alias, replacement):
        admin.set_alias(alias, live)
        raise Unavailable(f"look-ups through {alias} failed: it leads to {live} again")
    catch_up()
    drop_replaced(deps, live, replacement)
    clear_rebuild_marks(deps, replacement)


def replace_named_collection(deps: Dependencies, name: str, replacement: str, *, catch_up: Callable[[], None]) -> None:
    """Have the name of a collection lead to the fresh one, as an alias from then on, and delete the collection.

    The copy is proven before this is called, and is marked so: should the run die while the name leads nowhere, the
    next one gives it to the copy. Documents that are written between `catch_up` and the collection's end are lost: the
    caller keeps others from writing some. What other owners write comes along where the engine does it in one step.
    """
    index, admin = deps.index, deps.admin
    index.set_state(replacement, replace(index.get_state(replacement), is_verified=True))
    catch_up()
    for alias in list_aliases(admin, name):
        admin.set_alias(alias, replacement)
    admin.replace_with_alias(name, replacement)
    clear_rebuild_marks(deps, replacement)
    if not _is_reachable(index, admin, name, replacement):
        raise Unavailable(f"look-ups through {name} fail: it should lead to {replacement} now")


def drop_replaced(deps: Dependencies, collection: str, successor: str) -> None:
    """Drop a collection whose place another one has taken; the aliases that still lead to it follow."""
    while aliases := list_aliases(deps.admin, collection):
        for alias in aliases:
            deps.admin.set_alias(alias, successor)
    deps.admin.drop(collection)


def clear_rebuild_marks(deps: Dependencies, collection: str) -> None:
    """Take the marks of a rebuild off a collection that has gone live."""
    state = deps.index.get_state(collection)
    if state.rebuild_of or state.is_verified:
        deps.index.set_state(collection, replace(state, rebuild_of="", is_verified=False))


def list_aliases(admin: IndexAdmin, collection: str) -> Sequence[str]:
    """Return the aliases that lead to a collection."""
    return next((info.aliases for info in admin.list_collections() if info.name == collection), ())


def _is_reachable(index: PackageIndex, admin: IndexAdmin, alias: str, replacement: str) -> bool:
    try:
        return admin.resolve(alias) == replacement and index.get_state(alias) == index.get_state(replacement)
    except NotFound:
        return False
