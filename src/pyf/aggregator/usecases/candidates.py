"""Find the projects that may belong though no classifier leads to them: by name, by hand, by a bulk source.

None of this asks the registry anything. A candidate is judged once, by its own document, and again when it moves.
"""

from collections.abc import Collection, Mapping

from ..domain.collection import CollectionState
from ..domain.errors import Unavailable
from ..domain.profile import Filter
from ..ports import Serials, Dependencies


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


def recall_non_members(deps: Dependencies, filter_: Filter, state: CollectionState, names: Collection[str]) -> Mapping[str, int]:
    """Return the serials at which candidates were judged not to belong.

    A verdict says nothing of a project that was included since; whoever changes a filter loses the cursor.
    """
    newly_included = filter_.include.keys() if state.cursor is None else frozenset()
    recalled = deps.membership_cache.get_many(filter_.key, names)
    return {name: serial for name, serial in recalled.items() if serial and name not in newly_included}
