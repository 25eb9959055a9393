"""Find the projects that may belong though no classifier leads to them: by name, by hand, by a bulk source.

None of this asks the registry anything. A candidate is judged once, by its own document, and again when it moves.
"""

from collections.abc import Collection, Mapping

from ..domain.collection import CollectionState
from ..domain.errors import Unavailable
from ..domain.profile import Filter
from ..ports import Serials, Services


def among_all(services: Services, filter_: Filter, serials: Serials) -> frozenset[str]:
    """Return the candidates among all projects that there are, those that were candidates before included."""
    listed = serials.by_name
    included = frozenset(name for name in filter_.include if name in listed)
    if not filter_.looks_beyond_classifiers:
        return included
    if not listed:
        raise Unavailable("PyPI's list of projects is empty: this is not taken for an answer")
    remembered = (name for name in services.verdicts.remembered(filter_.key) if name in listed)
    return included | filter_.named(listed) | frozenset(remembered)


def among_changed(services: Services, filter_: Filter, changed: Collection[str]) -> frozenset[str]:
    """Return the candidates among the projects that the registry's journal names, and those not judged yet.

    Who was a candidate once is one again whenever it changes, whatever its name. A project of a name that says
    nothing, and that nobody has ever told us of, is not found this way.
    """
    included = frozenset(name for name in filter_.include if name in changed)
    if not filter_.looks_beyond_classifiers:
        return included
    known = services.verdicts.recall(filter_.key, changed)
    unjudged = services.verdicts.remembered(filter_.key, unjudged=True)
    return included | filter_.named(changed) | known.keys() | unjudged.keys()


def told(services: Services, filter_: Filter) -> frozenset[str]:
    """Return whom the bulk source names, all of them: one that fails is found out before anybody else is asked."""
    if not filter_.looks_beyond_classifiers:
        return frozenset()
    return frozenset(services.candidates.requiring(filter_.requires))


def remember(services: Services, filter_: Filter, names: Collection[str]) -> None:
    """Remember candidates before anything is read of them: a run that fails has not forgotten them."""
    if names:
        known = services.verdicts.recall(filter_.key, names)
        services.verdicts.judge(filter_.key, {name: 0 for name in names if name not in known})


def judged(services: Services, filter_: Filter, state: CollectionState, names: Collection[str]) -> Mapping[str, int]:
    """Return the serials at which candidates were judged not to belong.

    A verdict says nothing of a project that was included since; whoever changes a filter loses the cursor.
    """
    unsettled = filter_.include.keys() if state.cursor is None else frozenset()
    known = services.verdicts.recall(filter_.key, names)
    return {name: serial for name, serial in known.items() if serial and name not in unsettled}
