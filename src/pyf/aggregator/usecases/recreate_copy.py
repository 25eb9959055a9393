"""Recreate a collection from what it holds, without asking anybody: copy it, prove the copy, switch to it."""

from msgspec.structs import replace

from ..domain.collection import CollectionState
from ..ports import Dependencies
from .copying import CollectionSync
from .report import ProgressCallback, TransferReport, no_progress
from .switch import replace_named_collection, swap_alias
from .target import (
    Target,
    reject_leftover,
    require_native,
    clear_leftovers,
    create_with_alias,
    require_state,
    is_unaliased,
    find_next_name,
)


def rebuild_from_copy(deps: Dependencies, target: Target, *, progress: ProgressCallback = no_progress) -> TransferReport:
    """Copy a collection into the next numbered one and give that the alias; its documents are equal by then.

    What is written to the live one meanwhile is caught up. A run that fails leaves the alias where it is; what a
    killed one leaves behind is taken up or cleared by the next run of any kind. A collection without an alias gives
    its own name away to one; engines that can't do that in one step show a gap. Where there is none of that name and
    a filter was named, an empty one is made. What another program has made can't be copied.
    """
    report = TransferReport("recreate", target.collection)
    with report.recording(deps), deps.admin.lock(target.collection):
        clear_leftovers(deps, target.collection)
        if deps.admin.resolve(target.collection) is None and target.filter is not None:
            collection = create_with_alias(deps.admin, target.collection, CollectionState(filter=target.filter))
            report.notices.append(f"{target.collection} leads to {collection}, which is new and empty")
            return report
        require_state(deps, target)
        reject_leftover(deps, target.collection)
        require_native(deps, target.collection)
        _rebuild_copy(deps, target.collection, report, progress)
    return report


def _rebuild_copy(deps: Dependencies, alias: str, report: TransferReport, progress: ProgressCallback) -> None:
    index, admin = deps.index, deps.admin
    is_collection = is_unaliased(deps, alias)
    live = admin.resolve(alias) or alias
    replacement = find_next_name(admin, alias)
    admin.create(replacement, replace(index.get_state(live), standby_for=alias))
    sync = CollectionSync(deps, live, replacement, report, progress)
    try:
        sync.run()
        index.set_state(replacement, replace(index.get_state(live), standby_for=alias))
    except BaseException:
        # An interruption, too: the next run would clear it, but nobody knows when that will be.
        admin.drop(replacement)
        raise
    if is_collection:
        replace_named_collection(deps, alias, replacement, catch_up=sync.run)
    else:
        swap_alias(deps, alias, live, replacement, catch_up=sync.replay)
    report.notices.append(f"{alias} leads to {replacement} now; {live} is gone")
