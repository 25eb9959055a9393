"""The generated reference is current and complete."""

import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path

import click
import pytest

from pyf.aggregator.adapters.typesense.keys import PRESET
from pyf.aggregator.domain.documents.schema import Field, iter_fields
from pyf.aggregator.settings import SETTINGS

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"


def load_commands() -> Iterator[tuple[str, click.Command]]:
    for script in entry_points(group="console_scripts"):
        if script.value.startswith("pyf.aggregator."):
            yield script.name, script.load()


def list_options(command: click.Command, path: str) -> Iterator[tuple[str, str]]:
    """Yield the path and each option of a command and of its subcommands."""
    context = click.Context(command, **command.context_settings)
    for option in command.get_params(context):
        if isinstance(option, click.Option):
            yield from ((path, form) for form in (*option.opts, *option.secondary_opts))
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            subcommand = command.get_command(context, name)
            assert subcommand
            yield from list_options(subcommand, f"{path} {name}")


OPTIONS = [pair for name, command in load_commands() for pair in list_options(command, name)]


def extract_section(page: str, title: str) -> str:
    """Return the text below a heading of a page."""
    match = re.search(rf"^##+ {re.escape(title)}\n(.*?)(?=^##+ |\Z)", page, re.MULTILINE | re.DOTALL)
    assert match, f"{title} is not in the reference"
    return match[1]


def test_generated_pages_are_current() -> None:
    check = subprocess.run(
        [sys.executable, "docs/generate.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert (check.returncode, check.stderr) == (0, "")


def test_commands_are_installed() -> None:
    assert {path.partition(" ")[0] for path, _ in OPTIONS} == {
        "pyf",
        "pyfaggregator",
        "pyfdemo",
        "pyfdownloads",
        "pyfgithub",
        "pyfsearch",
        "pyfserve",
        "pyfupdater",
    }


@pytest.mark.parametrize(("command", "option"), OPTIONS)
def test_commands_page_lists_every_option(command: str, option: str) -> None:
    page = (REFERENCE / "commands.md").read_text("utf-8")

    assert re.search(rf"(?<![\w-]){re.escape(option)}(?![\w-])", extract_section(page, command))


@pytest.mark.parametrize("setting", SETTINGS)
def test_settings_page_lists_every_setting(setting: str) -> None:
    page = (REFERENCE / "settings.md").read_text("utf-8")

    (row,) = [line for line in page.splitlines() if line.startswith(f"| `{setting.upper()}` |")]
    meaning = SETTINGS[setting].description
    assert meaning
    assert row.endswith(f"| {meaning} |")


@pytest.mark.parametrize("field", list(iter_fields()), ids=lambda field: field.name)
def test_fields_page_lists_every_field(field: Field) -> None:
    page = (REFERENCE / "fields.md").read_text("utf-8")

    (row,) = [
        line for line in extract_section(page, f"Owner: {field.owner}").splitlines() if f"| `{field.name}` |" in line
    ]
    assert field.use.meaning
    assert row.endswith(f"| {field.use.meaning} |")


def test_example_env_lists_every_default() -> None:
    example = (ROOT / "example.env").read_text("utf-8")

    example_values = dict(re.findall(r"^# ([A-Z_]+)=(.*)$", example, re.MULTILINE))
    assert example_values == {name.upper(): str(field.default) for name, field in SETTINGS.items()}
    assert all(line.startswith("#") or not line for line in example.splitlines())


def test_typesense_page_has_preset_parameters() -> None:
    page = (ROOT / "docs" / "how-to" / "typesense.md").read_text()

    for name, value in PRESET.items():
        assert f"| `{name}` | `{value}` |" in page
