"""Remove secrets and control characters from everything that a command prints, and secrets from other programs."""

import os
import sys
import webbrowser
from functools import cached_property
from typing import Any, TextIO

from ..domain.controls import replace_controls
from ..domain.redaction import Redactor

_SETTINGS_MODULE = "pyf.aggregator.settings"


class RedactedStream:
    """A text stream that replaces secrets and control characters in what is written to it.

    Args:
        known_only: Replace the secrets of the settings only. Data of packages may look like a secret.
        is_styled: Keep the control characters of ASCII, because the writer adds styles.
    """

    def __init__(self, stream: TextIO, *, known_only: bool, is_styled: bool = False) -> None:
        self._stream = stream
        self._known_only = known_only
        self._is_styled = is_styled

    def to_styled(self) -> "RedactedStream":
        """Return a stream to the same place, for text whose writer replaces control characters and adds styles."""
        return RedactedStream(self._stream, known_only=self._known_only, is_styled=True)

    def write(self, text: str) -> int:
        """Write a text without secrets."""
        text = replace_controls(text, keep_ascii=self._is_styled)
        if not self._known_only:
            text = self._redactor.redact(text)
        elif _SETTINGS_MODULE in sys.modules:  # a command that has not imported them can't print them
            text = self._redactor.redact_known(text)
        return self._stream.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    @cached_property
    def _redactor(self) -> Redactor:
        from ..settings import list_secrets

        return Redactor(list_secrets())


def redact_output() -> None:
    """Redact what this process writes to stdout and stderr from now on, tracebacks included."""
    if sys.stdout is not None and not isinstance(sys.stdout, RedactedStream):
        sys.stdout = RedactedStream(sys.stdout, known_only=True)
    if sys.stderr is not None and not isinstance(sys.stderr, RedactedStream):
        sys.stderr = RedactedStream(sys.stderr, known_only=False)


def open_url(url: str) -> bool:
    """Open a URL in a browser that does not inherit secrets; return whether it was opened."""
    from ..settings import list_secret_variables

    secrets = {name: os.environ.pop(name) for name in list_secret_variables()}
    try:
        return webbrowser.open(url)
    finally:
        os.environ.update(secrets)
