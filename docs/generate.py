"""Make the reference pages and `example.env` from the code that they describe.

`python docs/generate.py` writes them; `python docs/generate.py --check` only says which are stale, and fails.
"""

import sys
from collections.abc import Callable, Iterator
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import click
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from pyf.aggregator.domain.schema import Owner, fields
from pyf.aggregator.settings import Settings

ROOT = Path(__file__).parent.parent
GENERATED = "<!-- Made by `make docs`; edit the code that it describes instead. -->\n\n"

# The one default that is written nowhere in this project: it comes from the package that knows it.
ENDPOINT = "the pypi-simple package's endpoint"


def settings_page() -> str:
    """Return the page of all settings."""
    rows = "\n".join(
        f"| `{name.upper()}` | {_type(field)} | {_default(name, field)} | {field.description} |"
        for name, field in Settings.model_fields.items()
    )
    return (
        f"{GENERATED}# Settings\n\n"
        "Read from the environment, and from a file `.env` in the current folder; the environment wins. A comment may\n"
        "follow a value. An empty value and a placeholder in angle brackets count as not set. A value that can't be\n"
        "used ends a command at its start, with one line that names the setting.\n\n"
        f"| setting | type | default | meaning |\n|---|---|---|---|\n{rows}\n"
    )


def example_env() -> str:
    """Return a file of all settings at their defaults, commented out."""
    lines = ["# Copy this file to .env and change what you need. Made by `make docs` from settings.py.", ""]
    for name, field in Settings.model_fields.items():
        default = "" if _is_endpoint(name) else field.default
        lines += [f"# {field.description}", f"# {name.upper()}={default}", ""]
    return "\n".join(lines)


def fields_page() -> str:
    """Return the page of all fields of a document, by owner."""
    sections = [
        f"{GENERATED}# Fields of a document\n\n"
        "One document a release. Times are Unix seconds, 0 where unknown. A text or list that PyPI leaves out is\n"
        "empty; a field marked `?` is absent where nobody knows its value. A field is written by its owner only.\n\n"
        "Use: **Q** searched (with weight), **F** facet, **S** sort, **–** stored only.\n"
    ]
    for owner in Owner:
        rows = "\n".join(
            f"| `{f.name}` | {f.kind}{'?' if f.optional else ''} | {_use(f.use)} | {f.use.meaning} |"
            for f in fields()
            if f.owner is owner
        )
        sections.append(f"\n## Owner: {owner}\n\n| field | type | use | meaning |\n|---|---|---|---|\n{rows}\n")
    return "".join(sections)


def commands_page() -> str:
    """Return the page of all commands with the help that they print."""
    sections = [f"{GENERATED}# Commands\n"]
    for name, command in sorted(_commands()):
        with click.Context(command, info_name=name, terminal_width=100, **command.context_settings) as context:
            sections.append(f"\n## {name}\n\n```text\n{command.get_help(context)}\n```\n")
    return "".join(sections)


def _commands() -> Iterator[tuple[str, click.Command]]:
    for script in entry_points(group="console_scripts"):
        if script.value.startswith("pyf.aggregator."):
            yield script.name, script.load()


def _type(field: FieldInfo) -> str:
    if get_origin(field.annotation) is Literal:
        return " or ".join(f"`{value}`" for value in get_args(field.annotation) if value)
    names: dict[Any, str] = {
        str: "text",
        SecretStr: "secret text",
        int: "whole number",
        float: "number",
        bool: "yes or no",
    }
    return names[field.annotation]


def _default(name: str, field: FieldInfo) -> str:
    if _is_endpoint(name):
        return ENDPOINT
    return f"`{field.default}`" if str(field.default) else "not set"


def _is_endpoint(name: str) -> bool:
    return Settings.model_fields[name].default_factory is not None


def _use(use: Any) -> str:
    marks = [f"Q{use.weight}"] if use.weight else []
    marks += ["F"] if use.facet else []
    marks += ["S"] if use.sort else []
    marks += ["–"] if use.stored_only else []
    return " ".join(marks)


PAGES: dict[str, Callable[[], str]] = {
    "docs/reference/settings.md": settings_page,
    "docs/reference/fields.md": fields_page,
    "docs/reference/commands.md": commands_page,
    "example.env": example_env,
}


def stale() -> list[str]:
    """Return the generated files whose content is not what the code says."""
    return [
        name
        for name, make in PAGES.items()
        if not (ROOT / name).exists() or (ROOT / name).read_text(encoding="utf-8") != make()
    ]


if __name__ == "__main__":
    outdated = stale()
    if "--check" in sys.argv:
        sys.exit(f"stale, run `make docs`: {', '.join(outdated)}" if outdated else 0)
    for name in outdated:
        (ROOT / name).write_text(PAGES[name](), encoding="utf-8")
