"""Which collections readers are shown, and under which name: one shelf a name that people use."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from ..domain.errors import NotFound
from ..domain.profile import Profile
from ..ports import Dependencies
from .catalogue import read_overview
from .target import Target, is_leftover, to_base_name


class PublicCollection(Struct, frozen=True, kw_only=True):
    """A collection as readers see it: `key` is its name in addresses, `profile` what fills it, None for no profile."""

    key: str
    target: Target
    profile: Profile | None = None

    @property
    def title(self) -> str:
        """Its name for people; a collection that is called otherwise than its profile keeps its own name."""
        return self.profile.name if self.profile and self.profile.key == self.key else self.key


class CollectionSummary(Struct, frozen=True, kw_only=True):
    """A shelf, and how many projects and releases there are on it."""

    collection: PublicCollection
    project_count: int
    release_count: int


def list_collections(deps: Dependencies, profiles: Mapping[str, Profile]) -> Sequence[CollectionSummary]:
    """Return all shelves, those of profiles first and in their order; leftovers of rebuilds are none."""
    order = {key: number for number, key in enumerate(profiles)}
    summaries = [
        CollectionSummary(
            collection=_build_collection(name, entry.state.filter.profile, profiles),
            project_count=entry.info.projects,
            release_count=entry.info.documents,
        )
        for entry in read_overview(deps).collections
        for name in entry.names
    ]
    return sorted(summaries, key=lambda summary: (order.get(summary.collection.key, len(order)), summary.collection.key))


def get_collection(deps: Dependencies, profiles: Mapping[str, Profile], key: str) -> PublicCollection:
    """Return one shelf; raises `NotFound` where there is no collection of that name, or none that is shown."""
    collection = deps.admin.resolve(key)
    if collection is None:
        raise NotFound(f"there is no collection {key}")
    state = deps.index.get_state(collection)
    # `plone-1` is the inside of `plone`: its number changes with every rebuild.
    is_internal_name = key == collection and deps.admin.resolve(to_base_name(key)) == collection
    if is_internal_name or is_leftover(deps, collection, state):
        raise NotFound(f"there is no collection {key}")
    return _build_collection(key, state.filter.profile, profiles)


def _build_collection(key: str, profile_key: str, profiles: Mapping[str, Profile]) -> PublicCollection:
    found_profile = profiles.get(profile_key)
    return PublicCollection(key=key, target=Target(collection=key, filter=found_profile.filter if found_profile else None), profile=found_profile)
