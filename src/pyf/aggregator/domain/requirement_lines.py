"""The requirements of a release as readers see them: by name, with what else a line says."""

from collections.abc import Iterable, Iterator

from msgspec import Struct
from packaging.requirements import InvalidRequirement, Requirement

from .addresses import without_addresses
from .project import normalized
from .requirements import needs

# Lines that are looked at; nobody reads more, and each takes some time.
MOST_LINES = 500


class RequirementLine(Struct, frozen=True, kw_only=True):
    """One requirement: the project's name, the versions that do, the condition, and the extras it is required for.

    No `extras` means at run time, wherever the condition holds.
    """

    name: str
    name_normalized: str
    versions: str
    condition: str
    extras: tuple[str, ...]


def requirement_lines(requires_dist: Iterable[str]) -> tuple[RequirementLine, ...]:
    """Return requirements, those at run time first, each group by name; what is no requirement is left out."""
    lines = _lines(list(requires_dist)[:MOST_LINES])
    return tuple(sorted(lines, key=lambda line: (line.extras, line.name_normalized)))


def _lines(published: Iterable[str]) -> Iterator[RequirementLine]:
    for text in published:
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            continue
        name = normalized(requirement.name)
        yield RequirementLine(
            name=requirement.name,
            name_normalized=name,
            versions=str(requirement.specifier),
            condition=without_addresses(str(requirement.marker or "")),
            # Looking for extras parses the line once more.
            extras=needs([text]).extras.get(name, ()) if "extra" in text else (),
        )
