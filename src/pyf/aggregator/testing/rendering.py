"""A renderer in the calling process, for tests and trusted READMEs.

It limits neither time nor memory, and the process grows by about 40 MB.
"""

from collections.abc import Sequence

from ..adapters.rendering.renderer import build_cache_key
from ..domain.readme.plain_text import Readme, RenderedReadme
from ..domain.readme.rendering import render_readme
from ..ports import RenderCache


class InlineRenderer:
    """A renderer that renders immediately, with a cache by content."""

    def __init__(self, cache: RenderCache) -> None:
        self._cache = cache

    def render(self, readmes: Sequence[Readme]) -> "InlineRenderJob":
        """Render READMEs that are not cached, and return afterwards."""
        readmes_by_key = {build_cache_key(readme): readme for readme in readmes}
        results = dict(self._cache.get_many(readmes_by_key))
        new = {
            cache_key: render_readme(readme) for cache_key, readme in readmes_by_key.items() if cache_key not in results
        }
        if new:
            self._cache.set_many(new)
        results.update(new)
        return InlineRenderJob([results[build_cache_key(readme)] for readme in readmes])


class InlineRenderJob:
    """A finished job."""

    def __init__(self, results: Sequence[RenderedReadme]) -> None:
        self._results = results

    def result(self) -> Sequence[RenderedReadme]:
        """Return the rendered READMEs in the given order."""
        return self._results
