"""Say which collections there are to keep up, each by the name that people use and with the filter that fills it."""

from collections.abc import Mapping

from ..domain.collection import CollectionInfo
from ..domain.profile import Filter, Profile
from ..ports import Dependencies
from .target import Target, is_leftover, to_base_name


def list_active_collections(deps: Dependencies, profiles: Mapping[str, Profile]) -> list[Target]:
    """Return every collection that this program has filled, with its filter as the profiles say it today.

    What a rebuild has left behind is none, nor is a collection that remembers no filter. One collection is given once,
    however many aliases lead to it.
    """
    targets = []
    for info in deps.admin.list_collections():
        state = deps.index.get_state(info.name)
        if state.filter == Filter() or is_leftover(deps, info.name, state):
            continue
        profile = profiles.get(state.filter.profile)
        targets.append(Target(collection=_to_public_name(info), filter=profile.filter if profile else state.filter))
    return targets


def _to_public_name(info: CollectionInfo) -> str:
    """Return `plone` for `plone-2` that an alias `plone` leads to, else the collection's own name."""
    base_name = to_base_name(info.name)
    return base_name if base_name in info.aliases else info.name
