"""Supported versions in few words: grouped by what they are versions of, the newest first."""

import re
from collections.abc import Iterable, Sequence

from msgspec import Struct

_VERSION_PATTERN = re.compile(r"(.+?) ([0-9][0-9A-Za-z.]*)")


class Support(Struct, frozen=True, kw_only=True):
    """What a release supports of one thing: "Plone" with "6.1", "6.0"; `versions` are empty where none is named."""

    product: str
    versions: tuple[str, ...]

    def newest(self, count: int) -> tuple[str, ...]:
        """Return the newest versions, and so many at most."""
        return self.versions[:count]

    @property
    def full_text(self) -> str:
        """All of it, as one text."""
        return f"{self.product} {', '.join(self.versions)}".strip()


def group_versions(values: Iterable[str]) -> tuple[Support, ...]:
    """Return supported versions ("Plone 6.0") grouped by what they are of; "Python 3" is left out beside "3.12"."""
    groups: dict[str, set[str]] = {}
    for value in values:
        match = _VERSION_PATTERN.fullmatch(value)
        product, version = (match[1], match[2]) if match else (value, "")
        groups.setdefault(product, set()).update({version} - {""})
    return tuple(Support(product=product, versions=_sort_newest_first(versions)) for product, versions in groups.items())


def sort_versions(values: Iterable[str]) -> list[str]:
    """Return versions ("Plone 6.0", "Plone 5.2") by what they are of, the newest first."""
    return [f"{support.product} {version}".strip() for support in group_versions(values) for version in support.versions or ("",)]


def version_key(version: str) -> tuple[int, ...]:
    """Return what versions are ordered by: their numbers."""
    return tuple(int(number) for number in re.findall(r"[0-9]{1,9}", version))


def _sort_newest_first(versions: Iterable[str]) -> tuple[str, ...]:
    ordered = sorted(versions, key=lambda version: (version_key(version), version), reverse=True)
    return tuple(version for version in ordered if not _has_minor_releases(version, ordered))


def _has_minor_releases(version: str, versions: Sequence[str]) -> bool:
    """Tell whether a lone first number stands beside its own minor releases."""
    return "." not in version and any(candidate.startswith(f"{version}.") for candidate in versions)
