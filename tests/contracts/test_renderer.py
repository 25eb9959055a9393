"""Contract of `Renderer`."""

from collections.abc import Callable, Collection, Iterator, Mapping

import pytest
from msgspec.structs import replace

from pyf.aggregator.adapters.rendering.renderer import PooledRenderer
from pyf.aggregator.domain.readme.plain_text import Readme, RenderedReadme, render_plain_text
from pyf.aggregator.domain.readme.rendering import render_readme
from pyf.aggregator.ports import RenderCache, Renderer
from pyf.aggregator.testing.caches import FakeRenderCache
from pyf.aggregator.testing.enrichment import InlineRenderer

MARKDOWN = Readme(text="# One\n\ntext\n\n## Two\n\nmore\n", content_type="text/markdown", summary="A summary.")
RST = Readme(text="One\n===\n\n``text``\n", content_type="text/x-rst")
BROKEN = Readme(text=".. nonsense:: x", content_type="text/x-rst", summary="A summary.")
BLANK = Readme(text=" \n", content_type="text/markdown")
UNENCODABLE = Readme(text="a \ud800 \x00 # b \U0001f600", content_type="text/markdown; \udfff", summary="\ud800")


class RecordingCache:
    """A cache that records its calls."""

    def __init__(self) -> None:
        self._cache = FakeRenderCache()
        self.recalled: list[set[str]] = []
        self.kept: list[str] = []

    def get_many(self, fingerprints: Collection[str]) -> Mapping[str, RenderedReadme]:
        self.recalled.append(set(fingerprints))
        return self._cache.get_many(fingerprints)

    def set_many(self, rendered: Mapping[str, RenderedReadme]) -> None:
        self.kept += rendered
        self._cache.set_many(rendered)

    def replace_all(self, change: Callable[[RenderedReadme], RenderedReadme]) -> None:
        self._cache.set_many({key: change(made) for key, made in self._cache.get_many(self.kept).items()})


@pytest.fixture
def cache() -> RecordingCache:
    return RecordingCache()


@pytest.fixture(params=["inline", "pooled"])
def renderer(request: pytest.FixtureRequest, cache: RenderCache) -> Iterator[Renderer]:
    if request.param == "inline":
        yield InlineRenderer(cache)
    else:
        with PooledRenderer(cache, workers=1) as renderer:
            yield renderer


def test_readmes_keep_order(renderer: Renderer) -> None:
    given = [RST, MARKDOWN, BLANK, BROKEN, RST, UNENCODABLE]

    made = renderer.render(given).result()

    assert list(made) == [render_readme(readme) for readme in given]


def test_unrenderable_readme_is_plain_text(renderer: Renderer) -> None:
    assert list(renderer.render([BROKEN]).result()) == [render_plain_text(BROKEN)]


def test_empty_batch_renders_nothing(renderer: Renderer) -> None:
    assert list(renderer.render([]).result()) == []


def test_rendered_readme_is_cached(renderer: Renderer, cache: RecordingCache) -> None:
    renderer.render([MARKDOWN, RST]).result()
    cache.replace_all(lambda made: replace(made, html="from memory"))

    again = renderer.render([RST, MARKDOWN, BLANK]).result()

    assert [made.html for made in again] == ["from memory", "from memory", ""]
    assert len(cache.kept) == len(set(cache.kept)) == 3


@pytest.mark.parametrize(
    "other",
    [
        replace(MARKDOWN, text=MARKDOWN.text + "."),
        replace(MARKDOWN, content_type="text/plain"),
        replace(MARKDOWN, summary="Another summary."),
    ],
)
def test_changed_readme_is_rendered_again(renderer: Renderer, cache: RecordingCache, other: Readme) -> None:
    renderer.render([MARKDOWN]).result()
    cache.replace_all(lambda made: replace(made, html="from memory"))

    assert list(renderer.render([other]).result()) == [render_readme(other)]


def test_cache_is_read_once_per_batch(renderer: Renderer, cache: RecordingCache) -> None:
    renderer.render([MARKDOWN, RST, MARKDOWN]).result()

    assert [len(fingerprints) for fingerprints in cache.recalled] == [2]


def test_concurrent_renderings_are_returned_in_any_order(renderer: Renderer) -> None:
    first, second = renderer.render([MARKDOWN, RST]), renderer.render([RST, BROKEN])

    assert list(second.result()) == [render_readme(RST), render_readme(BROKEN)]
    assert list(first.result()) == [render_readme(MARKDOWN), render_readme(RST)]
