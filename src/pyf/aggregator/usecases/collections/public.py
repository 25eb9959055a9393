"""The collections that the site shows to visitors."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from ...domain.collection import CollectionState
from ...domain.errors import Invalid, NotFound
from ...domain.membership.profile import Filter, Profile
from ...ports import Dependencies
from .aliases import to_base_name
from .leftovers import is_leftover
from .overview import read_overview
from .target import Target


class PublicCollection(Struct, frozen=True, kw_only=True):
    """A collection on the site.

    Attributes:
        key: Its name in URLs.
        profile: The profile that fills it, None without one.
    """

    key: str
    target: Target
    profile: Profile | None = None

    @property
    def title(self) -> str:
        """The name on pages: that of the profile, if the collection is named after it."""
        return self.profile.name if self.profile and self.profile.key == self.key else self.key


class CollectionSummary(Struct, frozen=True, kw_only=True):
    """A public collection, and the numbers of its packages and releases."""

    collection: PublicCollection
    package_count: int
    release_count: int


def list_collections(deps: Dependencies, profiles: Mapping[str, Profile]) -> Sequence[CollectionSummary]:
    """Return all public collections: those of profiles first and in their order, without unfinished rebuilds."""
    order = {key: number for number, key in enumerate(profiles)}
    summaries = [
        CollectionSummary(
            collection=_build_collection(name, entry.state.filter.profile, profiles),
            package_count=entry.info.projects,
            release_count=entry.info.documents,
        )
        for entry in read_overview(deps).collections
        if entry.info.is_native
        for name in entry.names
    ]
    return sorted(
        summaries, key=lambda summary: (order.get(summary.collection.key, len(order)), summary.collection.key)
    )


def get_collection(deps: Dependencies, profiles: Mapping[str, Profile], key: str) -> PublicCollection:
    """Return a public collection; raises `NotFound` if it does not exist or is not public."""
    collection = deps.admin.resolve(key)
    if collection is None:
        raise NotFound(f"Collection {key} does not exist.")
    state = deps.index.get_state(collection)
    # `plone-1` is internal if `plone` points to it: the number changes with every rebuild.
    is_internal_name = key == collection and deps.admin.resolve(to_base_name(key)) == collection
    if is_internal_name or is_leftover(deps, collection, state) or not _is_native(deps, collection, state):
        raise NotFound(f"Collection {key} does not exist.")
    return _build_collection(key, state.filter.profile, profiles)


def _is_native(deps: Dependencies, collection: str, state: CollectionState) -> bool:
    """Return whether this program created a collection; only this program stores a filter."""
    try:
        return state.filter != Filter() or deps.admin.list_foreign_fields(collection) is None
    except Invalid:  # it has no packages at all
        return False


def _build_collection(key: str, profile_key: str, profiles: Mapping[str, Profile]) -> PublicCollection:
    found_profile = profiles.get(profile_key)
    return PublicCollection(
        key=key,
        target=Target(collection=key, filter=found_profile.filter if found_profile else None),
        profile=found_profile,
    )
