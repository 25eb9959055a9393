"""Parse `pyproject.toml` and `Pipfile`, and the lock files of uv, Poetry, PDM, PEP 751 and Pipenv."""

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec.structs import replace

from ..documents.project import normalize_name
from ..errors import Invalid
from .model import Entries, ListedPackage, ReadFile, build_pinned_package, parse_requirement
from .requirements_txt import read_included_file

# Bounds for texts that anybody can send: tomllib's time and memory grow with the square of the number of parts of a
# dotted key, and 80,000 tables take six seconds.
_MAX_KEY_PARTS, _MAX_TABLES = 8, 20_000
_TABLE = re.compile(r"^[ \t]*\[", re.MULTILINE)
_KEY_PART = r"""(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+"""
_LONG_KEY = re.compile(rf"(?:^|[\[{{,])[ \t]*+{_KEY_PART}(?:\.[ \t]*+{_KEY_PART}){{{_MAX_KEY_PARTS}}}", re.MULTILINE)
_POETRY_VERSION = re.compile(r"(?P<operator>[\^~])\s*(?P<version>\d+(?:\.\d+)*)")


def parse_pyproject(file_name: str, text: str, read_file: ReadFile | None) -> Entries:
    """Yield the requirements of a project: run time, extras, dependency groups, and those in the tables of tools.

    Args:
        read_file: Reads the files of setuptools' dynamic dependencies; without it, they are a problem.
    """
    document = _load_toml(file_name, text)
    project, tools = _get_table(document, "project"), _get_table(document, "tool")
    sources = _get_table(_get_table(tools, "uv"), "sources")
    for entry in _parse_project(document, project, file_name):
        yield _add_source(entry, sources) if isinstance(entry, ListedPackage) else entry
    yield from _parse_dynamic(project, _get_table(_get_table(tools, "setuptools"), "dynamic"), file_name, read_file)
    poetry = _get_table(tools, "poetry")
    yield from _parse_poetry_table(poetry.get("dependencies"), f"{file_name}: [tool.poetry] dependencies")
    yield from _parse_poetry_table(poetry.get("dev-dependencies"), f"{file_name}: [tool.poetry] dev-dependencies")
    for group, table in _get_table(poetry, "group").items():
        yield from _parse_poetry_table(_get_table(table, "dependencies"), f"{file_name}: group {group}")


def _parse_project(document: Mapping[str, Any], project: Mapping[str, Any], file_name: str) -> Entries:
    yield from _parse_lines(project.get("dependencies"), f"{file_name}: [project] dependencies")
    for extra, lines in _get_table(project, "optional-dependencies").items():
        yield from _parse_lines(lines, f"{file_name}: extra {extra}")
    for group, lines in _get_table(document, "dependency-groups").items():
        yield from _parse_lines(lines, f"{file_name}: group {group}")
    tools = _get_table(document, "tool")
    uv = _get_table(tools, "uv")
    for name in ("dev-dependencies", "constraint-dependencies", "override-dependencies"):
        yield from _parse_lines(uv.get(name), f"{file_name}: [tool.uv] {name}")
    for group, lines in _get_table(_get_table(tools, "pdm"), "dev-dependencies").items():
        yield from _parse_lines(lines, f"{file_name}: group {group}")
    for name, environment in _get_table(_get_table(tools, "hatch"), "envs").items():
        for key in ("dependencies", "extra-dependencies"):
            lines = environment.get(key) if isinstance(environment, Mapping) else None
            yield from _parse_lines(lines, f"{file_name}: environment {name}")


def _parse_dynamic(
    project: Mapping[str, Any], dynamic: Mapping[str, Any], file_name: str, read_file: ReadFile | None
) -> Entries:
    """Yield what the files of dynamic dependencies list, or a line that names what is not read."""
    declared = project.get("dynamic")
    if not isinstance(declared, list):
        return
    tables = {"dependencies": dynamic.get("dependencies"), **_get_table(dynamic, "optional-dependencies")}
    files = [
        (name, file)
        for name, table in tables.items()
        for value in (_get_table({name: table}, name).get("file", ()),)
        for file in ([value] if isinstance(value, str) else value)
    ]
    if "dependencies" in declared and not any(name == "dependencies" for name, _ in files):
        yield f"{file_name}: its dependencies are dynamic, and it does not name their file"
    for _, name in files:
        yield from read_included_file(file_name, str(name), file_name, read_file)


def _add_source(package: ListedPackage, sources: Mapping[str, Any]) -> ListedPackage:
    """Return a package with its source, if uv does not take it from a package index."""
    by_name = {normalize_name(name): source for name, source in sources.items()}
    source = by_name.get(package.name_normalized)
    alternatives = source if isinstance(source, list) else [source]
    tables = [table for table in alternatives if isinstance(table, Mapping)]
    found = (str(table[kind]) for table in tables for kind in ("git", "url", "path") if kind in table)
    where = next(found, "the workspace" if any(table.get("workspace") for table in tables) else "")
    return replace(package, source=where) if where else package


def parse_lock_file(file_name: str, text: str) -> Entries:
    """Yield the packages of `uv.lock`, `poetry.lock` or `pylock.toml`; the locked project itself is left out."""
    document = _load_toml(file_name, text)
    entries = document.get("packages", document.get("package"))
    if not isinstance(entries, list):
        yield f"{file_name}: no list of packages"
        return
    for number, entry in enumerate(entries, start=1):
        location = f"{file_name}: package {number}"
        if not isinstance(entry, Mapping):
            yield f"{location}: not a table"
            continue
        source = _find_source(entry)
        if source == ".":
            continue
        yield build_pinned_package(
            entry.get("name"), entry.get("version"), location, source=source, marker=_find_marker(entry)
        )


def parse_pipfile_lock(file_name: str, text: str) -> Entries:
    """Yield the packages of `Pipfile.lock`, those for development included."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Invalid(f"{file_name}: not JSON: {error}") from None
    for section in ("default", "develop"):
        for name, entry in _get_table(document, section).items():
            table = entry if isinstance(entry, Mapping) else {}
            version = str(table.get("version", "")).removeprefix("==")
            source = str(table.get("git") or table.get("path") or table.get("file") or "")
            marker = str(table.get("markers") or "")
            if source == ".":
                continue
            yield build_pinned_package(name, version, f"{file_name}: {section}", source=source, marker=marker)


def parse_pipfile(file_name: str, text: str) -> Entries:
    """Yield the requirements of a `Pipfile`, those for development included."""
    document = _load_toml(file_name, text)
    for section in ("packages", "dev-packages"):
        yield from _parse_poetry_table(document.get(section), f"{file_name}: [{section}]")


def _load_toml(file_name: str, text: str) -> dict[str, Any]:
    if _LONG_KEY.search(text):
        raise Invalid(f"{file_name}: a key has more than {_MAX_KEY_PARTS} parts")
    if sum(1 for _ in _TABLE.finditer(text)) > _MAX_TABLES:
        raise Invalid(f"{file_name}: more than {_MAX_TABLES:,} tables")
    try:
        return tomllib.loads(text.replace("\r\n", "\n"))
    except (ValueError, RecursionError) as error:  # ValueError: also a number of thousands of digits
        raise Invalid(f"{file_name}: not TOML: {error}") from None


def _get_table(parent: object, key: str) -> Mapping[str, Any]:
    table = parent.get(key) if isinstance(parent, Mapping) else None
    return table if isinstance(table, Mapping) else {}


def _parse_lines(lines: object, location: str) -> Entries:
    if lines is None:
        return
    if not isinstance(lines, list):
        yield f"{location}: not a list of requirements"
        return
    for line in lines:
        if isinstance(line, str):
            yield parse_requirement(line, location)
        elif not (isinstance(line, Mapping) and "include-group" in line):  # that group is read by itself
            yield f"{location}: not a requirement: {str(line)[:100]}"


def _parse_poetry_table(table: object, location: str) -> Entries:
    for name, value in table.items() if isinstance(table, Mapping) else ():
        if name.lower() == "python":
            continue
        for alternative in value if isinstance(value, list) else [value]:
            if isinstance(alternative, Mapping) and alternative.get("path") == ".":
                continue  # the project itself
            yield _parse_poetry_value(name, alternative, location)


def _parse_poetry_value(name: str, value: object, location: str) -> ListedPackage | str:
    table = value if isinstance(value, Mapping) else {"version": value}
    marker = str(table.get("markers") or "")
    if source := table.get("git") or table.get("path") or table.get("url") or table.get("file"):
        return ListedPackage(name=name, source=str(source), marker=marker, location=location)
    specifier = ",".join(_to_pep440(part) for part in str(table.get("version", "*")).split(","))
    package = parse_requirement(f"{name}{specifier}{f' ; {marker}' if marker else ''}", location)
    return package if isinstance(package, ListedPackage) else f"{location}: {name}: not a version: {value}"


def _to_pep440(part: str) -> str:
    """Convert one of Poetry's version constraints, such as "^1.2" or "1.*"."""
    part = part.strip()
    if part in ("", "*"):
        return ""
    if match := _POETRY_VERSION.fullmatch(part):
        numbers = [int(number) for number in match["version"].split(".")]
        if match["operator"] == "~":
            position = min(1, len(numbers) - 1)
        else:
            position = next((index for index, number in enumerate(numbers) if number), len(numbers) - 1)
        upper = [*numbers[:position], numbers[position] + 1]
        return f">={match['version']},<{'.'.join(map(str, upper))}"
    return part if part[0] in "<>=!~" else f"=={part}"


def _find_marker(entry: Mapping[str, Any]) -> str:
    """Return the marker of a locked package; uv lists alternatives for a package with several versions."""
    marker = entry.get("marker")
    if isinstance(marker, str):
        return marker
    alternatives = entry.get("resolution-markers")
    return " or ".join(f"({text})" for text in alternatives) if isinstance(alternatives, list) else ""


def _find_source(entry: Mapping[str, Any]) -> str:
    """Return where a locked package comes from, if that is not a package index: "." is the locked project."""
    source = _get_table(entry, "source")
    if source.get("type") == "legacy":  # Poetry's name of another package index
        return ""
    sources: Iterator[tuple[str, object]] = (
        (kind, table[kind])
        for table in (source, entry)
        for kind in ("editable", "virtual", "directory", "git", "vcs", "url", "path", "archive")
        if kind in table
    )
    _, value = next(sources, ("", ""))
    if isinstance(value, Mapping):
        value = value.get("path") or value.get("url") or ""
    return str(value)
