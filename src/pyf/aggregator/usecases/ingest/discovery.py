"""Find the projects that may belong though no classifier leads to them: by name, by hand, by a bulk source.

None of this asks the registry anything. A candidate is judged once, by its own document, and again when it moves.

Find the projects of a filter, without ever taking a missing answer for an empty one.
"""

from collections.abc import Collection, Iterable, Mapping

from msgspec import Struct
from trove_classifiers import classifiers as published_classifiers

from ...domain.collection import CollectionState
from ...domain.errors import Unavailable
from ...domain.membership.profile import Filter
from ...ports import Dependencies, PackageRegistry, Serials


def select_candidates(deps: Dependencies, filter_: Filter, serials: Serials) -> frozenset[str]:
    """Return the candidates among all projects that there are, those that were candidates before included."""
    registry_serials = serials.by_name
    included = frozenset(name for name in filter_.include if name in registry_serials)
    if not filter_.uses_requirements:
        return included
    if not registry_serials:
        raise Unavailable("PyPI's list of projects is empty: this is not taken for an answer")
    remembered_names = (name for name in deps.membership_cache.get_all(filter_.key) if name in registry_serials)
    return included | filter_.matching_names(registry_serials) | frozenset(remembered_names)


def select_changed_candidates(deps: Dependencies, filter_: Filter, changed_names: Collection[str]) -> frozenset[str]:
    """Return the candidates among the projects that the registry's journal names, and those not judged yet.

    Who was a candidate once is one again whenever it changes, whatever its name. A project of a name that says
    nothing, and that nobody has ever told us of, is not found this way.
    """
    included = frozenset(name for name in filter_.include if name in changed_names)
    if not filter_.uses_requirements:
        return included
    evaluated = deps.membership_cache.get_many(filter_.key, changed_names)
    unevaluated = deps.membership_cache.get_all(filter_.key, include_unevaluated=True)
    return included | filter_.matching_names(changed_names) | evaluated.keys() | unevaluated.keys()


def read_bulk_candidates(deps: Dependencies, filter_: Filter) -> frozenset[str]:
    """Return whom the bulk source names, all of them: one that fails is found out before anybody else is asked."""
    if not filter_.uses_requirements:
        return frozenset()
    return frozenset(deps.candidates.find_candidates(filter_.requires))


def remember_candidates(deps: Dependencies, filter_: Filter, names: Collection[str]) -> None:
    """Remember candidates before anything is read of them: a run that fails has not forgotten them."""
    if names:
        known_serials = deps.membership_cache.get_many(filter_.key, names)
        deps.membership_cache.set_many(filter_.key, {name: 0 for name in names if name not in known_serials})


def recall_non_members(
    deps: Dependencies, filter_: Filter, state: CollectionState, names: Collection[str]
) -> Mapping[str, int]:
    """Return the serials at which candidates were judged not to belong.

    A verdict says nothing of a project that was included since; whoever changes a filter loses the cursor.
    """
    newly_included = filter_.include.keys() if state.cursor is None else frozenset()
    recalled = deps.membership_cache.get_many(filter_.key, names)
    return {name: serial for name, serial in recalled.items() if serial and name not in newly_included}


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
    discovered = _fetch_classifiers(
        registry, filter_.expand_classifiers((*published_classifiers, *state.seen_classifiers)), state
    )
    if not discovered.names:
        raise Unavailable(f"PyPI names no project for {filter_.label}: this is not taken for an answer")
    return discovered


def discover_more(
    registry: PackageRegistry, state: CollectionState, discovered: DiscoveredProjects
) -> DiscoveredProjects:
    """Ask for the classifiers that documents have shown and `known` was not asked for; add what they give."""
    missing_classifiers = [
        classifier for classifier in state.seen_classifiers if classifier not in discovered.classifier_counts
    ]
    if not missing_classifiers:
        return discovered
    additional = _fetch_classifiers(registry, missing_classifiers, state)
    return DiscoveredProjects(
        names=discovered.names | additional.names,
        classifier_counts=discovered.classifier_counts | additional.classifier_counts,
    )


def _fetch_classifiers(
    registry: PackageRegistry, classifiers: Iterable[str], state: CollectionState
) -> DiscoveredProjects:
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
    """Take every project of the registry for a candidate, as `PYPI_DISCOVERY=all` asks for."""
    if not serials.by_name:
        raise Unavailable("PyPI's list of projects is empty: this is not taken for an answer")
    return DiscoveredProjects(names=frozenset(serials.by_name), classifier_counts={})
