"""Ports of the registry: projects, the changelog, the feeds, and a bulk source of candidates."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from msgspec import Struct

from ..domain.documents.project import Project, ProjectStatus
from ..domain.errors import AggregatorError


class ProjectRequest(Struct, frozen=True, kw_only=True):
    """A project to read, by normalized name; the metadata of `known_versions` is not needed."""

    name: str
    known_versions: frozenset[str] = frozenset()


class ProjectResult(Struct, frozen=True, kw_only=True):
    """The result of reading one project.

    Attributes:
        outcome: The project, or the failure.
        failed_versions: Releases whose own document could not be read; the project has them without metadata.
    """

    name: str
    outcome: Project | AggregatorError
    failed_versions: Mapping[str, AggregatorError] = {}


class SimplePageStatus(Struct, frozen=True, kw_only=True):
    """The status of one project in the Simple API, or the failure.

    `NotFound` is the second confirmation that a removal needs, and so is `is_empty` (no version is listed).
    """

    name: str
    outcome: ProjectStatus | AggregatorError
    is_empty: bool = False


class Serials(Struct, frozen=True, kw_only=True):
    """The last serial of every project, by normalized name, as of one serial of the registry.

    The list may be up to 30 minutes old, and does not contain quarantined projects.
    """

    last_serial: int
    by_name: Mapping[str, int]


def always(_project: Project) -> bool:
    """Accept every project: its releases are needed."""
    return True


class PackageRegistry(Protocol):
    """The registry that projects are published on (PyPI or a mirror of it)."""

    def browse_classifiers(self, classifiers: Iterable[str]) -> Iterator[tuple[str, frozenset[str]]]:
        """Yield each classifier with the normalized names of the projects of which any release ever had it.

        One request per classifier. Raises `Unavailable` if throttled, rejected or without a usable response.
        """

    def fetch_serials(self) -> Serials:
        """Return the last serial of every project; one request."""

    def read_projects(
        self, requests: Iterable[ProjectRequest], *, needs_releases: Callable[[Project], bool] = always
    ) -> Iterator[ProjectResult]:
        """Read projects concurrently, and yield the results as they arrive, in any order.

        One request per project, and one per release that is neither the newest nor known; the newest release always has
        its metadata, unless it is among the failed versions. Failures are results: `NotFound` for status 404, else
        `Unavailable`.

        Args:
            needs_releases: Decides by the newest release whether further releases are read; may be called in another
                thread.
        """

    def check_simple_pages(self, names: Iterable[str]) -> Iterator[SimplePageStatus]:
        """Request projects by normalized name from the Simple API; one request each, failures are results."""


class ChangelogEntry(Struct, frozen=True, kw_only=True):
    """One change in the changelog; `version` is "" for a change of the project itself."""

    name: str
    version: str
    timestamp: int
    action: str
    serial: int


class Changelog(Protocol):
    """The registry's changelog, ordered by serial."""

    def fetch_last_serial(self) -> int:
        """Return the serial of the newest change; one request."""

    def fetch_since(self, serial: int) -> Sequence[ChangelogEntry]:
        """Return the oldest changes above `serial`, ascending, at most `page_size` of them; one request."""

    @property
    def page_size(self) -> int:
        """The maximum number of changes in one response; fewer mean that there are no more."""


class FeedEntry(Struct, frozen=True, kw_only=True):
    """A project or a release in a feed, by normalized name; `published` is in Unix seconds."""

    name: str
    version: str
    published: int


class ReleaseFeed(Protocol):
    """The registry's RSS feeds: fast, but incomplete."""

    def fetch_newest_projects(self) -> Sequence[FeedEntry]:
        """Return the newest projects, newest first, with "" for a version; one request."""

    def fetch_newest_releases(self) -> Sequence[FeedEntry]:
        """Return the newest releases, newest first; one request."""


class CandidateSource(Protocol):
    """A bulk source of candidates, which are then evaluated by their own documents."""

    def find_candidates(self, frameworks: Sequence[str]) -> Iterator[str]:
        """Yield the normalized names of projects that may require one of `frameworks` (normalized), each once.

        The source may yield too many names, which costs requests only, and may be behind the registry. After a failure
        the names that were already yielded are discarded.

        Raises:
            Invalid: The source has the wrong format.
            Unavailable: The source does not respond.
        """
