"""Rebuild a collection beside the live one and switch to it when it is proven: readers never see a gap.

Recreate a collection from what it holds, without asking anybody: copy it, prove the copy, switch to it.
"""

from msgspec.structs import replace

from ...domain.collection import CollectionState
from ...domain.documents.project import ProjectStatus
from ...domain.errors import Invalid, Unavailable
from ...domain.membership.profile import Filter
from ...ports import Dependencies, PackageIndex
from ..enrich.scores import update_scores
from ..ingest.fetch import fetch_collection
from ..ingest.removal import ReplacedCollection
from ..ingest.run import RunOptions
from ..report import IngestReport, ProgressCallback, TransferReport, no_progress
from .alias_swap import replace_named_collection, swap_alias
from .sync import CollectionSync
from .target import (
    Target,
    clear_leftovers,
    create_with_alias,
    find_next_name,
    is_unaliased,
    reject_leftover,
    require_native,
    require_state,
)


def rebuild_collection(
    deps: Dependencies,
    target: Target,
    *,
    default: Filter,
    options: RunOptions = RunOptions(),
) -> IngestReport:
    """Fetch everything anew into the next numbered collection, and give it the alias if it is whole.

    What the registry does not give (stars, downloads) is carried over. A run that fails at anything leaves the alias
    where it is; what a killed one leaves behind is cleared by the next run. A collection may get another filter
    this way; with the same one, projects leave on the same terms as in any other run.

    A collection without an alias gives its own name away to one; engines that can't do that in one step show a gap. One
    that another program has made is taken over: its projects are looked at, and leave on the same terms, too.
    """
    alias = target.collection
    if deps.admin.resolve(alias) is None:
        return fetch_collection(deps, target, default=default, options=RunOptions(progress=options.progress))
    report = IngestReport("recreate", alias)
    with report.recording(deps), deps.admin.lock(alias):
        clear_leftovers(deps, alias)
        reject_leftover(deps, alias)
        is_collection = is_unaliased(deps, alias)
        live = deps.admin.resolve(alias) or alias  # not before: another rebuild may just have ended
        foreign_fields = deps.admin.foreign_fields(live)
        _require_filter(deps, target, live)
        replacement = _create_replacement(deps, target, live)
        report.notices += deps.admin.copy_foreign_settings(live, replacement, with_values=False)
        state, previous_filter = deps.index.get_state(replacement), deps.index.get_state(live).filter
        is_same_filter = previous_filter in (state.filter, Filter()) or state.filter.key == previous_filter.key
        replaced = _read_replaced(deps, live, is_native=foreign_fields is None, is_same_filter=is_same_filter)
        fetch_report = fetch_collection(
            deps,
            Target(collection=replacement, filter=state.filter),
            default=default,
            options=RunOptions(allow_mass_removal=options.allow_mass_removal, progress=options.progress),
            replaced=replaced,
        )
        report.merge_from(fetch_report)
        if not fetch_report.is_complete:
            report.notices.append(f"{alias} still leads to {live}: the rebuilt collection was not whole")
            deps.admin.drop(replacement)
            return report
        deps.admin.copy_enrichments(live, replacement)
        _verify(deps.index, replacement, fetch_report.documents, live if is_same_filter else "")
        if foreign_fields is not None:  # else the scores know by now what was carried over
            report.rescored = update_scores(deps, replacement)
        _go_live(deps, alias, live, replacement, is_collection=is_collection)
        # The scores go by what was known when their documents were written; others may have learned more since.
        report.rescored += update_scores(deps, replacement)
        if foreign_fields:
            report.notices.append(
                f"{live} had fields that are not of this schema and are gone: {', '.join(foreign_fields)}"
            )
    return report


def _go_live(deps: Dependencies, alias: str, live: str, replacement: str, *, is_collection: bool) -> None:
    """Have the alias lead to the fresh collection, with what others have written meanwhile, and let the live one go."""

    def copy_enrichments() -> None:
        deps.admin.copy_enrichments(live, replacement)

    if is_collection:
        replace_named_collection(deps, alias, replacement, catch_up=copy_enrichments)
    else:
        swap_alias(deps, alias, live, replacement, catch_up=copy_enrichments)


def _require_filter(deps: Dependencies, target: Target, live: str) -> None:
    """Raise `Invalid` where nobody says what shall fill the collection."""
    if target.filter is None and deps.index.get_state(live).filter == Filter():
        raise Invalid(f"{live} was not filled by this program, so nobody knows by what: name its profile with -p")


def _create_replacement(deps: Dependencies, target: Target, live: str) -> str:
    """Create the collection that is to take the live one's place, marked so that it is cleared if that fails."""
    state = deps.index.get_state(live)
    replacement = find_next_name(deps.admin, target.collection)
    replacement_state = CollectionState(
        filter=target.filter or state.filter, classifier_counts=state.classifier_counts, rebuild_of=target.collection
    )
    deps.admin.create(replacement, replacement_state)
    return replacement


def _read_replaced(deps: Dependencies, live: str, *, is_native: bool, is_same_filter: bool) -> ReplacedCollection:
    """Read from the live collection what a fetch can't know: statuses, and the packages that it must account for.

    The documents of another program can't be read by package; their enrichments are copied and scored after the fetch.
    """
    project_states = list(deps.index.project_states(live))
    return ReplacedCollection(
        names=frozenset(state.name_normalized for state in project_states) if is_same_filter else frozenset(),
        documents_from=live if is_native and is_same_filter else "",
        enrichment_source=live if is_native else "",
        statuses={
            state.name_normalized: (ProjectStatus(state.project_status), state.status_checked)
            for state in project_states
        }
        if is_native
        else {},
    )


def _verify(index: PackageIndex, replacement: str, document_count: int, replaced_collection: str) -> None:
    """Raise `Unavailable` unless all documents are there, and of every project of before a document or a tombstone."""
    release_counts = {
        project_state.name_normalized: project_state.release_count
        for project_state in index.project_states(replacement)
    }
    if sum(release_counts.values()) != document_count:
        raise Unavailable(
            f"{replacement} holds {sum(release_counts.values())} documents, {document_count} were written: it does not go live"
        )
    for holding in index.project_states(replaced_collection) if replaced_collection else ():
        name = holding.name_normalized
        if name not in release_counts and index.get_tombstone(replacement, name) is None:
            raise Unavailable(f"{replacement} lacks {name}, and nobody said that it is gone: it does not go live")


def rebuild_from_copy(
    deps: Dependencies, target: Target, *, progress: ProgressCallback = no_progress
) -> TransferReport:
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
    admin.create(replacement, replace(index.get_state(live), rebuild_of=alias))
    report.notices += admin.copy_foreign_settings(live, replacement, with_values=True)
    sync = CollectionSync(deps, live, replacement, report, progress)
    try:
        sync.run()
        index.set_state(replacement, replace(index.get_state(live), rebuild_of=alias))
    except BaseException:
        # An interruption, too: the next run would clear it, but nobody knows when that will be.
        admin.drop(replacement)
        raise
    if is_collection:
        replace_named_collection(deps, alias, replacement, catch_up=sync.run)
    else:
        swap_alias(deps, alias, live, replacement, catch_up=sync.replay)
    report.notices.append(f"{alias} leads to {replacement} now; {live} is gone")
