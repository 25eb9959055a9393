"""Read variables from the environment and from `.env` in the current folder; the environment wins."""

import os
from pathlib import Path

from msgspec import Struct

from ..domain.errors import Invalid

ENV_FILE = ".env"


class Variable(Struct, frozen=True):
    """The value of a variable, and where it is set."""

    value: str
    source: str


class EnvFile(Struct, frozen=True):
    """The variables of `.env` by lower-case name, and a line for each part of it that is ignored."""

    variables: dict[str, Variable] = {}
    problems: list[str] = []


def read_variables(*, with_file: bool = True) -> tuple[dict[str, Variable], list[str]]:
    """Return all variables by lower-case name, and the problems of `.env`, which is read unless `with_file` is false.

    Raises:
        Invalid: `.env` can't be read.
    """
    env_file = read_env_file() if with_file else EnvFile()
    environment = {name.lower(): Variable(value, "environment") for name, value in os.environ.items()}
    return {**env_file.variables, **environment}, env_file.problems


def read_env_file() -> EnvFile:
    """Read `.env` in the current folder if it exists; only comments outside of quotes are removed.

    Raises:
        Invalid: It can't be read, or is not UTF-8 text.
    """
    path = Path(ENV_FILE)
    try:
        text = path.read_text(encoding="utf-8-sig") if path.is_file() else ""
    except UnicodeDecodeError as error:
        raise Invalid(f"{ENV_FILE} is not UTF-8 text: {error}") from error
    except OSError as error:
        raise Invalid(f"{ENV_FILE} can't be read: {error.strerror}") from error
    return _parse_env_file(text) if text.strip() else EnvFile()


def _parse_env_file(text: str) -> EnvFile:
    from io import StringIO

    # Imported here because most commands run without a file, and the import takes a tenth of a command's time.
    from dotenv.main import resolve_variables
    from dotenv.parser import Binding, parse_stream

    def is_comment(binding: Binding) -> bool:
        """Return whether the value is a comment: the parser requires a space before it."""
        return binding.original.string.partition("=")[2].lstrip().startswith("#")

    lines: dict[str, int] = {}
    values: list[tuple[str, str | None]] = []
    problems: list[str] = []
    for binding in parse_stream(StringIO(text)):
        # A binding begins with the blank lines before it.
        original = binding.original.string
        line = binding.original.line + original[: len(original) - len(original.lstrip())].count("\n")
        if binding.error:
            problems.append(f"{ENV_FILE}, line {line} is ignored: it is not NAME=value, or a quote is missing")
        elif binding.key is not None and binding.value is None:
            problems.append(f"{ENV_FILE}, line {line} is ignored: {binding.key} needs =value")
        elif binding.key is not None:
            name = binding.key.lower()
            if name in lines:
                problems.append(f"{ENV_FILE} sets {binding.key} in lines {lines[name]} and {line}; the last one counts")
            lines[name] = line
            values.append((binding.key, "" if is_comment(binding) else binding.value))
    resolved = resolve_variables(values, override=True)
    variables = {
        name.lower(): Variable(value or "", f"{ENV_FILE}, line {lines[name.lower()]}")
        for name, value in resolved.items()
    }
    return EnvFile(variables, problems)
