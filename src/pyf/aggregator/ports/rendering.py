"""Ports of rendering: READMEs to safe HTML, and a cache of the results."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from ..domain.readme.plain_text import Readme, RenderedReadme


class Renderer(Protocol):
    """Renders READMEs to safe HTML, with a cache by content."""

    def render(self, readmes: Sequence[Readme]) -> "RenderJob":
        """Start rendering and return at once; cached READMEs are not rendered again."""


class RenderJob(Protocol):
    """READMEs that are being rendered."""

    def result(self) -> Sequence[RenderedReadme]:
        """Wait for the rendered READMEs, and return them in the given order; no README makes it fail."""


class RenderCache(Protocol):
    """A cache of rendered READMEs by a fingerprint of their content."""

    def get_many(self, fingerprints: Collection[str]) -> Mapping[str, RenderedReadme]:
        """Return the cached READMEs."""

    def set_many(self, rendered: Mapping[str, RenderedReadme]) -> None:
        """Store READMEs; those not used for long may be evicted."""
