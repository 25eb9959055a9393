"""List the collections of an index for operators and runs, with their content and condition."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import UNSET, Struct, UnsetType

from ...domain.batching import batched
from ...domain.collection import CollectionInfo, CollectionState, ProjectState
from ...domain.errors import NotFound
from ...domain.membership.profile import Filter, Profile
from ...domain.search import SearchQuery
from ...domain.timestamps import drop_future
from ...ports import Dependencies
from .aliases import to_base_name
from .leftovers import is_leftover
from .target import Target

# Packages whose enrichments are read at once.
_BATCH = 500


class CollectionEntry(Struct, frozen=True, kw_only=True):
    """A collection and its state."""

    info: CollectionInfo
    state: CollectionState

    @property
    def filter_label(self) -> str:
        """The label of the filter that fills it."""
        return self.state.filter.label or "another program"

    @property
    def names(self) -> tuple[str, ...]:
        """Its public names: its aliases, and its own name unless that is numbered and hidden by an alias."""
        is_hidden = self.info.aliases and to_base_name(self.info.name)
        return self.info.aliases if is_hidden else (*self.info.aliases, self.info.name)


class Alias(Struct, frozen=True, kw_only=True):
    """An alias, and the public and the own name of the collection that it points to."""

    name: str
    target_name: str
    collection: str


class IndexOverview(Struct, frozen=True, kw_only=True):
    """The collections of an index, and the names of unfinished rebuilds."""

    collections: tuple[CollectionEntry, ...]
    leftovers: tuple[str, ...]

    @property
    def names(self) -> Sequence[str]:
        """All public names, sorted."""
        return sorted(name for entry in self.collections for name in entry.names)

    @property
    def aliases(self) -> Sequence[Alias]:
        """All aliases, sorted by name; the public name of `plone-1` is `plone` if such an alias points to it."""
        return sorted(_list_aliases(entry.info for entry in self.collections), key=lambda alias: alias.name)


class CollectionDetails(Struct, frozen=True, kw_only=True):
    """What is in one collection.

    Attributes:
        newest_serial: The registry's serial of the newest stored change; 0 for an empty collection.
        newest_project: The package of that change.
        newest_upload: Unix time of its newest upload.
        cursor_age: Seconds since a run confirmed the cursor, None if unknown.
        stale_projects: Packages to retry.
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
    """Return the collections and aliases of the index; a collection that is deleted meanwhile is skipped."""
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
    """Return the content of a collection; reads the state of every package, but not another program's documents."""
    state, info = entry.state, entry.info
    confirmed_at = drop_future(state.cursor_confirmed_at, deps.now())
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
        cursor_age=max(int(deps.now()) - confirmed_at, 0) if state.cursor is not None and confirmed_at else None,
        stale_projects=len(state.stale_retries),
    )


def _find_newest_project(deps: Dependencies, info: CollectionInfo) -> ProjectState | None:
    if not info.is_native:
        return None
    return max(
        deps.index.iter_project_states(info.name), key=lambda project_state: project_state.last_serial, default=None
    )


def _list_aliases(collections: Iterable[CollectionInfo]) -> Iterator[Alias]:
    for info in collections:
        base_name = to_base_name(info.name)
        for alias in info.aliases:
            target_name = base_name if base_name in info.aliases and base_name != alias else info.name
            yield Alias(name=alias, target_name=target_name, collection=info.name)


def list_active_collections(deps: Dependencies, profiles: Mapping[str, Profile]) -> list[Target]:
    """Return every collection that this program has filled, once, with its filter as the profiles define it now.

    Unfinished rebuilds and collections without a filter are left out.
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
    """Return `plone` for `plone-2` if an alias `plone` points to it, else the collection's own name."""
    base_name = to_base_name(info.name)
    return base_name if base_name in info.aliases else info.name


class CollectionCondition(Struct, frozen=True, kw_only=True):
    """The condition of a collection. Ages are in seconds, None for data that was never requested.

    Attributes:
        visible_count: Packages that a search must find.
        found_count: Packages that a search finds.
        update_age: Age of the last run that confirmed the cursor.
        status_age: Age of the oldest check of a package's status and advisories.
        repository_age: Age of the newest data of a repository.
        download_age: Age of the newest download counts.
    """

    visible_count: int
    found_count: int
    update_age: int | None
    status_age: int | None
    repository_age: int | None
    download_age: int | None


def read_condition(deps: Dependencies, entry: CollectionEntry) -> CollectionCondition:
    """Return the condition of a collection; reads the state and the enrichments of every package."""
    now = deps.now()
    states = [state for state in deps.index.iter_project_states(entry.info.name) if state.release_count]
    repository_times: list[int | UnsetType] = []
    download_times: list[int | UnsetType] = []
    for batch in batched((state.name_normalized for state in states), _BATCH):
        for enrichments in deps.index.get_enrichments(entry.info.name, batch).values():
            if enrichments.repository is not UNSET:
                repository_times.append(enrichments.repository.repository_checked)
            if enrichments.downloads is not UNSET:
                download_times.append(enrichments.downloads.download_checked)
    hidden_names = frozenset(entry.state.filter.exclude)
    visible_states = [
        state for state in states if state.project_status != "quarantined" and state.name_normalized not in hidden_names
    ]
    results = deps.search.search(entry.info.name, SearchQuery(per_page=1), hidden=hidden_names)
    return CollectionCondition(
        visible_count=len(visible_states),
        found_count=results.total,
        update_age=_to_age([entry.state.cursor_confirmed_at] if entry.state.cursor is not None else [], now),
        status_age=_to_age([min((state.status_checked for state in states), default=0)], now),
        repository_age=_to_age(repository_times, now),
        download_age=_to_age(download_times, now),
    )


def _to_age(times: Iterable[int | UnsetType], now: float) -> int | None:
    """Return the age of the newest time; a time in the future counts as never."""
    newest = max((drop_future(time, now) for time in times if time is not UNSET), default=0)
    return int(now) - newest if newest else None
