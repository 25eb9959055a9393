"""The generated reference can't rot: it says what the code says, and leaves nothing out."""

import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path

import click
import pytest

from pyf.aggregator.adapters.index.typesense.search_preset import PRESET
from pyf.aggregator.domain.schema import Field, fields
from pyf.aggregator.settings import Settings

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"


def commands() -> Iterator[tuple[str, click.Command]]:
    for script in entry_points(group="console_scripts"):
        if script.value.startswith("pyf.aggregator."):
            yield script.name, script.load()


OPTIONS = [
    (name, form)
    for name, command in commands()
    for option in command.get_params(click.Context(command, **command.context_settings))
    if isinstance(option, click.Option)
    for form in (*option.opts, *option.secondary_opts)
]


def section(page: str, title: str) -> str:
    """Return what a page says below a heading."""
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
    assert found, f"{title} is not in the reference"
    return found[1]


def test_the_generated_pages_are_what_the_code_makes_of_them() -> None:
    check = subprocess.run(
        [sys.executable, "docs/generate.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert (check.returncode, check.stderr) == (0, "")


def test_the_commands_are_the_ones_that_are_installed() -> None:
    assert {name for name, _ in OPTIONS} == {
        "pyfaggregator",
        "pyfdemo",
        "pyfdownloads",
        "pyfgithub",
        "pyfsearch",
        "pyfserve",
        "pyfupdater",
    }


@pytest.mark.parametrize(("command", "option"), OPTIONS)
def test_every_option_is_in_the_reference(command: str, option: str) -> None:
    page = (REFERENCE / "commands.md").read_text("utf-8")

    assert re.search(rf"(?<![\w-]){re.escape(option)}(?![\w-])", section(page, command))


@pytest.mark.parametrize("setting", Settings.model_fields)
def test_every_setting_is_in_the_reference_with_its_meaning(setting: str) -> None:
    page = (REFERENCE / "settings.md").read_text("utf-8")

    (row,) = [line for line in page.splitlines() if line.startswith(f"| `{setting.upper()}` |")]
    meaning = Settings.model_fields[setting].description
    assert meaning
    assert row.endswith(f"| {meaning} |")


@pytest.mark.parametrize("field", list(fields()), ids=lambda field: field.name)
def test_every_field_is_in_the_reference_with_its_owner_and_meaning(field: Field) -> None:
    page = (REFERENCE / "fields.md").read_text("utf-8")

    (row,) = [line for line in section(page, f"Owner: {field.owner}").splitlines() if f"| `{field.name}` |" in line]
    assert field.use.meaning
    assert row.endswith(f"| {field.use.meaning} |")


def test_the_example_file_shows_every_setting_with_its_default_and_sets_none() -> None:
    example = (ROOT / "example.env").read_text("utf-8")

    shown = dict(re.findall(r"^# ([A-Z_]+)=(.*)$", example, re.MULTILINE))
    assert shown == {
        name.upper(): "" if field.default_factory else str(field.default)
        for name, field in Settings.model_fields.items()
    }
    assert all(line.startswith("#") or not line for line in example.splitlines())


def test_the_page_about_typesense_has_every_parameter_of_the_preset() -> None:
    page = (ROOT / "docs" / "how-to" / "typesense.md").read_text()

    for name, value in PRESET.items():
        assert f"| `{name}` | `{value}` |" in page
