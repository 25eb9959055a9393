"""All settings: a field's name is the variable's, its type checks the value, its description is the reference."""

import re
from typing import Any, Literal
from urllib.parse import unquote

from pydantic import SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from ..domain.errors import Invalid
from .index import IndexSettings, ProfileSettings, TypesenseSettings
from .queue import SCHEDULE_PREFIX, QueueSettings, ScheduleSettings, WorkerSettings
from .sources import DownloadSettings, GitHubSettings, ProxySettings, PyPISettings
from .web import MonitoringSettings, WebSettings

_COMMENT = re.compile(r"(^|\s+)#.*$", re.DOTALL)
_URL_PASSWORD = re.compile(r"(?<=:)[^\s/?#@:]+(?=@)|(?<=[?&]password=)[^\s#&]+")
_PLACEHOLDER = re.compile(r"<[^<>]*>")


# Pydantic collects fields from the last base to the first; example.env and the reference page have that order.
class Settings(
    MonitoringSettings,
    ScheduleSettings,
    WorkerSettings,
    QueueSettings,
    WebSettings,
    TypesenseSettings,
    GitHubSettings,
    DownloadSettings,
    PyPISettings,
    ProxySettings,
    IndexSettings,
    ProfileSettings,
    BaseSettings,
):
    """The program's settings, from the environment and from `.env` in the current folder; the environment wins."""

    model_config = SettingsConfigDict(
        env_file=".env", env_file_encoding="utf-8-sig", extra="ignore", hide_input_in_errors=True
    )

    @model_validator(mode="before")
    @classmethod
    def _clean_values(cls, values: Any) -> Any:
        """Drop trailing comments (systemd keeps them), and ignore empty values and `<placeholders>`.

        An empty schedule is kept: it means never.
        """
        if not isinstance(values, dict):
            return values
        cleaned = {
            name: _COMMENT.sub("", value).strip() if isinstance(value, str) else value for name, value in values.items()
        }
        return {
            name: value
            for name, value in cleaned.items()
            if value is not None
            and (value != "" or name.lower().startswith(SCHEDULE_PREFIX))
            and not (isinstance(value, str) and _PLACEHOLDER.fullmatch(value))
        }

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
        """The texts that no log may contain: secret settings, and the passwords in URLs; the longest first."""
        secrets = []
        for value in (*(getattr(self, name) for name in type(self).model_fields), self.redis_url):
            if isinstance(value, SecretStr):
                secrets.append(value.get_secret_value())
            elif isinstance(value, str) and "://" in value:
                passwords = _URL_PASSWORD.findall(value)
                secrets += [*map(unquote, passwords), *passwords]
        return sorted({secret for secret in secrets if secret}, key=len, reverse=True)


def load_settings(**overrides: Any) -> Settings:
    """Read the settings.

    Raises:
        Invalid: A value can't be used; one line names each such setting.
    """
    try:
        return Settings(**overrides)
    except ValidationError as error:
        raise Invalid("; ".join(map(_format_problem, error.errors()))) from error
    except UnicodeDecodeError as error:
        raise Invalid(f".env is not UTF-8 text: {error}") from error
    except OSError as error:
        raise Invalid(f".env can't be read: {error.strerror}") from error


def _format_problem(problem: Any) -> str:
    """Return what is wrong with a setting; a problem of several settings names them itself."""
    reason: str = problem["msg"].removeprefix("Value error, ")
    name = ".".join(str(part) for part in problem["loc"])
    return f"{_format_setting(name, problem['input'])}: {reason}" if name else reason


def _format_setting(name: str, value: object) -> str:
    """Return a setting with its value, unless that is a secret."""
    field = Settings.model_fields.get(name)
    is_secret = (field is not None and field.annotation is SecretStr) or (name == "redis_host" and "@" in str(value))
    return name.upper() if is_secret else f"{name.upper()}={value!r}"
