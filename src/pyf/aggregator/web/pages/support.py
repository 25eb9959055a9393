"""Supported versions in few words: grouped by what they are versions of, the newest first."""

import re
from collections.abc import Iterable, Sequence

from msgspec import Struct

_VERSION = re.compile(r"(.+?) ([0-9][0-9A-Za-z.]*)")


class Support(Struct, frozen=True, kw_only=True):
    """What a release supports of one thing: "Plone" with "6.1", "6.0"; `versions` are empty where none is named."""

    thing: str
    versions: tuple[str, ...]

    def first(self, number: int) -> tuple[str, ...]:
        """Return the newest versions, and so many at most."""
        return self.versions[:number]

    @property
    def whole(self) -> str:
        """All of it, as one text."""
        return f"{self.thing} {', '.join(self.versions)}".strip()


def supports(values: Iterable[str]) -> tuple[Support, ...]:
    """Return supported versions ("Plone 6.0") grouped by what they are of; "Python 3" is left out beside "3.12"."""
    groups: dict[str, set[str]] = {}
    for value in values:
        match = _VERSION.fullmatch(value)
        thing, version = (match[1], match[2]) if match else (value, "")
        groups.setdefault(thing, set()).update({version} - {""})
    return tuple(Support(thing=thing, versions=_newest_first(versions)) for thing, versions in groups.items())


def in_order(values: Iterable[str]) -> list[str]:
    """Return versions ("Plone 6.0", "Plone 5.2") by what they are of, the newest first."""
    return [f"{each.thing} {version}".strip() for each in supports(values) for version in each.versions or ("",)]


def key(version: str) -> tuple[int, ...]:
    """Return what versions are ordered by: their numbers."""
    return tuple(int(number) for number in re.findall(r"[0-9]{1,9}", version))


def _newest_first(versions: Iterable[str]) -> tuple[str, ...]:
    known = sorted(versions, key=lambda version: (key(version), version), reverse=True)
    return tuple(version for version in known if not _is_summed_up(version, known))


def _is_summed_up(version: str, others: Sequence[str]) -> bool:
    """Tell whether a lone first number stands beside its own minor releases."""
    return "." not in version and any(other.startswith(f"{version}.") for other in others)
