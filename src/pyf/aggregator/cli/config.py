"""Read the settings of a command, and warn about what is ignored."""

from typing import Any

import click

from ..settings import Settings, list_warnings, load_settings


def read_settings(**overrides: Any) -> Settings:
    """Return the settings; print a warning for each ignored line of `.env` and each misspelled name."""
    settings = load_settings(**overrides)
    for warning in list_warnings():
        click.echo(f"Warning: {warning}", err=True)
    return settings
