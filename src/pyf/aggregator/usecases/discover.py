"""Find the projects of a filter, without ever taking a missing answer for an empty one."""

from collections.abc import Iterable

from msgspec import Struct
from trove_classifiers import classifiers as published_classifiers

from ..domain.collection import CollectionState
from ..domain.errors import Unavailable
from ..domain.profile import Filter
from ..ports import PackageRegistry, Serials

# So many projects may leave a classifier at once: an old framework version loses its last one some day.
MAX_LOST_PROJECTS = 20


class DiscoveredProjects(Struct, frozen=True, kw_only=True):
    """Candidates by normalised name, and how many projects each classifier that was asked for has."""

    names: frozenset[str]
    classifier_counts: dict[str, int]


def discover_by_classifiers(registry: PackageRegistry, filter_: Filter, state: CollectionState) -> DiscoveredProjects:
    """Ask for every classifier of the filter, with all that trove-classifiers or documents know below them.

    Raises `Unavailable` where an answer is empty that had more than a few before, and where all are empty: a
    registry that has lost a framework overnight has more likely lost its search.
    """
    if not filter_.classifiers:
        return DiscoveredProjects(names=frozenset(), classifier_counts={})
    discovered = _fetch_classifiers(registry, filter_.expand_classifiers((*published_classifiers, *state.seen_classifiers)), state)
    if not discovered.names:
        raise Unavailable(f"PyPI names no project for {filter_.label}: this is not taken for an answer")
    return discovered


def discover_more(registry: PackageRegistry, state: CollectionState, discovered: DiscoveredProjects) -> DiscoveredProjects:
    """Ask for the classifiers that documents have shown and `known` was not asked for; add what they give."""
    missing_classifiers = [classifier for classifier in state.seen_classifiers if classifier not in discovered.classifier_counts]
    if not missing_classifiers:
        return discovered
    additional = _fetch_classifiers(registry, missing_classifiers, state)
    return DiscoveredProjects(names=discovered.names | additional.names, classifier_counts=discovered.classifier_counts | additional.classifier_counts)


def _fetch_classifiers(registry: PackageRegistry, classifiers: Iterable[str], state: CollectionState) -> DiscoveredProjects:
    names: set[str] = set()
    counts: dict[str, int] = {}
    for classifier, project_names in registry.browse_classifiers(classifiers):
        if not project_names and state.classifier_counts.get(classifier, 0) > MAX_LOST_PROJECTS:
            raise Unavailable(
                f"PyPI suddenly names no project for {classifier!r}, where it named {state.classifier_counts[classifier]}: "
                "this is not taken for an answer"
            )
        counts[classifier] = len(project_names)
        names |= project_names
    return DiscoveredProjects(names=frozenset(names), classifier_counts=counts)


def discover_all(serials: Serials) -> DiscoveredProjects:
    """Take every project of the registry for a candidate, as `PYPI_DISCOVERY=scan` asks for."""
    if not serials.by_name:
        raise Unavailable("PyPI's list of projects is empty: this is not taken for an answer")
    return DiscoveredProjects(names=frozenset(serials.by_name), classifier_counts={})
