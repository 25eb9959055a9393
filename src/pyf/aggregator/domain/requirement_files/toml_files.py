"""Parse `pyproject.toml`, and the lock files of uv, Poetry, PEP 751 and Pipenv."""

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

from ..errors import Invalid
from .model import Entries, ListedPackage, build_pinned_package, parse_requirement

_POETRY_VERSION = re.compile(r"(?P<operator>[\^~])\s*(?P<version>\d+(?:\.\d+)*)")


def parse_pyproject(file_name: str, text: str) -> Entries:
    """Yield the requirements of a project: run time, extras, dependency groups, and those in Poetry's tables."""
    document = _load_toml(file_name, text)
    project = _get_table(document, "project")
    yield from _parse_lines(project.get("dependencies"), f"{file_name}: [project] dependencies")
    for extra, lines in _get_table(project, "optional-dependencies").items():
        yield from _parse_lines(lines, f"{file_name}: extra {extra}")
    for group, lines in _get_table(document, "dependency-groups").items():
        yield from _parse_lines(lines, f"{file_name}: group {group}")
    poetry = _get_table(_get_table(document, "tool"), "poetry")
    yield from _parse_poetry_table(poetry, f"{file_name}: [tool.poetry] dependencies")
    for group, table in _get_table(poetry, "group").items():
        yield from _parse_poetry_table(table, f"{file_name}: group {group}")


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
        package = build_pinned_package(entry.get("name"), entry.get("version"), location, source)
        yield package


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
            yield build_pinned_package(name, version, f"{file_name}: {section}", source)


def _load_toml(file_name: str, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text.replace("\r\n", "\n"))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
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
    for name, value in _get_table(table, "dependencies").items():
        if name.lower() == "python":
            continue
        for alternative in value if isinstance(value, list) else [value]:
            yield _parse_poetry_value(name, alternative, location)


def _parse_poetry_value(name: str, value: object, location: str) -> ListedPackage | str:
    table = value if isinstance(value, Mapping) else {"version": value}
    if source := table.get("git") or table.get("path") or table.get("url"):
        return ListedPackage(name=name, source=str(source), location=location)
    specifier = ",".join(_to_pep440(part) for part in str(table.get("version", "*")).split(","))
    package = parse_requirement(f"{name}{specifier}", location)
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


def _find_source(entry: Mapping[str, Any]) -> str:
    """Return where a locked package comes from, if that is not a package index: "." is the locked project."""
    sources: Iterator[tuple[str, object]] = (
        (kind, table[kind])
        for table in (_get_table(entry, "source"), entry)
        for kind in ("editable", "virtual", "directory", "git", "vcs", "url", "path", "archive")
        if kind in table
    )
    _, value = next(sources, ("", ""))
    if isinstance(value, Mapping):
        value = value.get("path") or value.get("url") or ""
    return str(value)
