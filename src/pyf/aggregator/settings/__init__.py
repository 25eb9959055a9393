"""All settings: a field's name is the variable's, its annotation checks the value and is the reference."""

import os
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from ..domain.errors import Invalid
from ..domain.redaction import Redactor, find_url_secrets
from ..domain.text import suggest
from .definition import SettingDefinition, list_definitions
from .environment import ENV_FILE, Variable, read_env_file, read_variables
from .types import Secret, split_list
from .web import MonitoringSettings

__all__ = [
    "ENV_FILE",
    "SETTINGS",
    "Secret",
    "SettingDefinition",
    "Settings",
    "list_secret_variables",
    "list_secrets",
    "list_warnings",
    "load_settings",
]


class Settings(MonitoringSettings, frozen=True, kw_only=True):
    """The program's settings, from the environment and from `.env` in the current folder; the environment wins."""

    @property
    def engine(self) -> str:
        """The engine of the index, as set or by default."""
        return self.index_backend or ("typesense" if self.typesense_api_key.get_secret_value() else "sqlite")

    @property
    def kept_descriptions(self) -> Literal["newest", "all"]:
        """The releases whose README is stored, as set or by default."""
        return self.descriptions or ("all" if self.engine == "typesense" else "newest")

    @property
    def secrets(self) -> list[str]:
        """The texts that no output may contain: secret settings, and the credentials in URLs; the longest first."""
        return _find_secrets({name: _to_text(getattr(self, name)) for name in SETTINGS})

    def __repr__(self) -> str:
        return Redactor(self.secrets).redact(super().__repr__())

    def find_conflicts(self) -> Iterator[str]:
        """Yield a line for each set of settings that exclude each other."""
        yield from self.find_conflicting_limits()
        yield from self.find_conflicting_credentials()
        yield from self.find_unsigned_webhooks()


SETTINGS: Mapping[str, SettingDefinition] = list_definitions(Settings)


def load_settings(*, _env_file: str | None = ENV_FILE, **overrides: Any) -> Settings:
    """Read the settings; overrides win over the environment.

    Args:
        _env_file: None to read the environment only.

    Raises:
        Invalid: A value can't be used; one line names each such setting and the reason.
    """
    if unknown := overrides.keys() - SETTINGS.keys():
        raise TypeError(f"unknown settings: {', '.join(sorted(unknown))}")
    variables, _problems = read_variables(with_file=_env_file is not None)
    variables |= {name: Variable(_to_text(value), "command") for name, value in overrides.items()}
    values, sources, problems = {}, {}, []
    for name, definition in SETTINGS.items():
        variable = variables.get(name)
        if variable is None or definition.is_unset(variable.value):
            continue
        try:
            values[name] = definition.parse(variable.value)
        except ValueError as error:
            problems.append(_format_problem(definition, variable, error))
        sources[name] = variable.source
    settings = Settings(**values, sources=sources)
    # Conflicts with defaults that take the place of invalid values would be misleading.
    if problems := problems or [*settings.find_conflicts()]:
        raise Invalid("; ".join(problems))
    return settings


def _format_problem(definition: SettingDefinition, variable: Variable, error: ValueError) -> str:
    """Return what is wrong with a setting, and its value unless that may contain a secret."""
    value = "" if definition.has_secrets else f"={variable.value!r:.60}"
    place = f" ({variable.source})" if variable.source.startswith(ENV_FILE) else ""
    return f"{definition.name.upper()}{value}: {error}{place}"


def list_secrets() -> list[str]:
    """Return the secrets of the environment and of `.env`, whether or not the settings are valid."""
    try:
        variables, _problems = read_variables()
    except Invalid:  # reported where the settings are loaded
        variables = {name.lower(): Variable(value, "environment") for name, value in os.environ.items()}
    return _find_secrets({name: variables[name].value for name in SETTINGS if name in variables})


def list_secret_variables() -> list[str]:
    """Return the variables of the environment that contain a secret."""
    return [
        name for name, value in os.environ.items() if name.lower() in SETTINGS and _find_secrets({name.lower(): value})
    ]


def _find_secrets(values: Mapping[str, str]) -> list[str]:
    secrets: set[str] = set()
    for name, value in values.items():
        if SETTINGS[name].kind is Secret:
            secrets.add(value)
            # A list of `host=token`, or of keys.
            secrets.update(item.partition("=")[2].strip() for item in value.split(",") if name.endswith("_tokens"))
            secrets.update(item for item in split_list(value) if item.startswith("whsec_"))
        elif SETTINGS[name].has_secrets:
            secrets.update(find_url_secrets(value))
            if SETTINGS[name].is_secret_list:
                secrets.update(split_list(value))
    return sorted(filter(None, secrets), key=len, reverse=True)


def _to_text(value: object) -> str:
    return value.get_secret_value() if isinstance(value, Secret) else str(value)


# Ratios of difflib from which on an unknown name counts as a misspelling of a setting. In the environment, names of
# other programs are similar: GITHUB_ACTION is not a misspelling of GITHUB_TOKEN.
_ENV_FILE_CUTOFF, _ENVIRONMENT_CUTOFF = 0.8, 0.85


def list_warnings() -> list[str]:
    """Return a line for each ignored part of `.env`, and for each name that probably is a misspelled setting."""
    env_file = read_env_file()
    warnings = list(env_file.problems)
    words = {word for name in SETTINGS for word in name.split("_")}
    # Comparing every variable of the environment would take longer than reading the settings.
    environment = {name.lower() for name in os.environ if not words.isdisjoint(name.lower().split("_"))}
    known = [name.upper() for name in SETTINGS]
    for name in sorted((env_file.variables.keys() | environment) - SETTINGS.keys()):
        cutoff = _ENV_FILE_CUTOFF if name in env_file.variables else _ENVIRONMENT_CUTOFF
        if hint := suggest(name, known, cutoff=cutoff):
            warnings.append(f"unknown setting {name.upper()}. {hint}")
    return warnings
