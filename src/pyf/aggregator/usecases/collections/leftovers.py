"""Find the collections that interrupted rebuilds have left, and complete or delete them."""

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from ...domain.collection import CollectionState
from ...domain.errors import Invalid
from ...ports import Dependencies, IndexAdmin


def is_leftover(deps: Dependencies, collection: str, state: CollectionState) -> bool:
    """Return whether a collection is an unfinished rebuild."""
    return bool(state.rebuild_of) and deps.admin.resolve(state.rebuild_of) != collection


def reject_leftover(deps: Dependencies, name: str) -> None:
    """Raise `Invalid` for a name that points to an unfinished rebuild: a later run deletes it."""
    collection = deps.admin.resolve(name)
    if collection is not None and is_leftover(deps, collection, deps.index.get_state(collection)):
        raise Invalid(f"{collection} is an unfinished rebuild; the next run of any kind removes it")


def require_native(deps: Dependencies, name: str) -> None:
    """Raise `Invalid` for a collection of another program, with the command that takes it over."""
    if deps.admin.resolve(name) is not None and deps.admin.list_foreign_fields(name) is not None:
        raise Invalid(
            f"{name} was made by another program with another schema. To take it over, run: "
            f"pyf collection rebuild {name} --from-pypi -p PROFILE"
        )


def clear_leftovers(deps: Dependencies, alias: str, notify: Callable[[str], None] | None = None) -> None:
    """Complete or delete the rebuilds of an alias that were interrupted; `notify` takes a line before a deletion.

    A verified rebuild gets the alias if no collection has it: the run was interrupted between two steps. The live
    collection only loses its marks.
    """
    for collection in deps.admin.list_collections():
        state = deps.index.get_state(collection.name)
        if state.rebuild_of != alias:
            continue
        live = deps.admin.resolve(alias)
        if live is None and state.is_verified:
            deps.admin.set_alias(alias, collection.name)
            live = collection.name
        if live == collection.name:  # else it looks unfinished as soon as the alias is moved
            clear_rebuild_marks(deps, collection.name)
            continue
        if notify is not None:
            notify(f"Deleting {collection.name}, which an interrupted rebuild has left.")
        if live is None:
            deps.admin.drop(collection.name)
        else:  # it may have been live until a moment ago
            deps.admin.copy_enrichments(collection.name, live)
            drop_replaced(deps, collection.name, live)


def drop_replaced(deps: Dependencies, collection: str, successor: str) -> None:
    """Delete a collection that was replaced, and move its remaining aliases to the successor."""
    while aliases := list_aliases(deps.admin, collection):
        for alias in aliases:
            deps.admin.set_alias(alias, successor)
    deps.admin.drop(collection)


def clear_rebuild_marks(deps: Dependencies, collection: str) -> None:
    """Remove the marks of a rebuild from a collection that has gone live."""
    state = deps.index.get_state(collection)
    if state.rebuild_of or state.is_verified:
        deps.index.set_state(collection, replace(state, rebuild_of="", is_verified=False))


def list_aliases(admin: IndexAdmin, collection: str) -> Sequence[str]:
    """Return the aliases that point to a collection."""
    return next((info.aliases for info in admin.list_collections() if info.name == collection), ())
