"""Fakes of the source of download counts and of the host of repositories, and a renderer in the calling process.

The renderer limits neither time nor memory, and the process grows by about 40 MB.
"""

from collections.abc import Collection, Generator, Iterable, Iterator, Mapping, Sequence

from msgspec.json import encode

from ..adapters.rendering.renderer import build_cache_key
from ..domain.batching import batched
from ..domain.downloads import Downloads
from ..domain.errors import AggregatorError, NotFound, Unavailable
from ..domain.readme.plain_text import Readme, RenderedReadme
from ..domain.readme.rendering import render_readme
from ..domain.repositories import Repository, RepositoryRef
from ..ports import CostEstimate, DownloadResult, RateLimitStatus, RenderCache, RepositoryResult


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


class FakeDownloadStats:
    """A fake of `DownloadStats` and `RequestCounter`.

    Attributes:
        downloads: Counts by normalized name; may be changed at any time.
        unavailable: Names whose requests fail; may be changed at any time.
    """

    def __init__(
        self,
        downloads: Mapping[str, Downloads] = {},
        *,
        source: str = "memory",
        unavailable: Collection[str] = (),
        batch_size: int = 1,
        request_interval: float = 0.0,
    ) -> None:
        self.source = source
        self.downloads = dict(downloads)
        self.unavailable = set(unavailable)
        self.requested: list[str] = []
        self._batch_size = batch_size
        self._request_interval = request_interval
        self._request_count = 0

    def estimate_cost(self, project_count: int) -> CostEstimate:
        requests = -(-project_count // self._batch_size)
        return CostEstimate(requests=requests, seconds=requests * self._request_interval)

    def fetch_counts(self, names: Iterable[str]) -> Generator[Sequence[DownloadResult], None, None]:
        for batch in batched(names, self._batch_size):
            self._request_count += 1
            self.requested += batch
            yield [DownloadResult(name=name, outcome=self._lookup(name)) for name in batch]

    def count(self) -> int:
        """Return the number of requests."""
        return self._request_count

    def _lookup(self, name: str) -> Downloads | AggregatorError:
        if name in self.unavailable:
            return Unavailable(f"{self.source} does not respond")
        return self.downloads.get(name) or NotFound(f"{self.source} does not know {name}")


class FakeRepositoryHost:
    """A fake of `RepositoryHost` and `RequestCounter`.

    It can redirect moved repositories, fail for single ones or for every further request, and declare that its data
    is partial.
    """

    def __init__(self, repositories: Iterable[Repository] = (), *, batch_size: int = 50) -> None:
        self._batch_size = batch_size
        self._request_count = 0
        self.repositories = {repository.ref: repository for repository in repositories}
        self.redirects: dict[RepositoryRef, RepositoryRef] = {}
        self.unavailable: set[RepositoryRef] = set()
        self.failure: AggregatorError | None = None
        self.rate_limit: RateLimitStatus | None = None
        self.is_partial = False
        self.requested: list[RepositoryRef] = []

    def fetch_repositories(self, refs: Iterable[RepositoryRef]) -> Iterator[Sequence[RepositoryResult]]:
        for batch in batched(refs, self._batch_size):
            if self.failure is not None:
                raise self.failure
            self._request_count += 1
            self.requested += batch
            yield [self._lookup(ref) for ref in batch]

    def get_rate_limit(self) -> RateLimitStatus | None:
        return self.rate_limit

    def count(self) -> int:
        return self._request_count

    def _lookup(self, ref: RepositoryRef) -> RepositoryResult:
        if ref in self.unavailable:
            return RepositoryResult(ref=ref, outcome=Unavailable(f"{ref.url}: no answer"))
        repository = self.repositories.get(self.redirects.get(ref, ref))
        if repository is None:
            return RepositoryResult(ref=ref, outcome=NotFound(f"there is no repository {ref.path}"))
        return RepositoryResult(ref=ref, outcome=repository, raw_response=encode(repository).decode())
