"""What a collection holds already, and what of it was let in by another judgement than today's."""

from collections.abc import Iterable
from itertools import islice

from ..domain.collection import CollectionState, ProjectState
from ..domain.membership import MembershipDecision, evaluate_membership
from ..domain.profile import Filter, matches_classifiers
from ..domain.release import Metadata
from ..domain.schema import RegistryFields
from ..ports import Dependencies

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
            classifiers.update(classifier for document in newest_releases for classifier in document.classifiers if matches_classifiers(classifier, filter_.classifiers))
    return frozenset(classifiers)


def evaluate_stored(filter_: Filter, newest_release: RegistryFields) -> MembershipDecision:
    """Judge a project by the document of its newest release."""
    metadata = Metadata(classifiers=newest_release.classifiers, requires_dist=newest_release.requires_dist)
    return evaluate_membership(filter_, newest_release.name_normalized, metadata)
