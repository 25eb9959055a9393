"""Where packages are published: projects, the record of their changes, and the feeds of news.

Who may require a framework: what a registry can't be asked, told by somebody who has looked at all of it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from msgspec import Struct

from ..domain.documents.project import Project, ProjectStatus
from ..domain.errors import AggregatorError


class ProjectRequest(Struct, frozen=True, kw_only=True):
    """A project to read, by its normalised name; the metadata of the `known` versions is not needed."""

    name: str
    known_versions: frozenset[str] = frozenset()


class ProjectResult(Struct, frozen=True, kw_only=True):
    """What came of reading one project: the project, or why there is none.

    `failed_versions` are releases that the project lists and whose own document could not be read; they are
    among the project's releases, without metadata.
    """

    name: str
    outcome: Project | AggregatorError
    failed_versions: Mapping[str, AggregatorError] = {}


class SimplePageStatus(Struct, frozen=True, kw_only=True):
    """What the registry's simple index says about one project: its status, or why there is none.

    `NotFound` is the second witness that a removal needs; `is_empty`, that no version is listed, is as good.
    """

    name: str
    outcome: ProjectStatus | AggregatorError
    is_empty: bool = False


class Serials(Struct, frozen=True, kw_only=True):
    """The last serial of every project, by normalised name, as of one serial of the registry.

    The list may be up to 30 minutes old, and leaves quarantined projects out.
    """

    last_serial: int
    by_name: Mapping[str, int]


def always(_project: Project) -> bool:
    """Find every project worth reading as a whole."""
    return True


class PackageRegistry(Protocol):
    """The registry that projects are published on (PyPI or a mirror of it)."""

    def browse_classifiers(self, classifiers: Iterable[str]) -> Iterator[tuple[str, frozenset[str]]]:
        """Yield each classifier with the normalised names of the projects any release of which ever carried it.

        One request a classifier. Raises `Unavailable` when throttled, refused or without a usable answer.
        """

    def fetch_serials(self) -> Serials:
        """Return the last serial of every project; one request."""

    def read_projects(
        self, requests: Iterable[ProjectRequest], *, needs_releases: Callable[[Project], bool] = always
    ) -> Iterator[ProjectResult]:
        """Read projects, many at once, and yield what came of each as it arrives, in any order.

        One request a project, and one a release that is neither the newest nor known; the newest release
        always has its metadata, unless it is among the failed versions. Of a project that is not worth it, judged by
        its newest release, nothing more is read; `is_worth_it` may be called in another thread. Failures are answers
        here, nothing is raised for a project: `NotFound` where its document says 404, `Unavailable` otherwise.
        """

    def check_simple_pages(self, names: Iterable[str]) -> Iterator[SimplePageStatus]:
        """Ask the simple index about projects by normalised name; one request each, failures are answers."""


class ChangelogEntry(Struct, frozen=True, kw_only=True):
    """One change that the registry recorded; `version` is "" for a change of the project itself."""

    name: str
    version: str
    timestamp: int
    action: str
    serial: int


class Changelog(Protocol):
    """The registry's record of all changes, numbered by serial."""

    def fetch_last_serial(self) -> int:
        """Return the serial of the newest change; one request."""

    def fetch_since(self, serial: int) -> Sequence[ChangelogEntry]:
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

    def fetch_newest_projects(self) -> Sequence[FeedEntry]:
        """Return the newest projects, newest first, with "" for a version; one request."""

    def fetch_newest_releases(self) -> Sequence[FeedEntry]:
        """Return the newest releases, newest first; one request."""


class CandidateSource(Protocol):
    """A bulk source of projects that may belong; whether one does, its own document says."""

    def find_candidates(self, frameworks: Sequence[str]) -> Iterator[str]:
        """Yield the normalised names of projects that may require one of `frameworks` (normalised), each once.

        Too many is no harm but requests, and the source may be behind the registry. Raises `Invalid` for a source
        that can't be read as one, `Unavailable` for one that does not answer; what was yielded before counts for
        nothing then.
        """
