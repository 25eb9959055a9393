"""The requirements of a release: at run time, or only with one of its extras.

A line that plainly names a project counts by its name, whatever follows: authors of the last twenty years used
spellings that tools of today reject, such as `Flask>=0.10.*` and `Flask (>=0.9,<2.0.*)`.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache

from msgspec import Struct, field
from packaging.markers import InvalidMarker, Marker
from packaging.requirements import InvalidRequirement, Requirement

from ..documents.project import normalize_name
from ..email_masking import mask_emails
from ..text import to_single_line

_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"
# The name, extras, and what may follow a name: a comparison, a URL, a marker, a bare version, or a comma at the end.
_LINE = re.compile(
    rf"\s*[\"'`]?(?P<name>{_NAME})[\"'`]?\s*(?:\[[^\]]*\]\s*)?(?=$|[;@(<>=!~^#]|,\s*$|v?[0-9])(?P<rest>[^\n]*)"
)
# A comparison in a marker, in the form that `packaging` writes.
_COMPARISON = re.compile(r'("[^"]*"|\w+) (not in|in|[<>=!~]=?=?) ("[^"]*"|\w+)')
_EXTRAS = re.compile(r'(?:\bextra == "([^"]*)"|"([^"]*)" == extra\b)')

# `packaging` recurses for each parenthesis of a marker.
_MARKER_ERRORS = (InvalidMarker, ValueError, RecursionError)

# Comparisons are replaced by these; `os_name` is evaluated as "posix".
_TRUE_MARKER, _FALSE_MARKER = 'os_name == "posix"', 'os_name != "posix"'

# Bounds the time: further lines are ignored.
MAX_REQUIREMENT_LINES = 500
_MAX_LINE_LENGTH = 500


class ParsedRequirement(Struct, frozen=True, kw_only=True):
    """One published line.

    Attributes:
        versions: Its specifier; as published if it is not valid.
        condition: Its marker; as published if it is not valid.
        extras: The extras that need it.
        is_run_time: Whether it can apply without an extra.
    """

    name: str
    versions: str = ""
    condition: str = ""
    extras: tuple[str, ...] = ()
    is_run_time: bool = True

    @property
    def name_normalized(self) -> str:
        return normalize_name(self.name)


@lru_cache(maxsize=4096)  # releases of a project mostly have the same requirements
def parse_requirement(line: str) -> ParsedRequirement | None:
    """Parse a published line; None if it does not plainly name a project."""
    try:
        requirement = Requirement(line)
        return _add_marker(requirement.name, str(requirement.specifier), requirement.marker)
    except (InvalidRequirement, *_MARKER_ERRORS):
        pass
    match = _LINE.match(line)
    if match is None:
        return None
    versions, _, condition = match["rest"].partition("#")[0].partition(";")
    versions = " ".join(versions.strip(" \t,").split())
    if versions.startswith("(") and versions.endswith(")"):
        versions = versions[1:-1].strip()
    if not condition.strip():
        return ParsedRequirement(name=match["name"], versions=versions)
    try:
        return _add_marker(match["name"], versions, Marker(condition))
    except _MARKER_ERRORS:
        return ParsedRequirement(
            name=match["name"],
            versions=versions,
            condition=" ".join(condition.split()),
            is_run_time="extra" not in condition,
        )


def _add_marker(name: str, versions: str, marker: Marker | None) -> ParsedRequirement:
    if marker is None:
        return ParsedRequirement(name=name, versions=versions)
    text = str(marker)
    is_run_time = _applies_without_extra(text)
    extras = () if is_run_time else tuple(dict.fromkeys(left or right for left, right in _EXTRAS.findall(text)))
    return ParsedRequirement(name=name, versions=versions, condition=text, extras=extras, is_run_time=is_run_time)


class Requirements(Struct, frozen=True, kw_only=True):
    """Requirements by normalized name: `run_time` with the published line, `extras` with the extras."""

    run_time: dict[str, str] = field(default_factory=dict)
    extras: dict[str, tuple[str, ...]] = field(default_factory=dict)


def parse_requirements(requires_dist: Iterable[str], is_relevant: Callable[[str], object] = bool) -> Requirements:
    """Parse published lines about relevant projects (by normalized name); lines that name no project are skipped.

    A line with a marker for a system or a Python version counts as run time.
    """
    run_time: dict[str, str] = {}
    extras: dict[str, list[str]] = {}
    for line, parsed in iter_relevant_requirements(requires_dist, is_relevant):
        name = parsed.name_normalized
        if parsed.is_run_time:
            run_time.setdefault(name, " ".join(line.split()))
        else:
            extras.setdefault(name, []).extend(parsed.extras)
    return Requirements(run_time=run_time, extras={name: tuple(dict.fromkeys(names)) for name, names in extras.items()})


def iter_relevant_requirements(
    requires_dist: Iterable[str], is_relevant: Callable[[str], object]
) -> Iterator[tuple[str, ParsedRequirement]]:
    """Yield published lines about relevant projects (by normalized name), each with its meaning."""
    for line in requires_dist:
        # Parsing a line takes 30 microseconds, and few lines are relevant.
        if (name := _parse_name(line)) and is_relevant(name) and (parsed := parse_requirement(line)) is not None:
            yield line, parsed


def _applies_without_extra(marker: str) -> bool:
    """Return whether a marker can be true without an extra, on any system and any Python."""
    if "extra" not in marker:
        return True
    return Marker(_COMPARISON.sub(_replace_comparison, marker)).evaluate({"extra": "", "os_name": "posix"})


def excludes_python(marker: str, python: str) -> bool:
    """Return whether a marker is false on a Python such as `3.14`, on every system and with every extra.

    A text that is not a marker excludes nothing.
    """
    if not marker:
        return False
    try:
        of_python = _COMPARISON.sub(
            lambda comparison: comparison[0] if "python_" in comparison[0] else _TRUE_MARKER, str(Marker(marker))
        )
        return not any(
            Marker(of_python).evaluate(
                {"python_version": python, "python_full_version": f"{python}.{patch}", "os_name": "posix", "extra": ""}
            )
            for patch in (0, 99)
        )
    except _MARKER_ERRORS:
        return False


def _replace_comparison(comparison: re.Match[str]) -> str:
    left, operator, right = comparison.groups()
    if {left, right} & {"extra", "extras"}:
        return _TRUE_MARKER if operator in ("!=", "not in") else _FALSE_MARKER
    return _TRUE_MARKER


def parse_required_names(requires_dist: Iterable[str]) -> frozenset[str]:
    """Return the normalized names of all requirements, those of extras included."""
    return frozenset(name for line in requires_dist if (name := _parse_name(line)))


@lru_cache(maxsize=10_000)
def _parse_name(line: str) -> str:
    match = _LINE.match(line)
    return normalize_name(match["name"]) if match else ""


class RequirementLine(Struct, frozen=True, kw_only=True):
    """A requirement to display.

    Attributes:
        name: The published line if it names no project; then `name_normalized` is "".
        condition: Its marker.
        extras: The extras that need it, empty for a run-time requirement.
    """

    name: str
    name_normalized: str
    versions: str
    condition: str
    extras: tuple[str, ...]


def parse_requirement_lines(requires_dist: Iterable[str]) -> tuple[RequirementLine, ...]:
    """Return the requirements, those at run time first, then by extras and name; unreadable lines come last."""
    lines = _iter_requirement_lines(list(requires_dist)[:MAX_REQUIREMENT_LINES])
    return tuple(sorted(lines, key=lambda line: (line.extras, not line.name_normalized, line.name_normalized)))


def _iter_requirement_lines(requires_dist: Iterable[str]) -> Iterator[RequirementLine]:
    for text in requires_dist:
        parsed = parse_requirement(text)
        if parsed is not None:
            yield RequirementLine(
                name=parsed.name,
                name_normalized=parsed.name_normalized,
                versions=mask_emails(parsed.versions),
                condition=mask_emails(parsed.condition),
                extras=parsed.extras,
            )
        elif text.strip():
            line = to_single_line(mask_emails(" ".join(text.split())), _MAX_LINE_LENGTH)
            yield RequirementLine(name=line, name_normalized="", versions="", condition="", extras=())
