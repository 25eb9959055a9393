"""Find the candidates of a filter: by classifier, by name, by list, and by a bulk source.

An empty response of the registry counts as an outage, never as an empty set of packages.
"""

from collections.abc import Collection, Mapping, Sequence

from msgspec import Struct
from trove_classifiers import classifiers as published_classifiers

from ...domain.collection import CollectionState
from ...domain.errors import Unavailable
from ...domain.membership.profile import Filter
from ...ports import Dependencies, PackageRegistry, Serials
from ..report import ProgressCallback, no_progress

# More packages than this don't lose a classifier at once. Fewer may: an old framework version loses its last package
# some day.
MAX_LOST_PROJECTS = 20

# What the progress bar says.
_STEP = "reading classifier"

_OUTAGE = "treating this as an outage; the run stopped and nothing was removed"


class DiscoveredProjects(Struct, frozen=True, kw_only=True):
    """Candidates by normalized name, and the number of packages of each requested classifier."""

    names: frozenset[str]
    classifier_counts: dict[str, int]


def discover_by_classifiers(
    registry: PackageRegistry, filter_: Filter, state: CollectionState, progress: ProgressCallback = no_progress
) -> DiscoveredProjects:
    """Request every classifier of the filter, and those below them that trove-classifiers or documents contain.

    Raises:
        Unavailable: If a classifier lost more than a few packages at once, or no classifier has any.
    """
    if not filter_.classifiers:
        return DiscoveredProjects(names=frozenset(), classifier_counts={})
    classifiers = filter_.expand_classifiers((*published_classifiers, *state.seen_classifiers))
    discovered = _fetch_classifiers(registry, classifiers, state, progress)
    if not discovered.names and not state.classifier_counts:
        raise Unavailable(
            f"PyPI lists no package for {filter_.label}: check the spelling of the classifiers, or try again later. "
            "Nothing was changed."
        )
    if not discovered.names:
        raise Unavailable(f"PyPI lists no package for {filter_.label}: {_OUTAGE}")
    return discovered


def discover_more(
    registry: PackageRegistry,
    state: CollectionState,
    discovered: DiscoveredProjects,
    progress: ProgressCallback = no_progress,
) -> DiscoveredProjects:
    """Request the seen classifiers that were not requested yet; return `discovered` itself if there are none."""
    missing_classifiers = [
        classifier for classifier in state.seen_classifiers if classifier not in discovered.classifier_counts
    ]
    if not missing_classifiers:
        return discovered
    additional = _fetch_classifiers(registry, missing_classifiers, state, progress)
    return DiscoveredProjects(
        names=discovered.names | additional.names,
        classifier_counts=discovered.classifier_counts | additional.classifier_counts,
    )


def discover_all(serials: Serials) -> DiscoveredProjects:
    """Return every package of the registry as a candidate, as `PYPI_DISCOVERY=all` demands."""
    if not serials.by_name:
        raise Unavailable(f"PyPI's list of packages is empty: {_OUTAGE}")
    return DiscoveredProjects(names=frozenset(serials.by_name), classifier_counts={})


def select_candidates(deps: Dependencies, filter_: Filter, serials: Serials) -> frozenset[str]:
    """Return the candidates among all packages without a request: by name, included ones, and earlier candidates."""
    registry_serials = serials.by_name
    included = frozenset(name for name in filter_.include if name in registry_serials)
    if not filter_.uses_requirements:
        return included
    if not registry_serials:
        raise Unavailable(f"PyPI's list of packages is empty: {_OUTAGE}")
    remembered_names = (name for name in deps.membership_cache.get_all(filter_.key) if name in registry_serials)
    return included | filter_.matching_names(registry_serials) | frozenset(remembered_names)


def select_changed_candidates(deps: Dependencies, filter_: Filter, changed_names: Collection[str]) -> frozenset[str]:
    """Return the candidates among the changed packages, and the candidates that were never evaluated.

    An earlier candidate is one again whenever it changes. A package with an unrelated name that no source has named
    is not found this way.
    """
    included = frozenset(name for name in filter_.include if name in changed_names)
    if not filter_.uses_requirements:
        return included
    evaluated = deps.membership_cache.get_many(filter_.key, changed_names)
    unevaluated = deps.membership_cache.get_all(filter_.key, include_unevaluated=True)
    return included | filter_.matching_names(changed_names) | evaluated.keys() | unevaluated.keys()


def read_bulk_candidates(deps: Dependencies, filter_: Filter) -> frozenset[str]:
    """Return all packages that the bulk source names; read before the registry, as it may fail."""
    if not filter_.uses_requirements:
        return frozenset()
    return frozenset(deps.candidates.find_candidates(filter_.requires))


def remember_candidates(deps: Dependencies, filter_: Filter, names: Collection[str]) -> None:
    """Store candidates before they are read, so that a run that fails does not lose them."""
    if names:
        known_serials = deps.membership_cache.get_many(filter_.key, names)
        deps.membership_cache.set_many(filter_.key, {name: 0 for name in names if name not in known_serials})


def recall_non_members(
    deps: Dependencies, filter_: Filter, state: CollectionState, names: Collection[str]
) -> Mapping[str, int]:
    """Return the serials at which candidates were found not to match.

    An evaluation is void for a package that was included later; a change of the filter resets the cursor.
    """
    newly_included = filter_.include.keys() if state.cursor is None else frozenset()
    recalled = deps.membership_cache.get_many(filter_.key, names)
    return {name: serial for name, serial in recalled.items() if serial and name not in newly_included}


def _fetch_classifiers(
    registry: PackageRegistry, classifiers: Sequence[str], state: CollectionState, progress: ProgressCallback
) -> DiscoveredProjects:
    names: set[str] = set()
    counts: dict[str, int] = {}
    progress(_STEP, 0, len(classifiers))
    for classifier, project_names in registry.browse_classifiers(classifiers):
        earlier_count = state.classifier_counts.get(classifier, 0)
        if not project_names and earlier_count > MAX_LOST_PROJECTS:
            raise Unavailable(f"PyPI lists no package for {classifier!r}, where it listed {earlier_count}: {_OUTAGE}")
        counts[classifier] = len(project_names)
        names |= project_names
        progress(_STEP, len(counts), len(classifiers))
    return DiscoveredProjects(names=frozenset(names), classifier_counts=counts)
