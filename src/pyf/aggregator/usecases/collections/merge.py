"""Merge one collection into another; nothing is removed from either."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack

from msgspec.json import encode
from msgspec.structs import replace

from ...domain.batching import batched
from ...domain.collection import CollectionState
from ...domain.documents.document import Enrichments, merge_documents
from ...domain.documents.schema import RegistryFields
from ...domain.errors import Invalid, NotFound
from ...domain.history import merge_histories
from ...ports import Dependencies, ProjectDocuments
from ..report import ProgressCallback, TransferReport, no_progress
from .aliases import create_named
from .leftovers import clear_leftovers, reject_leftover, require_native
from .sync import copy_scores
from .target import is_same_filter

MERGE_BATCH = 100


def merge_collection(
    deps: Dependencies, source: str, target: str, *, progress: ProgressCallback = no_progress
) -> TransferReport:
    """Copy all documents, enrichments and tombstones of a collection into another one.

    A missing target is created with the source's state. Of a release in both, the one read later is kept; releases that
    only the target has are kept, too. A package whose releases are not all in the target at the end is reported as
    failed. The merge can be repeated: what is equal is not written again.
    """
    report = TransferReport("merge", target)
    with report.recording(deps), ExitStack() as locks:
        _check_names(deps, source, target)
        # No other run may clear, swap or fill either of them meanwhile.
        for name in (source, target):
            locks.enter_context(deps.admin.lock(name))
        clear_leftovers(deps, target)
        state = deps.index.get_state(source)
        if deps.admin.resolve(target) is None:
            create_named(deps.admin, target, replace(without_rebuild_marks(state), cursor=None))
            final_state = without_rebuild_marks(state)
        else:
            final_state = merge_states(deps.index.get_state(target), state, report)
            # Before the first document: what is copied may be older than the target's cursor.
            deps.index.set_state(target, replace(final_state, cursor=None))
        _copy_documents(deps, source, target, report, progress)
        deps.admin.copy_enrichments(source, target)
        for batch in _iter_batches(deps, source):
            copy_scores(deps.index, source, target, batch, keep_existing=True)
        _verify(deps, source, target, report)
        if report.is_complete:
            deps.index.set_state(target, final_state)
    return report


def write_merged(
    deps: Dependencies,
    collection: str,
    incoming: Mapping[str, Sequence[RegistryFields]],
    report: TransferReport,
    *,
    initial: Mapping[str, Enrichments] = {},
) -> None:
    """Merge documents of packages, by normalized name, with those that the collection has of them.

    Args:
        initial: Enrichments for packages that the collection has none of.
    """
    stored_documents = deps.index.get_documents(collection, incoming)
    merged_documents = {
        name: merge_documents(documents, stored_documents.get(name, ())) for name, documents in incoming.items()
    }
    changed_documents = {
        name: project_documents
        for name, project_documents in merged_documents.items()
        if set(map(encode, project_documents)) != set(map(encode, stored_documents.get(name, ())))
    }
    if changed_documents:
        projects = [
            ProjectDocuments(name_normalized=name, documents=documents, initial=initial.get(name, Enrichments()))
            for name, documents in changed_documents.items()
        ]
        report.add_rejections(deps.index.put(collection, projects))
    report.copied += len(changed_documents)
    report.unchanged += len(merged_documents) - len(changed_documents)
    report.documents += sum(map(len, changed_documents.values()))


def merge_states(
    target_state: CollectionState, source_state: CollectionState, report: TransferReport
) -> CollectionState:
    """Return the state of a collection after a merge: the older cursor, and the classifiers and retries of both."""
    if not is_same_filter(target_state.filter, source_state.filter):
        report.notices.append(
            f"{report.collection} is filled with {target_state.filter.label}, the copied packages with "
            f"{source_state.filter.label}. Packages that do not match are removed when they change."
        )
    cursors = [cursor for cursor in (target_state.cursor, source_state.cursor) if cursor is not None]
    older_state = min((target_state, source_state), key=lambda state: state.cursor or 0)
    return replace(
        target_state,
        cursor=min(cursors) if len(cursors) == 2 else None,
        cursor_confirmed_at=older_state.cursor_confirmed_at,
        seen_classifiers=tuple(sorted({*target_state.seen_classifiers, *source_state.seen_classifiers})),
        stale_retries={**source_state.stale_retries, **target_state.stale_retries},
    )


def without_rebuild_marks(state: CollectionState) -> CollectionState:
    """Return a state without the marks of a rebuild."""
    return replace(state, rebuild_of="", is_verified=False)


def _check_names(deps: Dependencies, source: str, target: str) -> None:
    source_collection = deps.admin.resolve(source)
    if source_collection is None:
        raise NotFound(f"Collection {source} does not exist.")
    if source_collection == deps.admin.resolve(target):
        raise Invalid(f"{source} and {target} are the same collection, {source_collection}.")
    reject_leftover(deps, target)
    for name in (source, target):
        require_native(deps, name)


def _copy_documents(
    deps: Dependencies, source: str, target: str, report: TransferReport, progress: ProgressCallback
) -> None:
    for batch in _iter_batches(deps, source):
        write_merged(deps, target, deps.index.get_documents(source, batch), report)
        _merge_histories(deps, source, target, batch)
        report.found += len(batch)
        progress("copying package", report.found, None)


def _merge_histories(deps: Dependencies, source: str, target: str, names: Sequence[str]) -> None:
    """Add the months of the source to histories of the target; a missing history is copied with the enrichments."""
    incoming, stored = deps.index.get_enrichments(source, names), deps.index.get_enrichments(target, names)
    merged = {
        name: merge_histories(incoming[name].history, stored[name].history)
        for name in incoming.keys() & stored.keys()
        if incoming[name].history and stored[name].history
    }
    if changed := {name: history for name, history in merged.items() if history != stored[name].history}:
        deps.index.update(target, changed)


def _verify(deps: Dependencies, source: str, target: str, report: TransferReport) -> None:
    """Report the packages of which the target lacks releases."""
    for batch in _iter_batches(deps, source):
        target_documents = deps.index.get_documents(target, batch)
        for name, documents in deps.index.get_documents(source, batch).items():
            merged_versions = {document.version for document in target_documents.get(name, ())}
            if missing := sorted({document.version for document in documents} - merged_versions):
                report.add_failure(name, f"{target} lacks {len(missing)} of its releases: {', '.join(missing[:3])}")


def _iter_batches(deps: Dependencies, collection: str) -> Iterator[list[str]]:
    names = (project_state.name_normalized for project_state in deps.index.iter_project_states(collection))
    return batched(names, MERGE_BATCH)
