"""What an index holds, as people look at it: collections, aliases, and the names that are in use."""

from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from ..domain.collection import CollectionInfo, CollectionState, Holding
from ..domain.errors import NotFound
from ..ports import Services
from .target import is_leftover, stem_of


class Listed(Struct, frozen=True, kw_only=True):
    """A collection with what it remembers about itself."""

    info: CollectionInfo
    state: CollectionState

    @property
    def filled_by(self) -> str:
        """What fills it, for people; a collection of ours always knows."""
        return self.state.filter.label or "another program"

    @property
    def names(self) -> tuple[str, ...]:
        """The names by which people use it: its aliases, and its own one unless that has a number and they do."""
        is_hidden = self.info.aliases and stem_of(self.info.name)
        return self.info.aliases if is_hidden else (*self.info.aliases, self.info.name)


class Alias(Struct, frozen=True, kw_only=True):
    """An alias, what people call the collection that it leads to, and that collection's own name."""

    name: str
    leads_to: str
    collection: str


class Catalogue(Struct, frozen=True, kw_only=True):
    """The collections of an index by name, and the names of those that are none to work with: leftovers."""

    collections: tuple[Listed, ...]
    leftovers: tuple[str, ...]

    @property
    def names(self) -> Sequence[str]:
        """All names that people use."""
        return sorted(name for each in self.collections for name in each.names)

    @property
    def aliases(self) -> Sequence[Alias]:
        """All aliases by name; one beside `plone` that leads to `plone-1` leads to what people call `plone`."""
        return sorted(_aliases(each.info for each in self.collections), key=lambda alias: alias.name)


class Details(Struct, frozen=True, kw_only=True):
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
    to_be_asked_again: int


def catalogue(services: Services) -> Catalogue:
    """Return what is in the index now; a collection that goes meanwhile is left out."""
    listed, leftovers = [], []
    for info in services.admin.collections():
        try:
            state = services.index.state(info.name)
        except NotFound:
            continue
        if is_leftover(services, info.name, state):
            leftovers.append(info.name)
        else:
            listed.append(Listed(info=info, state=state))
    return Catalogue(collections=tuple(listed), leftovers=tuple(leftovers))


def details(services: Services, listed: Listed) -> Details:
    """Return what is in a collection; it looks at every project's holding, but not into another program's documents."""
    state, info = listed.state, listed.info
    newest = _newest(services, info)
    documents = services.index.documents(info.name, newest.name_normalized) if newest else ()
    return Details(
        names=listed.names,
        collection=info.name,
        filter=listed.filled_by,
        projects=info.projects,
        documents=info.documents,
        newest_serial=newest.last_serial if newest else 0,
        newest_project=documents[0].registry.name if documents else "",
        newest_upload=max((each.registry.upload_timestamp for each in documents), default=0),
        cursor=state.cursor,
        cursor_age=int(services.now()) - state.cursor_set if state.cursor is not None and state.cursor_set else None,
        to_be_asked_again=len(state.rechecks),
    )


def _newest(services: Services, info: CollectionInfo) -> Holding | None:
    if not info.is_native:
        return None
    return max(services.index.holdings(info.name), key=lambda holding: holding.last_serial, default=None)


def _aliases(collections: Iterable[CollectionInfo]) -> Iterator[Alias]:
    for info in collections:
        stem = stem_of(info.name)
        for alias in info.aliases:
            called = stem if stem in info.aliases and stem != alias else info.name
            yield Alias(name=alias, leads_to=called, collection=info.name)
