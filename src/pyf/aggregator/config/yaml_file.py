"""Read YAML files: packaged ones, and those that a setting names."""

from functools import cache
from importlib.resources import files
from pathlib import Path
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
    return _parse(text, f"{setting} {path}")


def _parse(text: str, source: str) -> Any:
    try:
        return yaml.load(text, _Loader)  # noqa: S506 - both are safe
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: a date that does not exist
        raise Invalid(f"{source}: not YAML: {' '.join(str(error).split())}") from error
