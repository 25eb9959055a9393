"""Read the settings of a command, and warn about names that are probably misspelled."""

import os
from collections.abc import Iterator
from typing import Any

import click

from ..domain.text import suggest
from ..settings import Settings, load_settings

# A first word in common makes names similar already: GITHUB_TOKENS is a misspelling, GITHUB_ACTION is none.
_CUTOFF = 0.9

_PREFIXES = {name.upper().partition("_")[0] + "_" for name in Settings.model_fields}


def read_settings(**overrides: Any) -> Settings:
    """Return the settings; print a warning for each unknown name that is similar to a setting's."""
    settings = load_settings(**overrides)
    for warning in list_misspelled_settings():
        click.echo(f"Warning: {warning}", err=True)
    return settings


def list_misspelled_settings() -> list[str]:
    """Return a line for each variable of the environment and of `.env` that probably is a misspelled setting.

    Only variables with a first word of ours are compared: GITHUB_ACTIONS belongs to other programs.
    """
    known = [name.upper() for name in Settings.model_fields]
    names = (name for name in _list_variables() if name not in known and name.startswith(tuple(_PREFIXES)))
    return [f"unknown setting {name}. {hint}" for name in names if (hint := suggest(name, known, cutoff=_CUTOFF))]


def _list_variables() -> Iterator[str]:
    from dotenv import dotenv_values

    yield from sorted({name.upper() for name in (*os.environ, *dotenv_values(".env", encoding="utf-8-sig"))})
