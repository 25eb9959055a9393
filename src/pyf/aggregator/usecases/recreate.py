"""Rebuild a collection beside the live one and switch to it when it is proven: readers never see a gap."""

from ..domain.collection import CollectionState
from ..domain.errors import Invalid, Unavailable
from ..domain.profile import Filter
from ..domain.project import ProjectStatus
from ..ports import PackageIndex, Services
from .fetch import fetch
from .report import Progress, Report, unwatched
from .score import score_anew
from .switch import supersede, switch
from .target import Target, check_lasting, clear_leftovers, gives_its_name_away, next_numbered


def recreate(
    services: Services,
    target: Target,
    *,
    default: Filter,
    allow_mass_removal: bool = False,
    progress: Progress = unwatched,
) -> Report:
    """Fetch everything anew into the next numbered collection, and give it the alias if it is whole.

    What the registry does not give (stars, downloads) is carried over. A run that fails at anything leaves the alias
    where it is; what a killed one leaves behind is cleared by the next run. A collection may get another filter
    this way; with the same one, projects leave on the same terms as in any other run.

    A collection without an alias gives its own name away to one; engines that can't do that in one step show a gap. One
    that another program has made is taken over: its projects are looked at, and leave on the same terms, too.
    """
    alias = target.collection
    if services.admin.resolve(alias) is None:
        return fetch(services, target, default=default, progress=progress)
    report = Report("recreate", alias)
    with report.covering(services), services.admin.exclusive(alias):
        clear_leftovers(services, alias)
        check_lasting(services, alias)
        is_bare = gives_its_name_away(services, alias)
        live = services.admin.resolve(alias) or alias  # not before: another rebuild may just have ended
        unknown = services.admin.foreign_fields(live)
        _check_filter(services, target, live)
        fresh = _begin(services, target, live)
        report.notices += services.admin.copy_foreign_settings(live, fresh, with_values=False)
        state = services.index.state(fresh)
        before = services.index.state(live).filter
        former = live if before in (state.filter, Filter()) or state.filter.key == before.key else ""
        fetched = fetch(
            services,
            Target(collection=fresh, filter=state.filter),
            default=default,
            allow_mass_removal=allow_mass_removal,
            statuses=_statuses(services.index, live) if unknown is None else {},
            former=former,
            # Another program's documents can't be asked for by project; what they say is carried over and scored below.
            enriched=live if unknown is None else "",
            progress=progress,
        )
        report.adopt(fetched)
        if not fetched.is_whole:
            report.notices.append(f"{alias} still leads to {live}: the rebuilt collection was not whole")
            services.admin.drop(fresh)
            return report
        services.admin.carry_over(live, fresh)
        _prove(services.index, fresh, fetched.documents, former)
        if unknown is not None:  # else the scores know by now what was carried over
            report.rescored = score_anew(services, fresh)
        _replace(services, alias, live, fresh, is_bare=is_bare)
        # The scores go by what was known when their documents were written; others may have learned more since.
        report.rescored += score_anew(services, fresh)
        if unknown:
            report.notices.append(f"{live} had fields that are not of this schema and are gone: {', '.join(unknown)}")
    return report


def _replace(services: Services, alias: str, live: str, fresh: str, *, is_bare: bool) -> None:
    """Have the alias lead to the fresh collection, with what others have written meanwhile, and let the live one go."""

    def catch_up() -> None:
        services.admin.carry_over(live, fresh)

    if is_bare:
        supersede(services, alias, fresh, catch_up=catch_up)
    else:
        switch(services, alias, live, fresh, catch_up=catch_up)


def _check_filter(services: Services, target: Target, live: str) -> None:
    """Raise `Invalid` where nobody says what shall fill the collection."""
    if target.filter is None and services.index.state(live).filter == Filter():
        raise Invalid(f"{live} was not filled by this program, so nobody knows by what: name its profile with -p")


def _begin(services: Services, target: Target, live: str) -> str:
    """Create the collection that is to take the live one's place, marked so that it is cleared if that fails."""
    state = services.index.state(live)
    fresh = next_numbered(services.admin, target.collection)
    fresh_state = CollectionState(
        filter=target.filter or state.filter, browsed=state.browsed, standby_for=target.collection
    )
    services.admin.create(fresh, fresh_state)
    return fresh


def _statuses(index: PackageIndex, collection: str) -> dict[str, tuple[ProjectStatus, int]]:
    """Return what the live collection knows of projects' statuses, and since when: a fetch does not ask for them."""
    return {h.name_normalized: (ProjectStatus(h.project_status), h.status_checked) for h in index.holdings(collection)}


def _prove(index: PackageIndex, fresh: str, written: int, former: str) -> None:
    """Raise `Unavailable` unless all documents are there, and of every project of before a document or a tombstone."""
    there = {holding.name_normalized: holding.releases for holding in index.holdings(fresh)}
    if sum(there.values()) != written:
        raise Unavailable(f"{fresh} holds {sum(there.values())} documents, {written} were written: it does not go live")
    for holding in index.holdings(former) if former else ():
        name = holding.name_normalized
        if name not in there and index.tombstone(fresh, name) is None:
            raise Unavailable(f"{fresh} lacks {name}, and nobody said that it is gone: it does not go live")
