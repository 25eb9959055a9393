"""What a collection holds already, and what of it was let in by another judgement than today's."""

from collections.abc import Iterable
from itertools import islice

from ..domain.collection import CollectionState, Holding
from ..domain.membership import Verdict, judge
from ..domain.profile import Filter, matches
from ..domain.release import Metadata
from ..domain.schema import RegistryFields
from ..ports import Services

# Projects are looked up in the index this many at a time.
LOOK_UP = 200


def holdings(services: Services, collection: str, filter_: Filter) -> dict[str, Holding]:
    """Return what a collection holds, by normalised name; what the filter excludes is as good as gone."""
    return {
        holding.name_normalized: holding
        for holding in services.index.holdings(collection)
        if holding.name_normalized not in filter_.exclude
    }


def judged_otherwise(
    services: Services, collection: str, state: CollectionState, held: Iterable[str]
) -> frozenset[str]:
    """Return the held projects of which the filter says other than their documents do: they are to be read again.

    Only where the cursor is lost, as it is with a change of the filter: else nothing is to be found, for much work.
    """
    if state.cursor is not None:
        return frozenset()
    found, remaining = set(), iter(held)
    while names := list(islice(remaining, LOOK_UP)):
        for name, documents in services.index.held(collection, names).items():
            newest = next((document for document in documents if document.is_newest), documents[0])
            if judged(state.filter, newest).because != (newest.member_because or None):
                found.add(name)
    return frozenset(found)


def classifiers_shown(services: Services, collection: str, filter_: Filter) -> frozenset[str]:
    """Return the classifiers of the filter that the newest releases in a collection carry; it reads all of them."""
    shown: set[str] = set()
    remaining = (holding.name_normalized for holding in services.index.holdings(collection))
    while names := list(islice(remaining, LOOK_UP)):
        for documents in services.index.held(collection, names).values():
            newest = (document for document in documents if document.is_newest)
            shown.update(c for document in newest for c in document.classifiers if matches(c, filter_.classifiers))
    return frozenset(shown)


def judged(filter_: Filter, newest: RegistryFields) -> Verdict:
    """Judge a project by the document of its newest release."""
    metadata = Metadata(classifiers=newest.classifiers, requires_dist=newest.requires_dist)
    return judge(filter_, newest.name_normalized, metadata)
