"""Ports of enrichments: the host of repositories with its cache, and the source of download counts."""

from collections.abc import Collection, Generator, Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from msgspec import Struct

from ..domain.downloads import Downloads
from ..domain.errors import AggregatorError
from ..domain.repositories import CachedRepository, Repository, RepositoryRef


class RepositoryResult(Struct, frozen=True, kw_only=True):
    """The result of requesting one repository.

    Attributes:
        outcome: The repository; `NotFound` if the host has no such public repository, `Unavailable` if unknown.
        raw_response: The host's response as JSON, for display; "" for none.
    """

    ref: RepositoryRef
    outcome: Repository | AggregatorError
    raw_response: str = ""


class RateLimitStatus(Struct, frozen=True, kw_only=True):
    """How many repositories can still be requested, until `resets_at` (Unix seconds)."""

    remaining: int
    limit: int
    resets_at: float


class RepositoryHost(Protocol):
    """A host of repositories, such as GitHub."""

    def fetch_repositories(self, refs: Iterable[RepositoryRef]) -> Iterator[Sequence[RepositoryResult]]:
        """Request repositories of this host, and yield one result for each, in batches as responses arrive.

        `refs` is consumed lazily, a few requests ahead at most, so that results may add to it. A repository that has
        moved has its new location. A failure of one repository is a result. A failure of the host ends the iterator.

        Raises:
            Unavailable: The host does not respond, or demands a longer pause (`retry_after`) than the limit.
            Invalid: The host rejects the token.
        """

    @property
    def is_partial(self) -> bool:
        """Whether it gives only a part of the host's data, which does not replace complete data."""

    def get_rate_limit(self) -> RateLimitStatus | None:
        """Return the remaining requests, None if there are more than runs need; costs at most one free request."""


class RepositoryCache(Protocol):
    """A cache of repositories, including missing ones, shared by all collections."""

    def get_many(self, refs: Collection[RepositoryRef], *, fetched_since: int) -> Mapping[str, CachedRepository]:
        """Return the cached repositories since a time (Unix seconds), by the reference's `key`."""

    def set_many(self, repositories: Sequence[CachedRepository]) -> None:
        """Store repositories; of one reference the latest is kept."""


class DownloadResult(Struct, frozen=True, kw_only=True):
    """The result for one project, by normalized name: its counts, or the failure."""

    name: str
    outcome: Downloads | AggregatorError


class CostEstimate(Struct, frozen=True, kw_only=True):
    """The estimated cost of a run without failures: requests, and the seconds that the rate limit takes."""

    requests: int
    seconds: float


class DownloadStats(Protocol):
    """A source of download counts, without downloads by mirrors; a count that the source lacks is Unset."""

    @property
    def source(self) -> str:
        """The name of the source, as stored in the index."""

    def estimate_cost(self, project_count: int) -> CostEstimate:
        """Return the estimated cost of requesting this many projects, without a request."""

    def fetch_counts(self, names: Iterable[str]) -> Generator[Sequence[DownloadResult], None, None]:
        """Request projects by normalized name, and yield the results of each response as it arrives, in any order.

        Every name has one result. Failures are results: `NotFound` if the source has no such project, `Unavailable` if
        unknown. Closing the iterator cancels pending requests.
        """
