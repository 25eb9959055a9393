"""A project of a registry as its answers describe it, free of the registry's wire format."""

from collections.abc import Iterable
from enum import StrEnum
from functools import cached_property

from msgspec import Struct
from packaging.utils import canonicalize_name

from .release import Release, select_newest


def normalize_name(name: str) -> str:
    """Return the PEP 503 form of a project's name, by which everything is looked up and grouped."""
    return canonicalize_name(name)


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
