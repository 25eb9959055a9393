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
_MIN_SECRET_LENGTH = 6
REDACTED = "***"

_context: ContextVar[Mapping[str, str]] = ContextVar("about", default=MappingProxyType({}))

LogFormat = Literal["text", "json"]


@contextmanager
def bind_context(**fields: str) -> Iterator[None]:
    """Have every line that is logged meanwhile carry these fields, beside those told before; "" leaves a field out."""
    token = _context.set({**_context.get(), **{name: value for name, value in fields.items() if value}})
    try:
        yield
    finally:
        _context.reset(token)


def set_context(**fields: str) -> None:
    """Have every line that this thread logs from now on carry these fields and no others; "" leaves a field out.

    It is for frameworks that tell when work begins and ends, and give no place to wait in between.
    """
    _context.set({name: value for name, value in fields.items() if value})


def configure_logging(
    format_: LogFormat, *, level: int = logging.INFO, secrets: Sequence[str] = (), stream: TextIO | None = None
) -> None:
    """Send all log lines of this process to `to` (stderr), in place of wherever they went before."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(LineFormatter(format_, secrets))
    root = logging.getLogger()
    for old_handler in root.handlers[:]:
        root.removeHandler(old_handler)
    root.addHandler(handler)
    root.setLevel(level)


class LineFormatter(logging.Formatter):
    """Makes one line of a record, whatever it holds: JSON, or text for people; a traceback goes on below text."""

    def __init__(self, format_: LogFormat, secrets: Sequence[str] = ()) -> None:
        super().__init__()
        self._format = format_
        self._secrets = [secret for secret in secrets if len(secret) >= _MIN_SECRET_LENGTH]

    def format(self, record: logging.LogRecord) -> str:
        timestamp = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        message = self._redact(record.getMessage())
        fields = {**_parse_task_fields(record), **_context.get()}
        traceback = self._redact(self.formatException(record.exc_info)) if record.exc_info else ""
        if self._format == "json":
            line = {
                "time": timestamp.replace("+00:00", "Z"),
                "level": record.levelname.lower(),
                "logger": record.name,
                "message": message,
                **{name: self._redact(value) for name, value in fields.items()},
                **({"traceback": traceback} if traceback else {}),
            }
            return msgspec.json.encode(line).decode()
        context = " ".join(f"{name}={value}" for name, value in fields.items())
        text = " ".join((message + (self._redact(f" [{context}]") if context else "")).split())
        return f"{timestamp[:19]}Z {record.levelname} {record.name}: {text}" + (f"\n{traceback}" if traceback else "")

    def _redact(self, text: str) -> str:
        """Return a text that can be written anywhere, and has no secret in it."""
        for secret in self._secrets:
            text = text.replace(secret, REDACTED)
        return text.encode(errors="backslashreplace").decode()


def _parse_task_fields(record: logging.LogRecord) -> dict[str, str]:
    """Return which task a line of Celery's own is about: it logs them from outside of their work."""
    task = record.args
    if record.name.startswith("celery.") and isinstance(task, Mapping) and "id" in task and "name" in task:
        return {"task_id": str(task["id"]), "task": str(task["name"]).rpartition(".")[2]}
    return {}
