"""Say which collections there are to keep up, each by the name that people use and with the filter that fills it."""

from collections.abc import Mapping

from ..domain.collection import CollectionInfo
from ..domain.profile import Filter, Profile
from ..ports import Services
from .target import Target, is_leftover, stem_of


def in_use(services: Services, profiles: Mapping[str, Profile]) -> list[Target]:
    """Return every collection that this program has filled, with its filter as the profiles say it today.

    What a rebuild has left behind is none, nor is a collection that remembers no filter. One collection is given once,
    however many aliases lead to it.
    """
    found = []
    for info in services.admin.collections():
        state = services.index.state(info.name)
        if state.filter == Filter() or is_leftover(services, info.name, state):
            continue
        profile = profiles.get(state.filter.profile)
        found.append(Target(collection=_common_name(info), filter=profile.filter if profile else state.filter))
    return found


def _common_name(info: CollectionInfo) -> str:
    """Return `plone` for `plone-2` that an alias `plone` leads to, else the collection's own name."""
    stem = stem_of(info.name)
    return stem if stem in info.aliases else info.name
