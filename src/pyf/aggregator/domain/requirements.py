"""What a release requires: at run time, or only where somebody asks for one of its extras."""

import re
from collections.abc import Callable, Iterable

from msgspec import Struct, field
from packaging.markers import InvalidMarker, Marker
from packaging.requirements import InvalidRequirement, Requirement

from .project import normalized

_NAME = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")
# The same, and what may follow in a requirement.
_BEGINNING = re.compile(rf"{_NAME.pattern}\s*(?:$|[\[;@(<>=!~])")
# A comparison, as `packaging` writes markers out.
_COMPARISON = re.compile(r'("[^"]*"|\w+) (not in|in|[<>=!~]=?=?) ("[^"]*"|\w+)')
_EXTRAS = re.compile(r'(?:\bextra == "([^"]*)"|"([^"]*)" == extra\b)')

# What the two kinds of comparison are replaced by; `os_name` is given as "posix".
_HOLDS, _FAILS = 'os_name == "posix"', 'os_name != "posix"'


class Needs(Struct, frozen=True, kw_only=True):
    """Requirements by normalised name: `run_time` with the line that says so, `extras` with the extras that ask."""

    run_time: dict[str, str] = field(default_factory=dict)
    extras: dict[str, tuple[str, ...]] = field(default_factory=dict)


def needs(requires_dist: Iterable[str], is_wanted: Callable[[str], object] = bool) -> Needs:
    """Return what published requirement lines say of the projects that `is_wanted` (by normalised name).

    A line that is no requirement is skipped: authors have published all sorts. One with a marker for a system or a
    Python version counts as run time, for there somebody runs it.
    """
    run_time: dict[str, str] = {}
    extras: dict[str, list[str]] = {}
    for line in requires_dist:
        # Parsing a line takes 30 microseconds, and hardly one names what is looked for.
        start = _NAME.match(line)
        if start is None or not is_wanted(normalized(start[1])):
            continue
        try:
            requirement = Requirement(line)
            name = normalized(requirement.name)
            if requirement.marker is None or _holds_without_extra(requirement.marker):
                run_time.setdefault(name, " ".join(line.split()))
            else:
                extras.setdefault(name, []).extend(
                    one or other for one, other in _EXTRAS.findall(str(requirement.marker))
                )
        except (InvalidRequirement, InvalidMarker):
            continue
    return Needs(run_time=run_time, extras={name: tuple(dict.fromkeys(asked)) for name, asked in extras.items()})


def _holds_without_extra(marker: Marker) -> bool:
    """Tell whether a marker holds anywhere if no extra is asked for: on some system, for some Python."""
    text = str(marker)
    if "extra" not in text:
        return True
    return Marker(_COMPARISON.sub(_judged, text)).evaluate({"extra": "", "os_name": "posix"})


def _judged(comparison: re.Match[str]) -> str:
    left, operator, right = comparison.groups()
    if {left, right} & {"extra", "extras"}:
        return _HOLDS if operator in ("!=", "not in") else _FAILS
    return _HOLDS


def required(requires_dist: Iterable[str]) -> frozenset[str]:
    """Return the normalised names of all that is required, for extras as well; what is no requirement is left out."""
    begun = (_BEGINNING.match(line) for line in requires_dist)
    return frozenset(normalized(each[1]) for each in begun if each)
