"""Give an alias to the collection that takes another one's place, and let go of that one when look-ups succeed."""

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from ..domain.errors import NotFound, Unavailable
from ..ports import IndexAdmin, PackageIndex, Services


def switch(services: Services, alias: str, live: str, fresh: str, *, catch_up: Callable[[], None]) -> None:
    """Point the alias to the fresh collection; drop the live one when a look-up through the alias has succeeded.

    All other aliases of the live one follow. Whichever of the two the alias does not lead to is marked as a leftover
    all the time. `catch_up` brings over what was written through the alias until it was moved.
    """
    index, admin = services.index, services.admin
    index.remember(live, replace(index.state(live), standby_for=alias))
    admin.point(alias, fresh)
    if not _answers(index, admin, alias, fresh):
        admin.point(alias, live)
        raise Unavailable(f"look-ups through {alias} failed: it leads to {live} again")
    catch_up()
    retire(services, live, fresh)
    settle(services, fresh)


def supersede(services: Services, name: str, fresh: str, *, catch_up: Callable[[], None]) -> None:
    """Have the name of a collection lead to the fresh one, as an alias from then on, and delete the collection.

    The copy is proven before this is called, and is marked so: should the run die while the name leads nowhere, the
    next one gives it to the copy. Documents that are written between `catch_up` and the collection's end are lost: the
    caller keeps others from writing some. What other owners write comes along where the engine does it in one step.
    """
    index, admin = services.index, services.admin
    index.remember(fresh, replace(index.state(fresh), is_proven=True))
    catch_up()
    for other in aliases_of(admin, name):
        admin.point(other, fresh)
    admin.supersede(name, fresh)
    settle(services, fresh)
    if not _answers(index, admin, name, fresh):
        raise Unavailable(f"look-ups through {name} fail: it should lead to {fresh} now")


def retire(services: Services, collection: str, successor: str) -> None:
    """Drop a collection whose place another one has taken; the aliases that still lead to it follow."""
    while others := aliases_of(services.admin, collection):
        for other in others:
            services.admin.point(other, successor)
    services.admin.drop(collection)


def settle(services: Services, collection: str) -> None:
    """Take the marks of a rebuild off a collection that has gone live."""
    state = services.index.state(collection)
    if state.standby_for or state.is_proven:
        services.index.remember(collection, replace(state, standby_for="", is_proven=False))


def aliases_of(admin: IndexAdmin, collection: str) -> Sequence[str]:
    """Return the aliases that lead to a collection."""
    return next((each.aliases for each in admin.collections() if each.name == collection), ())


def _answers(index: PackageIndex, admin: IndexAdmin, alias: str, fresh: str) -> bool:
    try:
        return admin.resolve(alias) == fresh and index.state(alias) == index.state(fresh)
    except NotFound:
        return False
