"""What an index holds, as people look at it: collections, aliases, and the names that are in use.

Say which collections there are to keep up, each by the name that people use and with the filter that fills it.

Which collections readers are shown, and under which name: one shelf a name that people use.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct

from ...domain.collection import CollectionInfo, CollectionState, ProjectState
from ...domain.errors import Invalid, NotFound
from ...domain.membership.profile import Filter, Profile
from ...ports import Dependencies
from .target import Target, is_leftover, to_base_name


class CollectionEntry(Struct, frozen=True, kw_only=True):
    """A collection with what it remembers about itself."""

    info: CollectionInfo
    state: CollectionState

    @property
    def filter_label(self) -> str:
        """What fills it, for people; a collection of ours always knows."""
        return self.state.filter.label or "another program"

    @property
    def names(self) -> tuple[str, ...]:
        """The names by which people use it: its aliases, and its own one unless that has a number and they do."""
        is_hidden = self.info.aliases and to_base_name(self.info.name)
        return self.info.aliases if is_hidden else (*self.info.aliases, self.info.name)


class Alias(Struct, frozen=True, kw_only=True):
    """An alias, what people call the collection that it leads to, and that collection's own name."""

    name: str
    target_name: str
    collection: str


class IndexOverview(Struct, frozen=True, kw_only=True):
    """The collections of an index by name, and the names of those that are none to work with: leftovers."""

    collections: tuple[CollectionEntry, ...]
    leftovers: tuple[str, ...]

    @property
    def names(self) -> Sequence[str]:
        """All names that people use."""
        return sorted(name for entry in self.collections for name in entry.names)

    @property
    def aliases(self) -> Sequence[Alias]:
        """All aliases by name; one beside `plone` that leads to `plone-1` leads to what people call `plone`."""
        return sorted(_list_aliases(entry.info for entry in self.collections), key=lambda alias: alias.name)


class CollectionDetails(Struct, frozen=True, kw_only=True):
    """What is in one collection.

    `newest_serial` is the registry's number of the newest change that is in, of the project `newest_project` and
    uploaded at `newest_upload` (Unix seconds); 0 and "" for a collection without any. `cursor_age` is how many seconds
    ago a run confirmed the cursor, None where that is not known.
    """

    names: tuple[str, ...]
    collection: str
    filter: str
    projects: int
    documents: int
    newest_serial: int
    newest_project: str
    newest_upload: int
    cursor: int | None
    cursor_age: int | None
    stale_projects: int


def read_overview(deps: Dependencies) -> IndexOverview:
    """Return what is in the index now; a collection that goes meanwhile is left out."""
    entries, leftovers = [], []
    for info in deps.admin.list_collections():
        try:
            state = deps.index.get_state(info.name)
        except NotFound:
            continue
        if is_leftover(deps, info.name, state):
            leftovers.append(info.name)
        else:
            entries.append(CollectionEntry(info=info, state=state))
    return IndexOverview(collections=tuple(entries), leftovers=tuple(leftovers))


def read_details(deps: Dependencies, entry: CollectionEntry) -> CollectionDetails:
    """Return what is in a collection; it looks at every project's holding, but not into another program's documents."""
    state, info = entry.state, entry.info
    newest_project = _find_newest_project(deps, info)
    documents = deps.index.get_project_documents(info.name, newest_project.name_normalized) if newest_project else ()
    return CollectionDetails(
        names=entry.names,
        collection=info.name,
        filter=entry.filter_label,
        projects=info.projects,
        documents=info.documents,
        newest_serial=newest_project.last_serial if newest_project else 0,
        newest_project=documents[0].registry.name if documents else "",
        newest_upload=max((document.registry.upload_timestamp for document in documents), default=0),
        cursor=state.cursor,
        cursor_age=int(deps.now()) - state.cursor_confirmed_at
        if state.cursor is not None and state.cursor_confirmed_at
        else None,
        stale_projects=len(state.stale_retries),
    )


def _find_newest_project(deps: Dependencies, info: CollectionInfo) -> ProjectState | None:
    if not info.is_native:
        return None
    return max(deps.index.project_states(info.name), key=lambda project_state: project_state.last_serial, default=None)


def _list_aliases(collections: Iterable[CollectionInfo]) -> Iterator[Alias]:
    for info in collections:
        base_name = to_base_name(info.name)
        for alias in info.aliases:
            target_name = base_name if base_name in info.aliases and base_name != alias else info.name
            yield Alias(name=alias, target_name=target_name, collection=info.name)


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
        if entry.info.is_native
        for name in entry.names
    ]
    return sorted(
        summaries, key=lambda summary: (order.get(summary.collection.key, len(order)), summary.collection.key)
    )


def get_collection(deps: Dependencies, profiles: Mapping[str, Profile], key: str) -> PublicCollection:
    """Return one shelf; raises `NotFound` where there is no collection of that name, or none that is shown."""
    collection = deps.admin.resolve(key)
    if collection is None:
        raise NotFound(f"there is no collection {key}")
    state = deps.index.get_state(collection)
    # `plone-1` is the inside of `plone`: its number changes with every rebuild.
    is_internal_name = key == collection and deps.admin.resolve(to_base_name(key)) == collection
    if is_internal_name or is_leftover(deps, collection, state) or not _is_native(deps, collection, state):
        raise NotFound(f"there is no collection {key}")
    return _build_collection(key, state.filter.profile, profiles)


def _is_native(services: Dependencies, collection: str, state: CollectionState) -> bool:
    """Return whether this program made a collection; one that remembers a filter it did."""
    try:
        return state.filter != Filter() or services.admin.foreign_fields(collection) is None
    except Invalid:  # it holds no packages at all
        return False


def _build_collection(key: str, profile_key: str, profiles: Mapping[str, Profile]) -> PublicCollection:
    found_profile = profiles.get(profile_key)
    return PublicCollection(
        key=key,
        target=Target(collection=key, filter=found_profile.filter if found_profile else None),
        profile=found_profile,
    )
