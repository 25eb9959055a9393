"""Renders READMEs in the calling process: for tests and for a handful of READMEs that are no enemy's.

Neither time nor memory is bounded here, and the process grows by some 40 MB.
"""

from collections.abc import Sequence

from ..domain.readme import Readme, Rendered
from ..domain.rendering import rendered
from ..ports import RenderCache
from .rendering import key


class InlineRenderer:
    """Renders at once, and remembers by content."""

    def __init__(self, cache: RenderCache) -> None:
        self._cache = cache

    def render(self, readmes: Sequence[Readme]) -> "InlineRendering":
        """Render what is not remembered, and return when that is done."""
        wanted = {key(readme): readme for readme in readmes}
        known = dict(self._cache.recall(wanted))
        new = {k: rendered(readme) for k, readme in wanted.items() if k not in known}
        if new:
            self._cache.keep(new)
        known.update(new)
        return InlineRendering([known[key(readme)] for readme in readmes])


class InlineRendering:
    """READMEs that are rendered already."""

    def __init__(self, made: Sequence[Rendered]) -> None:
        self._made = made

    def result(self) -> Sequence[Rendered]:
        """Return the rendered READMEs in the order they were given."""
        return self._made
