"""Rebuild a collection beside the live one and switch to it when it is proven: readers never see a gap."""

from msgspec.structs import replace

from ..domain.collection import CollectionState
from ..domain.errors import Invalid, NotFound, Unavailable
from ..domain.profile import Filter
from ..domain.project import ProjectStatus
from ..ports import IndexAdmin, PackageIndex, Services
from .fetch import fetch
from .report import Progress, Report, unwatched
from .target import Target, next_numbered


def recreate(services: Services, target: Target, *, default: Filter, progress: Progress = unwatched) -> Report:
    """Fetch everything anew into the next numbered collection, and give it the alias if it is whole.

    What the registry does not give (stars, downloads) is carried over. A run that fails at anything leaves the alias
    where it is; what it leaves behind is cleared by the next run. A collection may get another filter this way.
    """
    alias = target.collection
    live = services.admin.resolve(alias)
    if live == alias:
        raise Invalid(f"{alias} is a collection and no alias: nothing can be switched to take its place")
    if live is None:
        return fetch(services, target, default=default, progress=progress)
    with services.admin.exclusive(alias):
        clear_leftovers(services, alias)
        state = services.index.state(live)
        filter_ = target.filter or state.filter
        fresh = next_numbered(services.admin, alias)
        services.admin.create(fresh, CollectionState(filter=filter_, standby_for=alias, browsed=state.browsed))
        report = fetch(
            services,
            Target(collection=fresh, filter=filter_),
            default=default,
            statuses=_statuses(services.index, live),
            progress=progress,
        )
        report.action, report.collection = "recreate", alias
        if report.is_whole:
            services.admin.carry_over(live, fresh)
            _prove(services.index, fresh, report.documents)
            services.index.remember(live, replace(services.index.state(live), standby_for=alias))
            services.admin.point(alias, fresh)
            _look_up(services.index, alias, fresh, live, services.admin)
            services.admin.drop(live)
            services.index.remember(fresh, replace(services.index.state(fresh), standby_for=""))
        else:
            report.notices.append(f"{alias} still leads to {live}: the rebuilt collection was not whole")
            services.admin.drop(fresh)
    return report


def _statuses(index: PackageIndex, collection: str) -> dict[str, tuple[ProjectStatus, int]]:
    """Return what the live collection knows of projects' statuses, and since when: a fetch does not ask for them."""
    return {h.name_normalized: (ProjectStatus(h.project_status), h.status_checked) for h in index.holdings(collection)}


def clear_leftovers(services: Services, alias: str) -> None:
    """Drop what a rebuild that was killed has left beside the collection that the alias leads to."""
    for collection in services.admin.collections():
        if not collection.aliases and services.index.state(collection.name).standby_for == alias:
            services.admin.drop(collection.name)


def _prove(index: PackageIndex, collection: str, expected: int) -> None:
    """Raise `Unavailable` unless the collection holds as many documents as the run has written."""
    there = sum(holding.releases for holding in index.holdings(collection))
    if there != expected:
        raise Unavailable(f"{collection} holds {there} documents where {expected} were written: it does not go live")


def _look_up(index: PackageIndex, alias: str, fresh: str, live: str, admin: IndexAdmin) -> None:
    """Read one project through the alias; point the alias back where that does not succeed."""
    first = next(iter(index.holdings(fresh)))
    try:
        found = index.documents(alias, first.name_normalized)
    except NotFound:
        found = ()
    if not found:
        admin.point(alias, live)
        raise Unavailable(f"a look-up of {first.name_normalized} through {alias} failed: it leads to {live} again")
