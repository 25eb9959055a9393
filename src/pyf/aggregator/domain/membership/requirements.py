"""What a release requires: at run time, or only where somebody asks for one of its extras.

The requirements of a release as readers see them: by name, with what else a line says.
"""

import re
from collections.abc import Callable, Iterable, Iterator

from msgspec import Struct, field
from packaging.markers import InvalidMarker, Marker
from packaging.requirements import InvalidRequirement, Requirement

from ..documents.project import normalize_name
from ..email_masking import mask_emails

_NAME = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")
# The same, and what may follow in a requirement.
_REQUIREMENT_START = re.compile(rf"{_NAME.pattern}\s*(?:$|[\[;@(<>=!~])")
# A comparison, as `packaging` writes markers out.
_COMPARISON = re.compile(r'("[^"]*"|\w+) (not in|in|[<>=!~]=?=?) ("[^"]*"|\w+)')
_EXTRAS = re.compile(r'(?:\bextra == "([^"]*)"|"([^"]*)" == extra\b)')

# What the two kinds of comparison are replaced by; `os_name` is given as "posix".
_TRUE_MARKER, _FALSE_MARKER = 'os_name == "posix"', 'os_name != "posix"'


class Requirements(Struct, frozen=True, kw_only=True):
    """Requirements by normalised name: `run_time` with the line that says so, `extras` with the extras that ask."""

    run_time: dict[str, str] = field(default_factory=dict)
    extras: dict[str, tuple[str, ...]] = field(default_factory=dict)


def parse_requirements(requires_dist: Iterable[str], is_relevant: Callable[[str], object] = bool) -> Requirements:
    """Return what published requirement lines say of the projects that `is_wanted` (by normalised name).

    A line that is no requirement is skipped: authors have published all sorts. One with a marker for a system or a
    Python version counts as run time, for there somebody runs it.
    """
    run_time: dict[str, str] = {}
    extras: dict[str, list[str]] = {}
    for line in requires_dist:
        # Parsing a line takes 30 microseconds, and hardly one names what is looked for.
        name_match = _NAME.match(line)
        if name_match is None or not is_relevant(normalize_name(name_match[1])):
            continue
        try:
            requirement = Requirement(line)
            name = normalize_name(requirement.name)
            if requirement.marker is None or _applies_without_extra(requirement.marker):
                run_time.setdefault(name, " ".join(line.split()))
            else:
                extras.setdefault(name, []).extend(
                    left or right for left, right in _EXTRAS.findall(str(requirement.marker))
                )
        except (InvalidRequirement, InvalidMarker):
            continue
    return Requirements(run_time=run_time, extras={name: tuple(dict.fromkeys(names)) for name, names in extras.items()})


def _applies_without_extra(marker: Marker) -> bool:
    """Tell whether a marker holds anywhere if no extra is asked for: on some system, for some Python."""
    text = str(marker)
    if "extra" not in text:
        return True
    return Marker(_COMPARISON.sub(_replace_comparison, text)).evaluate({"extra": "", "os_name": "posix"})


def _replace_comparison(comparison: re.Match[str]) -> str:
    left, operator, right = comparison.groups()
    if {left, right} & {"extra", "extras"}:
        return _TRUE_MARKER if operator in ("!=", "not in") else _FALSE_MARKER
    return _TRUE_MARKER


def parse_required_names(requires_dist: Iterable[str]) -> frozenset[str]:
    """Return the normalised names of all that is required, for extras as well; what is no requirement is left out."""
    matches = (_REQUIREMENT_START.match(line) for line in requires_dist)
    return frozenset(normalize_name(match[1]) for match in matches if match)


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
