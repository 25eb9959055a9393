"""Read YAML files: packaged ones, and those that a setting names."""

from collections.abc import Hashable
from functools import cache
from importlib.resources import files
from pathlib import Path
from types import NoneType
from typing import Any

import yaml

from ..domain.errors import Invalid

# Some files are read at every start, and the parser in Python takes twenty times as long as the one in C.
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@cache
def read_packaged(name: str) -> Any:
    """Return the content of a packaged file, which callers must not change."""
    return _parse(files("pyf.aggregator").joinpath(name).read_text(encoding="utf-8"), name)


def read_user_file(setting: str, path: str) -> Any:
    """Return the content of a user's file.

    Raises:
        Invalid: The file can't be read or is not YAML.
    """
    try:
        text = Path(path).expanduser().read_text(encoding="utf-8-sig")
    except (OSError, RuntimeError, ValueError) as error:
        reason = "not UTF-8 text" if isinstance(error, UnicodeDecodeError) else getattr(error, "strerror", error)
        raise Invalid(f"{setting} {path}: {reason}") from error
    return _parse(text, f"{setting} {path}", _StrictLoader)


class LocatedList(list[Any]):
    """A list of a user's file; `lines` has the line of each item."""

    lines: list[int]


class _Ambiguous(Exception):
    """A part of a file that YAML reads in another way than its author means."""


class _StrictLoader(_Loader):  # type: ignore[misc, valid-type]
    """Rejects keys that stand twice, and words that YAML reads as something else."""


def _construct_mapping(loader: Any, node: yaml.MappingNode) -> dict[Any, Any]:
    lines: dict[Any, int] = {}
    for key_node, _value_node in node.value:
        if key_node.tag == "tag:yaml.org,2002:merge":
            continue
        key = loader.construct_object(key_node, deep=True)
        line = key_node.start_mark.line + 1
        _reject_ambiguous(key_node, key, (bool, NoneType))
        if isinstance(key, Hashable) and lines.setdefault(key, line) != line:
            raise _Ambiguous(f"line {line}: the key {key} stands twice, before in line {lines[key]}")
    mapping: dict[Any, Any] = loader.construct_mapping(node, deep=True)
    return mapping


def _construct_sequence(loader: Any, node: yaml.SequenceNode) -> LocatedList:
    items = LocatedList(loader.construct_sequence(node, deep=True))
    items.lines = [item_node.start_mark.line + 1 for item_node in node.value]
    for item_node, item in zip(node.value, items, strict=True):
        _reject_ambiguous(item_node, item, (bool,))
    return items


def _reject_ambiguous(node: yaml.Node, value: object, types: tuple[type, ...]) -> None:
    if isinstance(value, types):
        line = node.start_mark.line + 1
        raise _Ambiguous(
            f'line {line}: yes, no, on, off, true, false and null need quotes: "{node.value}". YAML reads it as {value}'
        )


_StrictLoader.add_constructor("tag:yaml.org,2002:map", _construct_mapping)
_StrictLoader.add_constructor("tag:yaml.org,2002:seq", _construct_sequence)


def _parse(text: str, source: str, loader: Any = _Loader) -> Any:
    try:
        return yaml.load(text, loader)  # noqa: S506 - all are safe
    except _Ambiguous as error:
        raise Invalid(f"{source}, {error}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: a date that does not exist
        reason = " ".join(str(error).split()).replace('in "<unicode string>", ', "at ")
        raise Invalid(f"{source}: not YAML: {reason}{_suggest_quotes(text, error)}") from error


def _suggest_quotes(text: str, error: Exception) -> str:
    """Return a hint for the most frequent error: an unquoted value that contains a colon and a space."""
    mark = getattr(error, "problem_mark", None)
    if mark is None or "mapping values" not in str(error):
        return ""
    value = text.splitlines()[mark.line].strip().removeprefix("- ")
    return f'. Text that contains a colon and a space needs quotes: "{value:.100}"'
