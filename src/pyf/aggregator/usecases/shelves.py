"""Which collections readers are shown, and under which name: one shelf a name that people use."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from ..domain.collection import CollectionState
from ..domain.errors import Invalid, NotFound
from ..domain.profile import Filter, Profile
from ..ports import Services
from .catalogue import catalogue
from .target import Target, is_leftover, stem_of


class Shelf(Struct, frozen=True, kw_only=True):
    """A collection as readers see it: `key` is its name in addresses, `profile` what fills it, None for no profile."""

    key: str
    target: Target
    profile: Profile | None = None

    @property
    def title(self) -> str:
        """Its name for people; a collection that is called otherwise than its profile keeps its own name."""
        return self.profile.name if self.profile and self.profile.key == self.key else self.key


class FilledShelf(Struct, frozen=True, kw_only=True):
    """A shelf, and how many projects and releases there are on it."""

    shelf: Shelf
    projects: int
    releases: int


def shelves(services: Services, profiles: Mapping[str, Profile]) -> Sequence[FilledShelf]:
    """Return all shelves, those of profiles first and in their order; leftovers of rebuilds are none."""
    order = {key: number for number, key in enumerate(profiles)}
    found = [
        FilledShelf(
            shelf=_shelf(name, listed.state.filter.profile, profiles),
            projects=listed.info.projects,
            releases=listed.info.documents,
        )
        for listed in catalogue(services).collections
        if listed.info.is_native
        for name in listed.names
    ]
    return sorted(found, key=lambda each: (order.get(each.shelf.key, len(order)), each.shelf.key))


def shelf(services: Services, profiles: Mapping[str, Profile], key: str) -> Shelf:
    """Return one shelf; raises `NotFound` where there is no collection of that name, or none that is shown."""
    collection = services.admin.resolve(key)
    if collection is None:
        raise NotFound(f"there is no collection {key}")
    state = services.index.state(collection)
    # `plone-1` is the inside of `plone`: its number changes with every rebuild.
    is_inside = key == collection and services.admin.resolve(stem_of(key)) == collection
    if is_inside or is_leftover(services, collection, state) or not _is_native(services, collection, state):
        raise NotFound(f"there is no collection {key}")
    return _shelf(key, state.filter.profile, profiles)


def _is_native(services: Services, collection: str, state: CollectionState) -> bool:
    """Return whether this program made a collection; one that remembers a filter it did."""
    try:
        return state.filter != Filter() or services.admin.foreign_fields(collection) is None
    except Invalid:  # it holds no packages at all
        return False


def _shelf(key: str, profile: str, profiles: Mapping[str, Profile]) -> Shelf:
    found = profiles.get(profile)
    return Shelf(key=key, target=Target(collection=key, filter=found.filter if found else None), profile=found)
