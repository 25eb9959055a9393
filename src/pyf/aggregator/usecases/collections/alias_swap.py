"""Point an alias to the collection that replaces another one, and delete that one once lookups succeed."""

from collections.abc import Callable

from msgspec.structs import replace

from ...domain.errors import NotFound, Unavailable
from ...ports import Dependencies, IndexAdmin, PackageIndex
from .leftovers import clear_rebuild_marks, drop_replaced, list_aliases


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
