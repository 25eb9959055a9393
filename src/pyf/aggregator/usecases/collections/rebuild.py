"""Rebuild a collection beside the live one, from the registry or from a copy, and swap the alias once it is verified.

Readers never see a gap, unless a collection has no alias and the engine can't replace it in one step.
"""

from collections.abc import Callable

from msgspec.structs import replace

from ...domain.collection import CollectionState, Tombstone
from ...domain.documents.project import ProjectStatus
from ...domain.errors import Invalid, Unavailable
from ...domain.membership.profile import Filter
from ...ports import Dependencies, PackageIndex
from ..enrich.scores import update_scores
from ..ingest.fetch import fetch_collection
from ..ingest.removal import RemovalGuard, ReplacedCollection
from ..ingest.run import RunOptions
from ..report import IngestReport, ProgressCallback, TransferReport, no_progress
from .aliases import create_with_alias, find_next_name, is_unaliased, replace_named_collection, swap_alias
from .leftovers import clear_leftovers, reject_leftover, require_native
from .sync import CollectionSync
from .target import Target, require_state, to_current_filter


def rebuild_collection(
    deps: Dependencies,
    target: Target,
    *,
    default: Filter,
    options: RunOptions = RunOptions(),
) -> IngestReport:
    """Fetch everything into the next numbered collection, and point the alias to it if the fetch is complete.

    Enrichments are copied. If anything fails, the alias does not move, and the next run deletes the unfinished
    rebuild. The name of a collection without an alias becomes an alias. A collection of another program is taken over.

    The filter may change: with another profile, any number of packages may be removed; with the same profile, only as
    many as in any other run.
    """
    alias = target.collection
    if deps.admin.resolve(alias) is None:
        return fetch_collection(deps, target, default=default, options=options)
    report = IngestReport("rebuild", alias)
    with report.recording(deps), deps.admin.lock(alias):
        clear_leftovers(deps, alias, options.notify or report.notices.append)
        reject_leftover(deps, alias)
        has_no_alias = is_unaliased(deps, alias)
        live = deps.admin.resolve(alias) or alias  # read under the lock: another rebuild may just have ended
        foreign_fields = deps.admin.list_foreign_fields(live)
        _require_filter(deps, target, live)
        previous_filter = deps.index.get_state(live).filter
        filter_ = target.filter or to_current_filter(previous_filter, default)
        replacement = _create_replacement(deps, alias, live, filter_)
        report.notices += deps.admin.copy_foreign_settings(live, replacement, with_values=False)
        is_same_filter = previous_filter in (filter_, Filter()) or filter_.key == previous_filter.key
        replaced = _read_replaced(deps, live, is_native=foreign_fields is None, is_same_filter=is_same_filter)
        fetch_report = fetch_collection(
            deps,
            Target(collection=replacement, filter=filter_),
            default=default,
            options=options,
            replaced=replaced,
        )
        report.merge_from(fetch_report)
        if report.is_complete and not is_same_filter:
            # The user has chosen another profile; changed rules of the same profile may be a mistake.
            is_other_profile = not filter_.profile or filter_.profile != previous_filter.profile
            allow_mass_removal = options.allow_mass_removal or is_other_profile
            removal_options = replace(options, allow_mass_removal=allow_mass_removal)
            _remove_non_matching(deps, live, replacement, report, removal_options)
        if not report.is_complete:
            report.notices.append(f"{alias} still points to {live}: the rebuild was not complete, and was discarded")
            deps.admin.drop(replacement)
            return report
        deps.admin.copy_enrichments(live, replacement)
        _verify(deps.index, replacement, fetch_report.documents, live if is_same_filter else "")
        if foreign_fields is not None:  # else the scores include the enrichments already
            report.rescored = update_scores(deps, replacement)
        notify = options.notify or report.notices.append
        notify(_format_replacement(alias, live, replacement))
        _go_live(deps, alias, live, replacement, has_no_alias=has_no_alias)
        # Other runs may have written enrichments since the documents were scored.
        report.rescored += update_scores(deps, replacement)
        if foreign_fields:
            report.notices.append(
                f"Fields of {live} that are not part of the schema were dropped: {', '.join(foreign_fields)}"
            )
    return report


def _go_live(deps: Dependencies, alias: str, live: str, replacement: str, *, has_no_alias: bool) -> None:
    """Replace the live collection, with the enrichments that other runs have written meanwhile."""

    def copy_enrichments() -> None:
        deps.admin.copy_enrichments(live, replacement)

    if has_no_alias:
        replace_named_collection(deps, alias, replacement, catch_up=copy_enrichments)
    else:
        swap_alias(deps, alias, live, replacement, catch_up=copy_enrichments)


def _require_filter(deps: Dependencies, target: Target, live: str) -> None:
    """Raise `Invalid` if it is unknown what fills the collection."""
    if target.filter is None and deps.index.get_state(live).filter == Filter():
        raise Invalid(f"{live} was not filled by this program. Name its profile with -p")


def _remove_non_matching(
    deps: Dependencies, live: str, replacement: str, report: IngestReport, options: RunOptions
) -> None:
    """Write tombstones of the live packages that the replacement lacks, unless they are suspiciously many."""
    live_names = frozenset(state.name_normalized for state in deps.index.iter_project_states(live))
    names = {state.name_normalized for state in deps.index.iter_project_states(replacement)}
    filter_ = deps.index.get_state(replacement).filter
    report.added_names = [name for name in report.added_names if name not in live_names]
    now, reason = int(deps.now()), f"it does not match {filter_.label}"
    tombstones = [Tombstone(name=name, removed_at=now, reason=reason) for name in sorted(live_names - names)]
    guard = RemovalGuard(deps, replacement, filter_, report, 0, ReplacedCollection(names=live_names), options.notify)
    guard.remove({}, tombstones, allow_mass_removal=options.allow_mass_removal)


def _format_replacement(alias: str, live: str, replacement: str) -> str:
    return f"{replacement} is complete: {alias} will point to it, and {live} will be deleted."


def _create_replacement(deps: Dependencies, alias: str, live: str, filter_: Filter) -> str:
    """Create the collection that is to replace the live one, marked so that a later run deletes it after a failure."""
    state = deps.index.get_state(live)
    replacement = find_next_name(deps.admin, alias)
    replacement_state = CollectionState(filter=filter_, classifier_counts=state.classifier_counts, rebuild_of=alias)
    deps.admin.create(replacement, replacement_state)
    return replacement


def _read_replaced(deps: Dependencies, live: str, *, is_native: bool, is_same_filter: bool) -> ReplacedCollection:
    """Read from the live collection what a fetch can't know: statuses, and the packages that it must account for.

    The documents of another program can't be read by package; their enrichments are copied and scored after the fetch.
    """
    project_states = list(deps.index.iter_project_states(live))
    return ReplacedCollection(
        names=frozenset(state.name_normalized for state in project_states) if is_same_filter else frozenset(),
        document_source=live if is_native and is_same_filter else "",
        enrichment_source=live if is_native else "",
        statuses={
            state.name_normalized: (ProjectStatus(state.project_status), state.status_checked)
            for state in project_states
        }
        if is_native
        else {},
    )


def _verify(index: PackageIndex, replacement: str, document_count: int, replaced_collection: str) -> None:
    """Raise `Unavailable` unless all documents, and a document or tombstone of every replaced package, are stored."""
    release_counts = {
        project_state.name_normalized: project_state.release_count
        for project_state in index.iter_project_states(replacement)
    }
    stored_count = sum(release_counts.values())
    if stored_count != document_count:
        raise Unavailable(
            f"{replacement} has {stored_count} documents, but {document_count} were written; it does not go live"
        )
    for project_state in index.iter_project_states(replaced_collection) if replaced_collection else ():
        name = project_state.name_normalized
        if name not in release_counts and index.get_tombstone(replacement, name) is None:
            raise Unavailable(f"{replacement} lacks {name}, which was not removed; it does not go live")


def rebuild_from_copy(
    deps: Dependencies,
    target: Target,
    *,
    progress: ProgressCallback = no_progress,
    notify: Callable[[str], None] | None = None,
) -> TransferReport:
    """Copy a collection into the next numbered one without a request, and point the alias to the copy.

    What other runs write to the live collection meanwhile is copied, too. If anything fails, the alias does not move,
    and the next run of any kind completes or deletes the unfinished rebuild. The name of a collection without an alias
    becomes an alias. If the collection does not exist and the target has a filter, an empty one is created. A
    collection of another program can't be copied.
    """
    report = TransferReport("rebuild", target.collection)
    with report.recording(deps), deps.admin.lock(target.collection):
        clear_leftovers(deps, target.collection, notify or report.notices.append)
        if deps.admin.resolve(target.collection) is None and target.filter is not None:
            collection = create_with_alias(deps.admin, target.collection, CollectionState(filter=target.filter))
            report.notices.append(f"{target.collection} points to {collection}, which is new and empty")
            return report
        require_state(deps, target)
        reject_leftover(deps, target.collection)
        require_native(deps, target.collection)
        _rebuild_copy(deps, target.collection, report, progress, notify or report.notices.append)
    return report


def _rebuild_copy(
    deps: Dependencies, alias: str, report: TransferReport, progress: ProgressCallback, notify: Callable[[str], None]
) -> None:
    index, admin = deps.index, deps.admin
    has_no_alias = is_unaliased(deps, alias)
    live = admin.resolve(alias) or alias
    replacement = find_next_name(admin, alias)
    admin.create(replacement, replace(index.get_state(live), rebuild_of=alias))
    report.notices += admin.copy_foreign_settings(live, replacement, with_values=True)
    sync = CollectionSync(deps, live, replacement, report, progress)
    try:
        sync.run()
        index.set_state(replacement, replace(index.get_state(live), rebuild_of=alias))
    except BaseException:
        # The next run would delete it, but may come late.
        admin.drop(replacement)
        raise
    notify(_format_replacement(alias, live, replacement))
    if has_no_alias:
        replace_named_collection(deps, alias, replacement, catch_up=sync.run)
    else:
        swap_alias(deps, alias, live, replacement, catch_up=sync.replay)
    report.notices.append(f"{alias} points to {replacement} now; {live} was deleted")
