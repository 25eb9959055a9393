"""A project of the registry with its releases, files and metadata, independent of the wire format."""

import re
from collections.abc import Iterable
from enum import StrEnum
from functools import cached_property

from msgspec import Struct

from .version import to_order_key

# As PEP 503 has it. packaging.utils has the same, and takes as long to import as the rest of the domain.
_SEPARATORS = re.compile(r"[-_.]+")


class File(Struct, frozen=True, kw_only=True, gc=False):
    """One file of a release; `upload_time` in Unix seconds (UTC), `size` in bytes."""

    filename: str
    url: str
    size: int
    packagetype: str
    upload_time: int
    sha256: str
    yanked: bool


class Vulnerability(Struct, frozen=True, kw_only=True):
    """A published advisory that affects a release (source: OSV, through the registry)."""

    id: str
    aliases: tuple[str, ...] = ()
    fixed_in: tuple[str, ...] = ()


class Metadata(Struct, frozen=True, kw_only=True):
    """A release's core metadata as published; a missing value is "" or ().

    Attributes:
        keywords: One string, as published.
        project_urls: Pairs of label and URL, in the published order.
        yanked: Needed for a release without files, whose files can't be marked.
    """

    author: str = ""
    author_email: str = ""
    bugtrack_url: str = ""
    classifiers: tuple[str, ...] = ()
    description: str = ""
    description_content_type: str = ""
    docs_url: str = ""
    home_page: str = ""
    keywords: str = ""
    license: str = ""
    license_expression: str = ""
    maintainer: str = ""
    maintainer_email: str = ""
    package_url: str = ""
    platform: str = ""
    project_url: str = ""
    project_urls: tuple[tuple[str, str], ...] = ()
    release_url: str = ""
    requires_dist: tuple[str, ...] = ()
    requires_python: str = ""
    summary: str = ""
    yanked: bool = False


class Release(Struct, frozen=True, kw_only=True):
    """One release of a project.

    Attributes:
        yanked_reason: The reason in its files or its metadata, "" for none.
        metadata: None if it was not read, because the version is known.
    """

    version: str
    files: tuple[File, ...] = ()
    yanked_reason: str = ""
    metadata: Metadata | None = None
    vulnerabilities: tuple[Vulnerability, ...] = ()

    @property
    def is_yanked(self) -> bool:
        """Whether the release is yanked: the registry marks all of its files, or a release without files itself."""
        if self.files:
            return all(file.yanked for file in self.files)
        return self.metadata is not None and self.metadata.yanked

    @property
    def upload_timestamp(self) -> int:
        """The upload time of the first file, in Unix seconds; 0 for a release without files."""
        return min((file.upload_time for file in self.files), default=0)


def select_newest(releases: Iterable[Release], preferred: str = "") -> Release:
    """Return the release that pip would install: with files, not yanked, stable before pre-release, then the highest.

    Args:
        preferred: Wins among spellings of one version, such as `1.0` and `1.0.0`; then the later upload wins.
    """
    return max(
        releases,
        key=lambda release: (
            bool(release.files),
            not release.is_yanked,
            *to_order_key(release.version),
            release.version == preferred,
            release.upload_timestamp,
            release.version,
        ),
    )


def normalize_name(name: str) -> str:
    """Return the PEP 503 form of a project's name, the key of all lookups."""
    return _SEPARATORS.sub("-", name).lower()


class ProjectStatus(StrEnum):
    """The status of a project in the registry (PEP 792)."""

    ACTIVE = "active"
    ARCHIVED = "archived"
    QUARANTINED = "quarantined"
    DEPRECATED = "deprecated"


class Project(Struct, frozen=True, dict=True, kw_only=True):
    """One project with all of its releases, as of one serial.

    Attributes:
        last_serial: The serial of the project's last change.
        maintainers: User names in the registry, sorted.
        latest_version: The version that the registry calls the latest, "" if it is unknown.
    """

    name: str
    last_serial: int
    releases: tuple[Release, ...]
    maintainers: tuple[str, ...] = ()
    latest_version: str = ""

    @property
    def normalized_name(self) -> str:
        return normalize_name(self.name)

    @cached_property
    def newest_release(self) -> Release:
        """The release that pip would install; a project has at least one release."""
        return select_newest(self.releases, self.latest_version)

    def list_unread_releases(self, known_versions: Iterable[str]) -> tuple[Release, ...]:
        """Return the releases without metadata that are not among the known versions."""
        known = frozenset(known_versions)
        return tuple(r for r in self.releases if r.metadata is None and r.version not in known)
