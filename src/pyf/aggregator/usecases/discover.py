"""Find the projects of a filter, without ever taking a missing answer for an empty one."""

from collections.abc import Iterable

from msgspec import Struct
from trove_classifiers import classifiers as published_classifiers

from ..domain.collection import CollectionState
from ..domain.errors import Unavailable
from ..domain.profile import Filter
from ..ports import PackageRegistry, Serials

# So many projects may leave a classifier at once: an old framework version loses its last one some day.
FEW = 20


class Discovered(Struct, frozen=True, kw_only=True):
    """Candidates by normalised name, and how many projects each classifier that was asked for has."""

    names: frozenset[str]
    browsed: dict[str, int]


def browse(registry: PackageRegistry, filter_: Filter, state: CollectionState) -> Discovered:
    """Ask for every classifier of the filter, with all that trove-classifiers or documents know below them.

    Raises `Unavailable` where an answer is empty that had more than a few before, and where all are empty: a
    registry that has lost a framework overnight has more likely lost its search.
    """
    if not filter_.classifiers:
        return Discovered(names=frozenset(), browsed={})
    discovered = _asked(registry, filter_.expanded((*published_classifiers, *state.seen_classifiers)), state)
    if not discovered.names:
        raise Unavailable(f"PyPI names no project for {filter_.label}: this is not taken for an answer")
    return discovered


def browse_more(registry: PackageRegistry, state: CollectionState, known: Discovered) -> Discovered:
    """Ask for the classifiers that documents have shown and `known` was not asked for; add what they give."""
    missing = [classifier for classifier in state.seen_classifiers if classifier not in known.browsed]
    if not missing:
        return known
    more = _asked(registry, missing, state)
    return Discovered(names=known.names | more.names, browsed=known.browsed | more.browsed)


def _asked(registry: PackageRegistry, classifiers: Iterable[str], state: CollectionState) -> Discovered:
    names: set[str] = set()
    browsed: dict[str, int] = {}
    for classifier, found in registry.browse(classifiers):
        if not found and state.browsed.get(classifier, 0) > FEW:
            raise Unavailable(
                f"PyPI suddenly names no project for {classifier!r}, where it named {state.browsed[classifier]}: "
                "this is not taken for an answer"
            )
        browsed[classifier] = len(found)
        names |= found
    return Discovered(names=frozenset(names), browsed=browsed)


def scan(serials: Serials) -> Discovered:
    """Take every project of the registry for a candidate, as `PYPI_DISCOVERY=scan` asks for."""
    if not serials.by_name:
        raise Unavailable("PyPI's list of projects is empty: this is not taken for an answer")
    return Discovered(names=frozenset(serials.by_name), browsed={})
