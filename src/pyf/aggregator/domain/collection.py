"""The stored state of a collection, the lines of an exported one, and the policy that settings choose."""

import re
from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct, field

from .documents.builder import DOCUMENT_VERSION
from .documents.document import Document
from .errors import Invalid
from .membership.profile import Filter


class Descriptions(StrEnum):
    """The releases whose rendered README is stored."""

    NEWEST = "newest"
    ALL = "all"


class Discovery(StrEnum):
    """How candidates of a filter are found: by their classifiers, or by reading every project."""

    CLASSIFIERS = "classifiers"
    ALL = "all"


class Policy(Struct, frozen=True, kw_only=True):
    """The options of runs.

    Attributes:
        batch_size: Number of documents in one write.
        status_max_age: Age in seconds at which a refresh reads a project's status and advisories again, even if the
            changelog has no change.
        repository_max_age: Age in seconds at which a repository is requested again.
        own_hosts: Further hosts of repositories by name, and whether their paths nest as GitLab's do.
    """

    batch_size: int = 500
    descriptions: Descriptions = Descriptions.NEWEST
    discovery: Discovery = Discovery.CLASSIFIERS
    status_max_age: int = 7 * 86_400
    repository_max_age: int = 86_400
    own_hosts: Mapping[str, bool] = {}
    builder_version: int = DOCUMENT_VERSION

    @property
    def document_version(self) -> int:
        """The version that documents store; it differs by `descriptions`, so that a change rebuilds documents."""
        return 2 * self.builder_version + (self.descriptions is Descriptions.ALL)


class StaleRetry(Struct, frozen=True, kw_only=True):
    """A project whose document was older than the changelog, to be read again.

    Attributes:
        min_serial: The serial that the document must reach.
        not_before: Unix time of the next attempt.
    """

    min_serial: int
    attempts: int
    not_before: int


class CollectionState(Struct, frozen=True, kw_only=True):
    """A collection's filter and its position in the changelog.

    Attributes:
        cursor: The serial up to which every change is in the index; None if unknown.
        classifier_counts: How many projects each classifier had at the last discovery.
        seen_classifiers: The matching classifiers that documents have.
        stale_retries: Projects to read again, by normalized name.
        rebuild_of: The alias that a rebuild moves to or from this collection. If the alias points elsewhere, the
            collection is a leftover of that rebuild.
        is_verified: Whether such a leftover is complete. It takes over the alias if the alias points nowhere.
        cursor_confirmed_at: When a run last confirmed the cursor, in Unix seconds; 0 if unknown.
        classifiers_fetched_at: When the last discovery by classifiers ran, in Unix seconds.
        history_month: The last month of which the history of every package has a record, such as `2026-01`.
    """

    filter: Filter
    cursor: int | None = None
    classifier_counts: dict[str, int] = field(default_factory=dict)
    seen_classifiers: tuple[str, ...] = ()
    stale_retries: dict[str, StaleRetry] = field(default_factory=dict)
    rebuild_of: str = ""
    is_verified: bool = False
    cursor_confirmed_at: int = 0
    classifiers_fetched_at: int = 0
    history_month: str = ""


class ProjectState(Struct, frozen=True, kw_only=True):
    """A summary of a project's stored documents.

    `last_serial`, `document_version` and `status_checked` (Unix seconds) are the lowest of all documents.
    """

    name_normalized: str
    last_serial: int
    document_version: int
    status_checked: int
    project_status: str
    release_count: int


class Tombstone(Struct, frozen=True, kw_only=True):
    """A record of a removed project: when (Unix seconds) and why it was removed."""

    name: str
    removed_at: int
    reason: str


class CollectionInfo(Struct, frozen=True, kw_only=True):
    """A collection of an index, with its aliases.

    Attributes:
        is_native: Whether this program created it. Collections of other programs are listed and counted, but neither
            searched nor written.
    """

    name: str
    aliases: tuple[str, ...]
    projects: int
    documents: int
    created_at: int
    is_native: bool = True


class ExportHeader(Struct, frozen=True, kw_only=True):
    """The first line of an export: the state of the collection."""

    state: CollectionState


class ExportTrailer(Struct, frozen=True, kw_only=True):
    """The last line of an export: the number of lines of each kind, to detect a truncated file."""

    documents: int
    tombstones: int


ExportEntry = ExportHeader | Document | Tombstone | ExportTrailer


class ExportLine(Struct, frozen=True, kw_only=True):
    """A line of an export, numbered from 1: its entry, or why it can't be read."""

    number: int
    entry: ExportEntry | Invalid


# Safe in file names, URLs and shells.
_COLLECTION_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def validate_collection_name(name: str) -> str:
    """Return the name if a collection or alias may have it, else raise `Invalid`."""
    if not is_collection_name(name):
        raise Invalid(
            f"{name!r} is not a valid name of a collection or alias: it needs a letter or digit, then letters, digits, "
            "dots, dashes and underscores, at most 100 characters"
        )
    return name


def is_collection_name(name: str) -> bool:
    """Return whether a collection or alias may have this name."""
    return _COLLECTION_NAME.fullmatch(name) is not None
