"""What makes safe HTML of READMEs, and what remembers it."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from ..domain.readme.plain_text import Readme, RenderedReadme


class Renderer(Protocol):
    """Makes safe HTML of READMEs, and remembers by content what it made."""

    def render(self, readmes: Sequence[Readme]) -> "RenderJob":
        """Start rendering and return at once; what was rendered before is not rendered again."""


class RenderJob(Protocol):
    """READMEs on their way."""

    def result(self) -> Sequence[RenderedReadme]:
        """Wait for and return the rendered READMEs in the order they were given; never fails for a README."""


class RenderCache(Protocol):
    """Remembers rendered READMEs by a fingerprint of their content."""

    def get_many(self, fingerprints: Collection[str]) -> Mapping[str, RenderedReadme]:
        """Return what is remembered of these."""

    def set_many(self, rendered: Mapping[str, RenderedReadme]) -> None:
        """Remember these; what has not been used for long may be forgotten."""
