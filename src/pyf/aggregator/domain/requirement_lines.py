"""The requirements of a release as readers see them: by name, with what else a line says."""

from collections.abc import Iterable, Iterator

from msgspec import Struct
from packaging.requirements import InvalidRequirement, Requirement

from .addresses import mask_emails
from .project import normalize_name
from .requirements import parse_requirements

# Lines that are looked at; nobody reads more, and each takes some time.
MAX_REQUIREMENT_LINES = 500


class RequirementLine(Struct, frozen=True, kw_only=True):
    """One requirement: the project's name, the versions that do, the condition, and the extras it is required for.

    No `extras` means at run time, wherever the condition holds.
    """

    name: str
    name_normalized: str
    versions: str
    condition: str
    extras: tuple[str, ...]


def parse_requirement_lines(requires_dist: Iterable[str]) -> tuple[RequirementLine, ...]:
    """Return requirements, those at run time first, each group by name; what is no requirement is left out."""
    lines = _iter_requirement_lines(list(requires_dist)[:MAX_REQUIREMENT_LINES])
    return tuple(sorted(lines, key=lambda line: (line.extras, line.name_normalized)))


def _iter_requirement_lines(requires_dist: Iterable[str]) -> Iterator[RequirementLine]:
    for text in requires_dist:
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            continue
        name = normalize_name(requirement.name)
        yield RequirementLine(
            name=requirement.name,
            name_normalized=name,
            versions=str(requirement.specifier),
            condition=mask_emails(str(requirement.marker or "")),
            # Looking for extras parses the line once more.
            extras=parse_requirements([text]).extras.get(name, ()) if "extra" in text else (),
        )
