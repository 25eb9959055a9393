"""Log lines of processes that run for weeks: each says what it is about, and none holds a secret.

What a line is about is known where the work begins, and told with `about`; all that is logged inside it, by libraries
and on the HTTP client's event loop as well, carries the same fields.
"""

import logging
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Literal, TextIO

import msgspec

# Shorter ones are no secrets, and blotting them out would eat words.
_SHORTEST_SECRET = 6
_BLOT = "***"

_about: ContextVar[Mapping[str, str]] = ContextVar("about", default=MappingProxyType({}))

LogFormat = Literal["text", "json"]


@contextmanager
def about(**fields: str) -> Iterator[None]:
    """Have every line that is logged meanwhile carry these fields, beside those told before; "" leaves a field out."""
    told = _about.set({**_about.get(), **{name: value for name, value in fields.items() if value}})
    try:
        yield
    finally:
        _about.reset(told)


def be_about(**fields: str) -> None:
    """Have every line that this thread logs from now on carry these fields and no others; "" leaves a field out.

    It is for frameworks that tell when work begins and ends, and give no place to wait in between.
    """
    _about.set({name: value for name, value in fields.items() if value})


def set_up(
    format_: LogFormat, *, level: int = logging.INFO, secrets: Sequence[str] = (), to: TextIO | None = None
) -> None:
    """Send all log lines of this process to `to` (stderr), in place of wherever they went before."""
    handler = logging.StreamHandler(to or sys.stderr)
    handler.setFormatter(Lines(format_, secrets))
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level)


class Lines(logging.Formatter):
    """Makes one line of a record, whatever it holds: JSON, or text for people; a traceback goes on below text."""

    def __init__(self, format_: LogFormat, secrets: Sequence[str] = ()) -> None:
        super().__init__()
        self._format = format_
        self._secrets = [secret for secret in secrets if len(secret) >= _SHORTEST_SECRET]

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        message = self._shown(record.getMessage())
        fields = {**_of_task(record), **_about.get()}
        trouble = self._shown(self.formatException(record.exc_info)) if record.exc_info else ""
        if self._format == "json":
            line = {
                "time": moment.replace("+00:00", "Z"),
                "level": record.levelname.lower(),
                "logger": record.name,
                "message": message,
                **{name: self._shown(value) for name, value in fields.items()},
                **({"traceback": trouble} if trouble else {}),
            }
            return msgspec.json.encode(line).decode()
        told = " ".join(f"{name}={value}" for name, value in fields.items())
        text = " ".join((message + (self._shown(f" [{told}]") if told else "")).split())
        return f"{moment[:19]}Z {record.levelname} {record.name}: {text}" + (f"\n{trouble}" if trouble else "")

    def _shown(self, text: str) -> str:
        """Return a text that can be written anywhere, and has no secret in it."""
        for secret in self._secrets:
            text = text.replace(secret, _BLOT)
        return text.encode(errors="backslashreplace").decode()


def _of_task(record: logging.LogRecord) -> dict[str, str]:
    """Return which task a line of Celery's own is about: it logs them from outside of their work."""
    told = record.args
    if record.name.startswith("celery.") and isinstance(told, Mapping) and "id" in told and "name" in told:
        return {"task_id": str(told["id"]), "task": str(told["name"]).rpartition(".")[2]}
    return {}
