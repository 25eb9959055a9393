"""Download counts in memory, for tests of what is built on a source of them.

A host of repositories in memory, for tests: the shortest statement of what a host does.
"""

from collections.abc import Collection, Generator, Iterable, Iterator, Mapping, Sequence
from itertools import islice

from msgspec.json import encode

from ..domain.downloads import Downloads
from ..domain.errors import AggregatorError, NotFound, Unavailable
from ..domain.repositories import Repository, RepositoryRef
from ..ports import CostEstimate, DownloadResult, RateLimitStatus, RepositoryResult


class FakeDownloadStats:
    """A `DownloadStats` with its `RequestMeter`.

    `downloads` holds the counts by normalised name, `down` the names about which no answer comes; both may be changed
    at any time. A request asks about `at_once` projects and takes `pace` seconds, which nobody waits for.
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
        remaining = iter(names)
        while batch := list(islice(remaining, self._batch_size)):
            self._request_count += 1
            self.requested += batch
            yield [DownloadResult(name=name, outcome=self._lookup(name)) for name in batch]

    def count(self) -> int:
        """Return how many requests there were."""
        return self._request_count

    def _lookup(self, name: str) -> Downloads | AggregatorError:
        if name in self.unavailable:
            return Unavailable(f"{self.source} does not answer")
        return self.downloads.get(name) or NotFound(f"{self.source} does not know {name}")


class FakeRepositoryHost:
    """The port `RepositoryHost` in memory; a `RequestMeter` of the requests that another host would have been sent.

    `moved` leads from an old address to a repository's own. `down` holds the addresses that nobody answers for, and
    `refusal` is raised instead of answering any further request; with `is_partial` it claims to tell only parts.
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
        remaining = iter(refs)
        while batch := list(islice(remaining, self._batch_size)):
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
