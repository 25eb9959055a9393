"""A release: its metadata as published, its files, and which release of several is the newest.

A project of a registry as its answers describe it, free of the registry's wire format.
"""

import re
from collections.abc import Iterable
from enum import StrEnum
from functools import cached_property

from msgspec import Struct

from .version import to_order_key

# As PEP 503 has it. packaging.utils has the same, and takes as long to import as the rest of the domain.
_SEPARATORS = re.compile(r"[-_.]+")


class File(Struct, frozen=True, kw_only=True):
    """One file of a release; `upload_time` in Unix seconds (UTC), `size` in bytes."""

    filename: str
    url: str
    size: int
    packagetype: str
    upload_time: int
    sha256: str
    yanked: bool


class Vulnerability(Struct, frozen=True, kw_only=True):
    """A published advisory that covers a release (source: OSV, through the registry)."""

    id: str
    aliases: tuple[str, ...] = ()
    fixed_in: tuple[str, ...] = ()


class Metadata(Struct, frozen=True, kw_only=True):
    """A release's core metadata as published; what was null or absent is "" or ().

    `keywords` is the one string that metadata holds; `project_urls` are (label, address) pairs in the
    published order; `yanked` tells of a release without files what its files can't.
    """

    author: str = ""
    author_email: str = ""
    bugtrack_url: str = ""
    classifiers: tuple[str, ...] = ()
    description: str = ""
    description_content_type: str = ""
    docs_url: str = ""
    download_url: str = ""
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
    """One release of a project; `metadata` is None where the reader was told that it is known already.

    `yanked_reason` is what its files or its metadata give as the reason, "" for none.
    """

    version: str
    files: tuple[File, ...] = ()
    yanked_reason: str = ""
    metadata: Metadata | None = None
    vulnerabilities: tuple[Vulnerability, ...] = ()

    @property
    def is_yanked(self) -> bool:
        """Whether the author withdrew the release: the registry marks all of its files, or the release itself."""
        if self.files:
            return all(file.yanked for file in self.files)
        return self.metadata is not None and self.metadata.yanked

    @property
    def upload_timestamp(self) -> int:
        """When the first file was uploaded, in Unix seconds; 0 for a release without files."""
        return min((file.upload_time for file in self.files), default=0)


def select_newest(releases: Iterable[Release]) -> Release:
    """Return the release pip would install: not yanked, stable before pre-release, then the highest."""
    return max(releases, key=lambda release: (not release.is_yanked, *to_order_key(release.version)))


def normalize_name(name: str) -> str:
    """Return the PEP 503 form of a project's name, by which everything is looked up and grouped."""
    return _SEPARATORS.sub("-", name).lower()


class ProjectStatus(StrEnum):
    """What the registry says about a project as a whole (PEP 792)."""

    ACTIVE = "active"
    ARCHIVED = "archived"
    QUARANTINED = "quarantined"
    DEPRECATED = "deprecated"


class Project(Struct, frozen=True, dict=True, kw_only=True):
    """One project with all of its releases, as of one serial of the registry.

    `last_serial` is the registry's number of the project's last change. `maintainers` are the registry's
    user names, sorted.
    """

    name: str
    last_serial: int
    releases: tuple[Release, ...]
    maintainers: tuple[str, ...] = ()

    @property
    def normalized_name(self) -> str:
        return normalize_name(self.name)

    @cached_property
    def newest_release(self) -> Release:
        """The release that pip would install; a project always has one release at least."""
        return select_newest(self.releases)

    def list_unread_releases(self, known_versions: Iterable[str]) -> tuple[Release, ...]:
        """Return the releases whose metadata was not read although `versions` does not hold them."""
        known = frozenset(known_versions)
        return tuple(r for r in self.releases if r.metadata is None and r.version not in known)
