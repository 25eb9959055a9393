"""Rebuild a collection beside the live one and switch to it when it is proven: readers never see a gap."""

from ..domain.collection import CollectionState
from ..domain.errors import Invalid, Unavailable
from ..domain.profile import Filter
from ..domain.project import ProjectStatus
from ..ports import PackageIndex, Services
from .fetch import fetch
from .report import Progress, Report, unwatched
from .score import score_anew
from .switch import switch
from .target import Target, clear_leftovers, next_numbered


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
    """
    alias = target.collection
    if services.admin.resolve(alias) is None:
        return fetch(services, target, default=default, progress=progress)
    report = Report("recreate", alias)
    with report.covering(services), services.admin.exclusive(alias):
        clear_leftovers(services, alias)
        live = services.admin.resolve(alias) or alias  # not before: another rebuild may just have ended
        if live == alias:
            raise _no_alias(services, alias)
        fresh = _begin(services, target, live)
        state = services.index.state(fresh)
        before = services.index.state(live).filter
        is_same = state.filter.key == before.key
        fetched = fetch(
            services,
            Target(collection=fresh, filter=state.filter),
            default=default,
            allow_mass_removal=allow_mass_removal,
            statuses=_statuses(services.index, live),
            former=live if is_same else "",
            # Another program's documents can't be asked for by project; what they say is carried over and scored below.
            enriched="" if before == Filter() else live,
            progress=progress,
        )
        report.adopt(fetched)
        if not fetched.is_whole:
            report.notices.append(f"{alias} still leads to {live}: the rebuilt collection was not whole")
            services.admin.drop(fresh)
            return report
        services.admin.carry_over(live, fresh)
        _prove(services.index, fresh, fetched.documents, live if is_same else "")
        # What others wrote through the alias since; from the switch on it is written to the fresh one.
        switch(services, alias, live, fresh, catch_up=lambda: services.admin.carry_over(live, fresh))
        # The scores go by what was known when their documents were written; others may have learned more since.
        report.rescored = score_anew(services, fresh)
    return report


def _no_alias(services: Services, name: str) -> Invalid:
    """Return what there is to do about a collection that itself bears the name that clients use."""
    sentence = f"{name} is a collection and no alias: nothing can be switched to take its place"
    if services.index.state(name).filter != Filter():
        return Invalid(f"{sentence}; pyfupdater --recreate-collection -t {name} makes it one")
    return Invalid(
        f"{sentence}; it was not filled by this program: fill another one (pyfaggregator -f -t {name}-new and a "
        f"profile), then pyfupdater --delete-collection {name} and pyfupdater --add-alias -s {name} -t {name}-new"
    )


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
