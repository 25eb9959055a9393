"""Plan what a run reads: compare what is stored with the registry's serials, and schedule retries of stale packages."""

from collections.abc import Collection, Iterable, Iterator, Mapping

from msgspec import Struct

from ...domain.batching import batched
from ...domain.collection import CollectionState, ProjectState, StaleRetry
from ...domain.documents.project import Metadata, ProjectStatus
from ...domain.documents.schema import RegistryFields
from ...domain.membership.evaluation import MembershipDecision, evaluate_membership
from ...domain.membership.profile import Filter, matches_classifiers
from ...domain.timestamps import is_in_future
from ...ports import Dependencies, Serials

# A CDN serves a stale response for minutes as a rule, and once did for days. After the last attempt the next
# comparison of all serials finds the package.
FIRST_RETRY_DELAY = 300
MAX_RETRY_DELAY = 6 * 3600
MAX_RETRY_ATTEMPTS = 24

# How many packages are looked up in the index at once.
LOOKUP_BATCH = 200


class ReadPlan(Struct, frozen=True, kw_only=True):
    """The packages to read, by normalized name and sorted, and the serials that their responses must reach."""

    names: tuple[str, ...]
    min_serials: Mapping[str, int]


def compare_serials(
    candidates: Collection[str],
    project_states: Mapping[str, ProjectState],
    non_members: Mapping[str, int],
    serials: Serials,
    *,
    document_version: int,
) -> ReadPlan:
    """Plan a run by the serials of all packages: one request instead of one per package.

    A stored package that is no candidate any more is read, too: only its document decides whether it is removed.

    Args:
        non_members: Candidates that did not match, and the serial at which they were evaluated.
    """
    registry_serials = serials.by_name
    new_names = (
        name
        for name in candidates
        if name not in project_states and not _is_known_non_member(name, non_members, registry_serials)
    )
    outdated_names = (
        name
        for name, project_state in project_states.items()
        if name not in candidates
        or _has_changed(project_state, registry_serials)
        or project_state.document_version != document_version
    )
    names = tuple(sorted({*new_names, *outdated_names}))
    return ReadPlan(names=names, min_serials={name: _get_min_serial(name, project_states, serials) for name in names})


def compare_changelog(
    candidates: Collection[str],
    project_states: Mapping[str, ProjectState],
    non_members: Mapping[str, int],
    changed_serials: Mapping[str, int],
) -> ReadPlan:
    """Plan a run by the changelog, which contains whatever can remove a package: unchanged packages are not read."""
    known_serials = {name: project_state.last_serial for name, project_state in project_states.items()}
    known_serials.update(non_members)
    min_serials = {
        name: changed_serials.get(name, 0)
        for name in {*project_states, *candidates}
        if name not in known_serials or changed_serials.get(name, 0) > known_serials[name]
    }
    return ReadPlan(names=tuple(sorted(min_serials)), min_serials=min_serials)


def add_due_retries(plan: ReadPlan, retries: Mapping[str, StaleRetry], *, now: int) -> ReadPlan:
    """Return the plan with the stale packages whose delay is over."""
    min_serials = dict(plan.min_serials)
    for name, retry in retries.items():
        if retry.not_before <= now or is_in_future(retry.not_before, now + MAX_RETRY_DELAY):
            min_serials[name] = max(retry.min_serial, min_serials.get(name, 0))
    return ReadPlan(names=tuple(sorted(min_serials)), min_serials=min_serials)


def schedule_retries(
    retries: Mapping[str, StaleRetry], processed: Collection[str], stale_serials: Mapping[str, int], *, now: int
) -> dict[str, StaleRetry]:
    """Return the retries that remain: those not processed, and those stale again, after a longer delay."""
    remaining = {name: retry for name, retry in retries.items() if name not in processed}
    for name, serial in stale_serials.items():
        attempts = retries[name].attempts + 1 if name in retries else 1
        if attempts <= MAX_RETRY_ATTEMPTS:
            delay = min(FIRST_RETRY_DELAY * 2 ** (attempts - 1), MAX_RETRY_DELAY)
            remaining[name] = StaleRetry(min_serial=serial, attempts=attempts, not_before=now + delay)
    return remaining


def read_project_states(deps: Dependencies, collection: str, filter_: Filter) -> dict[str, ProjectState]:
    """Return the stored states of a collection by normalized name, without projects that the filter excludes."""
    return {
        project_state.name_normalized: project_state
        for project_state in deps.index.iter_project_states(collection)
        if project_state.name_normalized not in filter_.exclude
    }


def find_changed_memberships(
    deps: Dependencies, collection: str, state: CollectionState, project_names: Iterable[str]
) -> frozenset[str]:
    """Return the stored packages whose membership reason is not that of the current filter: they are read again.

    Only a collection without a cursor can have any: a change of the filter resets the cursor.
    """
    if state.cursor is not None:
        return frozenset()
    return frozenset(
        newest.name_normalized
        for newest in _iter_newest_releases(deps, collection, project_names)
        if evaluate_stored(state.filter, newest).reason != (newest.membership_reason or None)
    )


def collect_seen_classifiers(deps: Dependencies, collection: str, filter_: Filter) -> frozenset[str]:
    """Return the classifiers of the filter that the newest releases carry; reads the whole collection."""
    names = (project_state.name_normalized for project_state in deps.index.iter_project_states(collection))
    return frozenset(
        classifier
        for newest in _iter_newest_releases(deps, collection, names)
        for classifier in newest.classifiers
        if matches_classifiers(classifier, filter_.classifiers)
    )


def evaluate_stored(filter_: Filter, newest_release: RegistryFields) -> MembershipDecision:
    """Evaluate the membership of a package by the document of its newest release."""
    metadata = Metadata(classifiers=newest_release.classifiers, requires_dist=newest_release.requires_dist)
    return evaluate_membership(filter_, newest_release.name_normalized, metadata)


def _iter_newest_releases(deps: Dependencies, collection: str, names: Iterable[str]) -> Iterator[RegistryFields]:
    for batch in batched(names, LOOKUP_BATCH):
        for documents in deps.index.get_documents(collection, batch).values():
            yield next((document for document in documents if document.is_newest), documents[0])


def _get_min_serial(name: str, project_states: Mapping[str, ProjectState], serials: Serials) -> int:
    """Return the serial to reach; a document of an unlisted, stored package is stale if it is as old as the list."""
    return serials.by_name.get(name, serials.last_serial + 1 if name in project_states else 0)


def _is_known_non_member(name: str, non_members: Mapping[str, int], registry_serials: Mapping[str, int]) -> bool:
    """Return whether a package was evaluated at its current serial; an unlisted one is absent or quarantined."""
    return name in non_members and non_members[name] >= registry_serials.get(name, 0)


def _has_changed(project_state: ProjectState, registry_serials: Mapping[str, int]) -> bool:
    """Return whether a stored package must be read; a quarantined one is listed again after its quarantine."""
    if project_state.name_normalized not in registry_serials:
        return project_state.project_status != ProjectStatus.QUARANTINED
    return registry_serials[project_state.name_normalized] > project_state.last_serial
