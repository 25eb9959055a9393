"""Ask again, later and less and less often, for projects whose answer was older than the registry's journal.

What a collection holds already, and what of it was let in by another judgement than today's.

Tell by serials alone which projects moved since they were read: one request instead of one a project.
"""

from collections.abc import Collection, Iterable, Mapping
from itertools import islice

from msgspec import Struct

from ...domain.collection import CollectionState, ProjectState, StaleRetry
from ...domain.documents.project import Metadata, ProjectStatus
from ...domain.documents.schema import RegistryFields
from ...domain.membership.evaluation import MembershipDecision, evaluate_membership
from ...domain.membership.profile import Filter, matches_classifiers
from ...ports import Dependencies, Serials

# A CDN's answer is stale for minutes as a rule, and was once for days. After the last attempt the project is left
# to the next comparison of all serials, which finds it by itself.
FIRST_RETRY_DELAY = 300
MAX_RETRY_DELAY = 6 * 3600
MAX_RETRY_ATTEMPTS = 24


def select_due_retries(retries: Mapping[str, StaleRetry], *, now: int) -> dict[str, int]:
    """Return the projects whose time has come, with the serial that their answers must reach."""
    return {name: retry.min_serial for name, retry in retries.items() if retry.not_before <= now}


def schedule_retries(
    retries: Mapping[str, StaleRetry], processed: Collection[str], stale_serials: Mapping[str, int], *, now: int
) -> dict[str, StaleRetry]:
    """Return what is still to be asked: what was not looked at, and what was `overdue` again, a longer wait later."""
    remaining = {name: retry for name, retry in retries.items() if name not in processed}
    for name, serial in stale_serials.items():
        attempts = retries[name].attempts + 1 if name in retries else 1
        if attempts <= MAX_RETRY_ATTEMPTS:
            delay = min(FIRST_RETRY_DELAY * 2 ** (attempts - 1), MAX_RETRY_DELAY)
            remaining[name] = StaleRetry(min_serial=serial, attempts=attempts, not_before=now + delay)
    return remaining


# Projects are looked up in the index this many at a time.
LOOKUP_BATCH = 200


def read_project_states(deps: Dependencies, collection: str, filter_: Filter) -> dict[str, ProjectState]:
    """Return what a collection holds, by normalised name; what the filter excludes is as good as gone."""
    return {
        project_state.name_normalized: project_state
        for project_state in deps.index.project_states(collection)
        if project_state.name_normalized not in filter_.exclude
    }


def find_changed_memberships(
    deps: Dependencies, collection: str, state: CollectionState, project_names: Iterable[str]
) -> frozenset[str]:
    """Return the held projects of which the filter says other than their documents do: they are to be read again.

    Only where the cursor is lost, as it is with a change of the filter: else nothing is to be found, for much work.
    """
    if state.cursor is not None:
        return frozenset()
    changed, remaining = set(), iter(project_names)
    while batch := list(islice(remaining, LOOKUP_BATCH)):
        for name, documents in deps.index.get_documents(collection, batch).items():
            newest_release = next((document for document in documents if document.is_newest), documents[0])
            if evaluate_stored(state.filter, newest_release).reason != (newest_release.membership_reason or None):
                changed.add(name)
    return frozenset(changed)


def collect_seen_classifiers(deps: Dependencies, collection: str, filter_: Filter) -> frozenset[str]:
    """Return the classifiers of the filter that the newest releases in a collection carry; it reads all of them."""
    classifiers: set[str] = set()
    remaining = (project_state.name_normalized for project_state in deps.index.project_states(collection))
    while batch := list(islice(remaining, LOOKUP_BATCH)):
        for documents in deps.index.get_documents(collection, batch).values():
            newest_releases = (document for document in documents if document.is_newest)
            classifiers.update(
                classifier
                for document in newest_releases
                for classifier in document.classifiers
                if matches_classifiers(classifier, filter_.classifiers)
            )
    return frozenset(classifiers)


def evaluate_stored(filter_: Filter, newest_release: RegistryFields) -> MembershipDecision:
    """Judge a project by the document of its newest release."""
    metadata = Metadata(classifiers=newest_release.classifiers, requires_dist=newest_release.requires_dist)
    return evaluate_membership(filter_, newest_release.name_normalized, metadata)


class ReadPlan(Struct, frozen=True, kw_only=True):
    """What a comparison found: projects to read, by normalised name and sorted, and the serial each must reach."""

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
    """Compare candidates and everything held with the registry's serials.

    `judged` holds the candidates that were found not to belong, and at which serial. What is held and no candidate
    any more is read as well: whether it leaves, only its own document says.
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


def _get_min_serial(name: str, project_states: Mapping[str, ProjectState], serials: Serials) -> int:
    """Of what is held and not listed, a document that is no newer than the list is one that a cache has kept."""
    return serials.by_name.get(name, serials.last_serial + 1 if name in project_states else 0)


def _is_known_non_member(name: str, non_members: Mapping[str, int], registry_serials: Mapping[str, int]) -> bool:
    """A project that the list leaves out has not moved as far as anybody can tell: it is absent or quarantined."""
    return name in non_members and non_members[name] >= registry_serials.get(name, 0)


def _has_changed(project_state: ProjectState, registry_serials: Mapping[str, int]) -> bool:
    """A quarantined project is not listed; that it is free again shows in its being listed again."""
    if project_state.name_normalized not in registry_serials:
        return project_state.project_status != ProjectStatus.QUARANTINED
    return registry_serials[project_state.name_normalized] > project_state.last_serial
