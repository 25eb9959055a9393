"""What the use cases need from outside, each need with its failure contract.

A port takes and gives batches (an iterable in, an iterator out), so that an adapter may ask many at once. Every
port has an adapter in memory, and one contract suite under `tests/contracts` that all of its adapters pass.
Unless stated otherwise a call raises `Unavailable` where the service behind it gives no usable answer.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from msgspec import Struct

from .domain.collection import CollectionInfo, CollectionState, Holding, Tombstone
from .domain.document import Document
from .domain.errors import AggregatorError
from .domain.policy import Policy
from .domain.project import Project, ProjectStatus
from .domain.readme import Readme, Rendered
from .domain.schema import ProjectFields, RegistryFields


class Wanted(Struct, frozen=True, kw_only=True):
    """A project to read, by its normalised name; the metadata of the `known` versions is not needed."""

    name: str
    known: frozenset[str] = frozenset()


class Reading(Struct, frozen=True, kw_only=True):
    """What came of reading one project: the project, or why there is none.

    `failed_versions` are releases that the project lists and whose own document could not be read; they are
    among the project's releases, without metadata.
    """

    name: str
    answer: Project | AggregatorError
    failed_versions: Mapping[str, AggregatorError] = {}


class Standing(Struct, frozen=True, kw_only=True):
    """What the registry's simple index says about one project: its status, or why there is none.

    `NotFound` is the second witness that a removal needs; `is_empty`, that no version is listed, is as good.
    """

    name: str
    answer: ProjectStatus | AggregatorError
    is_empty: bool = False


class Serials(Struct, frozen=True, kw_only=True):
    """The last serial of every project, by normalised name, as of one serial of the registry.

    The list may be up to 30 minutes old, and leaves quarantined projects out.
    """

    last_serial: int
    by_name: Mapping[str, int]


class PackageRegistry(Protocol):
    """The registry that projects are published on (PyPI or a mirror of it)."""

    def browse(self, classifiers: Iterable[str]) -> Iterator[tuple[str, frozenset[str]]]:
        """Yield each classifier with the normalised names of the projects any release of which ever carried it.

        One request a classifier. Raises `Unavailable` when throttled, refused or without a usable answer.
        """

    def serials(self) -> Serials:
        """Return the last serial of every project; one request."""

    def read(self, wanted: Iterable[Wanted]) -> Iterator[Reading]:
        """Read projects, many at once, and yield what came of each as it arrives, in any order.

        One request a project, and one a release that is neither the newest nor known; the newest release
        always has its metadata, unless it is among the failed versions. Failures are answers here, nothing is
        raised for a project: `NotFound` where its document says 404, `Unavailable` otherwise.
        """

    def standings(self, names: Iterable[str]) -> Iterator[Standing]:
        """Ask the simple index about projects by normalised name; one request each, failures are answers."""


class JournalEntry(Struct, frozen=True, kw_only=True):
    """One change that the registry recorded; `version` is "" for a change of the project itself."""

    name: str
    version: str
    timestamp: int
    action: str
    serial: int


class ChangeJournal(Protocol):
    """The registry's record of all changes, numbered by serial."""

    def last_serial(self) -> int:
        """Return the serial of the newest change; one request."""

    def since(self, serial: int) -> Sequence[JournalEntry]:
        """Return the oldest changes above `serial`, ascending, at most `page_size` of them; one request."""

    @property
    def page_size(self) -> int:
        """How many changes one answer holds at most; fewer mean that there are no more."""


class FeedEntry(Struct, frozen=True, kw_only=True):
    """A project or a release that a feed announced, by normalised name; `published` in Unix seconds."""

    name: str
    version: str
    published: int


class ReleaseFeed(Protocol):
    """The registry's feeds of news: fast, and not complete."""

    def newest_projects(self) -> Sequence[FeedEntry]:
        """Return the newest projects, newest first, with "" for a version; one request."""

    def newest_releases(self) -> Sequence[FeedEntry]:
        """Return the newest releases, newest first; one request."""


class Renderer(Protocol):
    """Makes safe HTML of READMEs, and remembers by content what it made."""

    def render(self, readmes: Sequence[Readme]) -> "Rendering":
        """Start rendering and return at once; what was rendered before is not rendered again."""


class Rendering(Protocol):
    """READMEs on their way."""

    def result(self) -> Sequence[Rendered]:
        """Wait for and return the rendered READMEs in the order they were given; never fails for a README."""


class ProjectDocuments(Struct, frozen=True, kw_only=True):
    """All documents of one project, by normalised name; together they are what the index shall hold of it."""

    name_normalized: str
    documents: tuple[RegistryFields, ...]


class Rejection(Struct, frozen=True, kw_only=True):
    """A document that the engine refused, and why."""

    id: str
    reason: str


class PackageIndex(Protocol):
    """Where documents are kept. `collection` is a collection's name or an alias, resolved at each call.

    A call on a collection that does not exist raises `NotFound`. What a call has returned from is on disk; a call
    that was interrupted has changed whole projects or nothing of them.
    """

    def put(self, collection: str, projects: Sequence[ProjectDocuments]) -> Sequence[Rejection]:
        """Make the documents of each project exactly the given ones; other owners' fields stay as they are.

        A rejected document does not keep the others out. A tombstone of the project is lifted.
        """

    def remove(self, collection: str, tombstones: Sequence[Tombstone]) -> int:
        """Remove projects with all that belongs to them, leaving the tombstones; return how many were there.

        Tombstones carry the normalised name. A project that is not there gets one, too, unless it has one already.
        """

    def update(self, collection: str, fields: Mapping[str, ProjectFields]) -> int:
        """Replace one owner's fields of projects, by normalised name, in all of their documents.

        A project that the collection does not hold is left out. Returns how many were updated.
        """

    def documents(self, collection: str, name: str) -> Sequence[Document]:
        """Return the documents of one project, newest first (by `is_newest`, then `version_sortable`).

        Any spelling of the name finds it; a project that is not there gives an empty sequence.
        """

    def held(self, collection: str, names: Iterable[str]) -> Mapping[str, Sequence[RegistryFields]]:
        """Return the registry's documents of the named projects (normalised), of those that are there."""

    def holdings(self, collection: str) -> Iterator[Holding]:
        """Yield what the collection holds of each project, ordered by normalised name.

        Writes made meanwhile, by this process or another, may or may not be seen.
        """

    def export(self, collection: str) -> Iterator[Document]:
        """Yield every document, ordered by normalised name and `version_sortable`, in constant memory."""

    def tombstone(self, collection: str, name: str) -> Tombstone | None:
        """Return the tombstone of a removed project, None if there is none."""

    def state(self, collection: str) -> CollectionState:
        """Return what the collection remembers about itself."""

    def remember(self, collection: str, state: CollectionState) -> None:
        """Replace what the collection remembers about itself."""


class IndexAdmin(Protocol):
    """Collections and aliases of an index. Names are unique over both."""

    def create(self, collection: str, state: CollectionState, *, alias: str = "") -> None:
        """Create an empty collection, and with `alias` point that alias to it in the same step.

        Raises `Invalid` where a collection or alias of that name exists, or where `alias` is a collection.
        """

    def drop(self, collection: str) -> None:
        """Delete a collection with its state. Raises `Invalid` for an alias, `NotFound` for neither."""

    def point(self, alias: str, collection: str) -> None:
        """Create an alias or re-point it, atomically. Raises `NotFound` for a collection that is not there."""

    def carry_over(self, source: str, target: str) -> None:
        """Copy what the registry does not give from one collection to another, which may be repeated.

        That is the other owners' fields of projects that `target` holds, where `source` has the later written
        ones, and the tombstones of projects that it does not hold.
        """

    def collections(self) -> Sequence[CollectionInfo]:
        """Return all collections by name."""

    def resolve(self, name: str) -> str | None:
        """Return the collection that a collection's name or an alias leads to, None if there is none."""

    def location(self) -> str:
        """Return where the index is, for people: a file or an address, without secrets."""

    def exclusive(self, collection: str) -> AbstractContextManager[None]:
        """Hold the one right to rewrite a collection as a whole; raises `Unavailable` while another holds it.

        The right ends with the process that holds it, however that ends.
        """


class VerdictStore(Protocol):
    """Remembers which projects did not belong to a filter, and at which serial that was judged."""

    def recall(self, filter_key: str, names: Collection[str]) -> Mapping[str, int]:
        """Return the serials of those of `names` (normalised) that were judged not to belong."""

    def judge(self, filter_key: str, verdicts: Mapping[str, int]) -> None:
        """Remember that projects did not belong, by normalised name, at these serials."""

    def forget(self, filter_key: str, names: Collection[str]) -> None:
        """Forget projects, because they belong now."""


class RenderCache(Protocol):
    """Remembers rendered READMEs by a fingerprint of their content."""

    def recall(self, fingerprints: Collection[str]) -> Mapping[str, Rendered]:
        """Return what is remembered of these."""

    def keep(self, rendered: Mapping[str, Rendered]) -> None:
        """Remember these; what has not been used for long may be forgotten."""


class RequestMeter(Protocol):
    """Counts what was asked of the services."""

    def count(self) -> int:
        """Return how many requests were sent since the program started, repeated attempts included."""


class Services(Struct, frozen=True, kw_only=True):
    """The ports that the use cases work with, as bootstrap has chosen them, and how they are to go about it.

    `now` returns the time in Unix seconds.
    """

    registry: PackageRegistry
    journal: ChangeJournal
    index: PackageIndex
    admin: IndexAdmin
    renderer: Renderer
    verdicts: VerdictStore
    requests: RequestMeter
    now: Callable[[], float]
    policy: Policy = Policy()
