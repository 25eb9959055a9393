"""The requirements of a release: at run time, or only with one of its extras."""

import re
from collections.abc import Callable, Iterable, Iterator

from msgspec import Struct, field
from packaging.markers import InvalidMarker, Marker
from packaging.requirements import InvalidRequirement, Requirement

from ..documents.project import normalize_name
from ..email_masking import mask_emails

_NAME = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")
# The name, and the characters that may follow it in a requirement.
_REQUIREMENT_START = re.compile(rf"{_NAME.pattern}\s*(?:$|[\[;@(<>=!~])")
# A comparison in a marker, in the form that `packaging` writes.
_COMPARISON = re.compile(r'("[^"]*"|\w+) (not in|in|[<>=!~]=?=?) ("[^"]*"|\w+)')
_EXTRAS = re.compile(r'(?:\bextra == "([^"]*)"|"([^"]*)" == extra\b)')

# Comparisons are replaced by these; `os_name` is evaluated as "posix".
_TRUE_MARKER, _FALSE_MARKER = 'os_name == "posix"', 'os_name != "posix"'


class Requirements(Struct, frozen=True, kw_only=True):
    """Requirements by normalized name: `run_time` with the published line, `extras` with the extras."""

    run_time: dict[str, str] = field(default_factory=dict)
    extras: dict[str, tuple[str, ...]] = field(default_factory=dict)


def parse_requirements(requires_dist: Iterable[str], is_relevant: Callable[[str], object] = bool) -> Requirements:
    """Parse published requirement lines about relevant projects (by normalized name); invalid lines are skipped.

    A line with a marker for a system or a Python version counts as run time.
    """
    run_time: dict[str, str] = {}
    extras: dict[str, list[str]] = {}
    for line in requires_dist:
        # Parsing a line takes 30 microseconds, and few lines are relevant.
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
    """Return whether a marker can be true without an extra, on any system and any Python."""
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
    """Return the normalized names of all requirements, those of extras included; invalid lines are skipped."""
    matches = (_REQUIREMENT_START.match(line) for line in requires_dist)
    return frozenset(normalize_name(match[1]) for match in matches if match)


# Bounds the time: further lines are ignored.
MAX_REQUIREMENT_LINES = 500


class RequirementLine(Struct, frozen=True, kw_only=True):
    """A requirement; `condition` is its marker, `extras` are those that need it, empty for a run-time requirement."""

    name: str
    name_normalized: str
    versions: str
    condition: str
    extras: tuple[str, ...]


def parse_requirement_lines(requires_dist: Iterable[str]) -> tuple[RequirementLine, ...]:
    """Return the requirements, those at run time first, then by extras and name; invalid lines are skipped."""
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
            # Finding extras parses the line again.
            extras=parse_requirements([text]).extras.get(name, ()) if "extra" in text else (),
        )
