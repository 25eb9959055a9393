"""Log lines as text or JSON, with context fields and without secrets.

`bind_context` adds fields to all lines of a block of work, including lines of libraries and of the HTTP client's event
loop.
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

from .domain.controls import escape_utf8_controls, replace_controls
from .domain.redaction import Redactor

_context: ContextVar[Mapping[str, str]] = ContextVar("log_context", default=MappingProxyType({}))

LogFormat = Literal["text", "json"]


@contextmanager
def bind_context(**fields: str) -> Iterator[None]:
    """Add fields to all lines logged within the context; "" leaves a field out."""
    token = _context.set({**_context.get(), **{name: value for name, value in fields.items() if value}})
    try:
        yield
    finally:
        _context.reset(token)


def set_context(**fields: str) -> None:
    """Replace the fields of all lines that this thread logs from now on; "" leaves a field out.

    For frameworks with separate callbacks for the start and the end of work.
    """
    _context.set({name: value for name, value in fields.items() if value})


def configure_logging(
    format_: LogFormat, *, level: int = logging.INFO, secrets: Sequence[str] = (), stream: TextIO | None = None
) -> None:
    """Send all log lines of this process to `stream` (default: stderr) and remove other handlers."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(LineFormatter(format_, secrets))
    root = logging.getLogger()
    for old_handler in root.handlers[:]:
        root.removeHandler(old_handler)
    root.addHandler(handler)
    root.setLevel(level)


class LineFormatter(logging.Formatter):
    """Formats a record as one line of JSON or text; in text, a traceback follows on its own lines."""

    def __init__(self, format_: LogFormat, secrets: Sequence[str] = ()) -> None:
        super().__init__()
        self._format = format_
        self._redactor = Redactor(secrets)

    def format(self, record: logging.LogRecord) -> str:
        timestamp = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        message = self._redact(record.getMessage())
        fields = {**_parse_task_fields(record), **_context.get()}
        if self._format == "json":
            fields |= _parse_access_fields(record)
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
            return escape_utf8_controls(msgspec.json.encode(line)).decode()
        context = " ".join(f"{name}={value}" for name, value in fields.items())
        text = " ".join((message + (self._redact(f" [{context}]") if context else "")).split())
        text_line = f"{timestamp[:19]}Z {record.levelname} {record.name}: {text}" + (
            f"\n{traceback}" if traceback else ""
        )
        return replace_controls(text_line)

    def _redact(self, text: str) -> str:
        """Replace secrets, and escape characters that cannot be encoded."""
        return self._redactor.redact(text).encode(errors="backslashreplace").decode()


def _parse_task_fields(record: logging.LogRecord) -> dict[str, str]:
    """Return the task of a line that Celery itself logs, outside of the task's context."""
    task = record.args
    if record.name.startswith("celery.") and isinstance(task, Mapping) and "id" in task and "name" in task:
        return {"task_id": str(task["id"]), "task": str(task["name"]).rpartition(".")[2]}
    return {}


def _parse_access_fields(record: logging.LogRecord) -> dict[str, str]:
    """Return the fields of a request that the web server logs."""
    if record.name != "uvicorn.access" or not isinstance(record.args, tuple) or len(record.args) != 5:
        return {}
    client, method, path, _http_version, status = map(str, record.args)
    return {"client": client, "method": method, "path": path, "status": status}
