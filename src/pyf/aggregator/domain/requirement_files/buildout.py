"""Parse buildout's `versions.cfg`."""

import posixpath
import re
from configparser import ConfigParser
from configparser import Error as ConfigError

from packaging.markers import InvalidMarker, Marker

from ..documents.project import normalize_name
from ..errors import Invalid
from .model import Entries, ListedPackage, ReadFile, build_pinned_package, parse_requirement

_VERSIONS_SECTION = re.compile(r"versions(?:\s*:(?P<condition>.*))?\Z")
_PYTHON_CONDITION = re.compile(r"python(?P<major>[23])(?P<minor>\d{0,2})\Z")
_SPECIFIER = re.compile(r"[<>=!~]")
_URL = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_MAX_DEPTH = 10
# Characters; ConfigParser's time for the errors of a file grows with the square of their number.
_MAX_LENGTH = 200_000


def parse_versions_cfg(file_name: str, text: str, read_file: ReadFile | None, depth: int = 0) -> Entries:
    """Yield the pins of all `[versions]` sections, those with a condition included.

    Args:
        read_file: Reads a file that `extends` names; without it, or for a URL, it is a problem.
    """
    if len(text) > _MAX_LENGTH:
        raise Invalid(f"{file_name}: longer than {_MAX_LENGTH:,} characters")
    parser = ConfigParser(strict=False, interpolation=None, delimiters=("=",), inline_comment_prefixes=("#", ";"))
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # names keep their case
    try:
        parser.read_string(text, file_name)
    except ConfigError as error:
        raise Invalid(f"{file_name}: {' '.join(str(error).split())}") from None
    if not any(_VERSIONS_SECTION.match(section) or section == "buildout" for section in parser.sections()):
        yield f"{file_name}: no [versions] section"
    # A file overrides the pins of those that it extends.
    pins: dict[tuple[str, str], ListedPackage] = {}
    for entry in _iter_extended(parser, file_name, read_file, depth):
        if isinstance(entry, str):
            yield entry
        else:
            pins[entry.name_normalized, entry.marker] = entry
    for section in parser.sections():
        match = _VERSIONS_SECTION.match(section)
        marker = _to_marker((match["condition"] or "").strip()) if match else ""
        for option, value in parser.items(section) if match else ():
            name, version = option.removesuffix("+").removesuffix("-").strip(), value.strip()
            if name == "<":  # "<= base" takes over another section
                continue
            if not version or option.endswith("-"):
                pins.pop((normalize_name(name), marker), None)
                continue
            pin = _parse_pin(name, version, f"{file_name}: [{section}]", marker)
            if isinstance(pin, str):
                yield pin
            else:
                pins[pin.name_normalized, marker] = pin
    yield from pins.values()


def _parse_pin(name: str, version: str, location: str, marker: str) -> ListedPackage | str:
    if _SPECIFIER.match(version):
        return parse_requirement(f"{name}{version}{f' ; {marker}' if marker else ''}", location)
    return build_pinned_package(name, version, location, marker=marker)


def _iter_extended(parser: ConfigParser, file_name: str, read_file: ReadFile | None, depth: int) -> Entries:
    for section in parser.sections():
        for option in ("extends", "extends +", "extends+"):
            for name in parser.get(section, option, fallback="").split():
                yield from _read_extended(file_name, name, read_file, depth)


def _read_extended(file_name: str, name: str, read_file: ReadFile | None, depth: int) -> Entries:
    if read_file is None or _URL.match(name):
        yield f"{file_name}: extends {name}, which is not read. Check it, too"
        return
    if depth >= _MAX_DEPTH:
        yield f"{file_name}: {name} is extended more than {_MAX_DEPTH} levels deep, or extends itself"
        return
    path = posixpath.normpath(posixpath.join(posixpath.dirname(file_name), name))
    try:
        yield from parse_versions_cfg(path, read_file(path), read_file, depth + 1)
    except Invalid as error:
        yield f"{file_name}: {error}"


def _to_marker(condition: str) -> str:
    """Return the marker of a section such as `[versions:python312]`, "" if it has no meaning as a marker."""
    if match := _PYTHON_CONDITION.match(condition):
        major, minor = match["major"], match["minor"]
        operator = "==" if minor else ">="
        version = f"{major}.{minor or 0}"
        return f'python_version {operator} "{version}"' + (f' and python_version < "{int(major) + 1}"' * (not minor))
    try:
        return str(Marker(condition))
    except (InvalidMarker, RecursionError):
        return ""
