"""What makes safe HTML of READMEs, and what remembers it."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from ..domain.readme import Readme, Rendered


class Renderer(Protocol):
    """Makes safe HTML of READMEs, and remembers by content what it made."""

    def render(self, readmes: Sequence[Readme]) -> "Rendering":
        """Start rendering and return at once; what was rendered before is not rendered again."""


class Rendering(Protocol):
    """READMEs on their way."""

    def result(self) -> Sequence[Rendered]:
        """Wait for and return the rendered READMEs in the order they were given; never fails for a README."""


class RenderCache(Protocol):
    """Remembers rendered READMEs by a fingerprint of their content."""

    def recall(self, fingerprints: Collection[str]) -> Mapping[str, Rendered]:
        """Return what is remembered of these."""

    def keep(self, rendered: Mapping[str, Rendered]) -> None:
        """Remember these; what has not been used for long may be forgotten."""
