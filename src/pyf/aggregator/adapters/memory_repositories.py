"""A host of repositories in memory, for tests: the shortest statement of what a host does."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from msgspec.json import encode

from ..domain.errors import AggregatorError, NotFound, Unavailable
from ..domain.repository import Repository
from ..domain.repository_address import RepositoryRef
from ..ports import RateLimitStatus, RepositoryResult


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
