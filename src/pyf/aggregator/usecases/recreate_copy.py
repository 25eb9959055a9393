"""Recreate a collection from what it holds, without asking anybody: copy it, prove the copy, switch to it."""

from msgspec.structs import replace

from ..domain.collection import CollectionState
from ..ports import Services
from .copying import Copy
from .report import Progress, TransferReport, unwatched
from .switch import supersede, switch
from .target import (
    Target,
    check_lasting,
    check_own,
    clear_leftovers,
    create_behind_alias,
    existing,
    gives_its_name_away,
    next_numbered,
)


def recreate_copy(services: Services, target: Target, *, progress: Progress = unwatched) -> TransferReport:
    """Copy a collection into the next numbered one and give that the alias; its documents are equal by then.

    What is written to the live one meanwhile is caught up. A run that fails leaves the alias where it is; what a
    killed one leaves behind is taken up or cleared by the next run of any kind. A collection without an alias gives
    its own name away to one; engines that can't do that in one step show a gap. Where there is none of that name and
    a filter was named, an empty one is made. What another program has made can't be copied.
    """
    report = TransferReport("recreate", target.collection)
    with report.covering(services), services.admin.exclusive(target.collection):
        clear_leftovers(services, target.collection)
        if services.admin.resolve(target.collection) is None and target.filter is not None:
            made = create_behind_alias(services.admin, target.collection, CollectionState(filter=target.filter))
            report.notices.append(f"{target.collection} leads to {made}, which is new and empty")
            return report
        existing(services, target)
        check_lasting(services, target.collection)
        check_own(services, target.collection)
        _recreate(services, target.collection, report, progress)
    return report


def _recreate(services: Services, alias: str, report: TransferReport, progress: Progress) -> None:
    index, admin = services.index, services.admin
    is_bare = gives_its_name_away(services, alias)
    live = admin.resolve(alias) or alias
    fresh = next_numbered(admin, alias)
    admin.create(fresh, replace(index.state(live), standby_for=alias))
    report.notices += admin.copy_foreign_settings(live, fresh, with_values=True)
    copy = Copy(services, live, fresh, report, progress)
    try:
        copy.until_equal()
        index.remember(fresh, replace(index.state(live), standby_for=alias))
    except BaseException:
        # An interruption, too: the next run would clear it, but nobody knows when that will be.
        admin.drop(fresh)
        raise
    if is_bare:
        supersede(services, alias, fresh, catch_up=copy.until_equal)
    else:
        switch(services, alias, live, fresh, catch_up=copy.catch_up)
    report.notices.append(f"{alias} leads to {fresh} now; {live} is gone")
