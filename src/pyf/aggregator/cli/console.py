"""Rich consoles, which replace control characters of package data before they add styles."""

import sys
from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from ..domain.controls import replace_controls
from .redaction import RedactedStream


class CleanConsole(Console):
    """A console on stdout or stderr."""

    def __init__(self, *, stderr: bool = False, **options: Any) -> None:
        super().__init__(file=get_styled_stream(stderr=stderr), **options)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Yield the segments of a renderable."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=replace_controls(segment.text))


def get_styled_stream(*, stderr: bool = False) -> Any:
    """Return the stream for text of a console."""
    stream = sys.stderr if stderr else sys.stdout
    return stream.to_styled() if isinstance(stream, RedactedStream) else stream
