"""Tell by serials alone which projects moved since they were read: one request instead of one a project."""

from collections.abc import Collection, Mapping

from msgspec import Struct

from ..domain.collection import Holding
from ..domain.project import ProjectStatus
from ..ports import Serials


class Differences(Struct, frozen=True, kw_only=True):
    """What a comparison found: projects to read, by normalised name and sorted, and the serial each must reach."""

    to_read: tuple[str, ...]
    expected: Mapping[str, int]


def differences(
    candidates: Collection[str],
    held: Mapping[str, Holding],
    judged: Mapping[str, int],
    serials: Serials,
    *,
    composition: int,
) -> Differences:
    """Compare candidates and everything held with the registry's serials.

    `judged` holds the candidates that were found not to belong, and at which serial. What is held and no candidate
    any more is read as well: whether it leaves, only its own document says.
    """
    listed = serials.by_name
    arrivals = (name for name in candidates if name not in held and not _is_judged(name, judged, listed))
    outdated = (
        name
        for name, holding in held.items()
        if name not in candidates or _has_moved(holding, listed) or holding.composed_with != composition
    )
    to_read = tuple(sorted({*arrivals, *outdated}))
    return Differences(to_read=to_read, expected={name: _expected(name, held, serials) for name in to_read})


def _expected(name: str, held: Mapping[str, Holding], serials: Serials) -> int:
    """Of what is held and not listed, a document that is no newer than the list is one that a cache has kept."""
    return serials.by_name.get(name, serials.last_serial + 1 if name in held else 0)


def _is_judged(name: str, judged: Mapping[str, int], listed: Mapping[str, int]) -> bool:
    """A project that the list leaves out has not moved as far as anybody can tell: it is absent or quarantined."""
    return name in judged and judged[name] >= listed.get(name, 0)


def _has_moved(holding: Holding, listed: Mapping[str, int]) -> bool:
    """A quarantined project is not listed; that it is free again shows in its being listed again."""
    if holding.name_normalized not in listed:
        return holding.project_status != ProjectStatus.QUARANTINED
    return listed[holding.name_normalized] > holding.last_serial
