"""Where projects keep their source: the host that is asked about repositories, and what remembers its answers.

Where it is known how often projects are downloaded.
"""

from collections.abc import Collection, Generator, Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from msgspec import Struct

from ..domain.downloads import Downloads
from ..domain.errors import AggregatorError
from ..domain.repositories import CachedRepository, Repository, RepositoryRef


class RepositoryResult(Struct, frozen=True, kw_only=True):
    """What came of asking about one address: the repository, or why there is none.

    `NotFound` means that the host knows no public repository there, `Unavailable` that nothing is known. `told` is the
    host's own answer as JSON, for people; "" where there was none.
    """

    ref: RepositoryRef
    outcome: Repository | AggregatorError
    raw_response: str = ""


class RateLimitStatus(Struct, frozen=True, kw_only=True):
    """How many repositories the host lets us ask about: `left` of `limit`, until `resets_at` (Unix seconds)."""

    remaining: int
    limit: int
    resets_at: float


class RepositoryHost(Protocol):
    """A host of repositories (GitHub)."""

    def fetch_repositories(self, refs: Iterable[RepositoryRef]) -> Iterator[Sequence[RepositoryResult]]:
        """Ask about repositories of this host and yield what came of them, each once, in batches as answers come.

        `addresses` is taken from as the asking goes on, a request or a handful ahead at most: findings may add to it.
        The repository of an address that has moved is given with its new address. A failure that concerns an address
        is an answer. One that concerns the host ends the iterator: `Unavailable` where it does not answer or wants a
        longer pause (`retry_after`) than is waited for, `Invalid` where it does not accept our token.
        """

    @property
    def is_partial(self) -> bool:
        """Whether it tells less of a repository than the host could, so that what it told is no substitute for more."""

    def get_rate_limit(self) -> RateLimitStatus | None:
        """Return how much may be asked, None where that is more than runs need; one request at most, a free one."""


class RepositoryCache(Protocol):
    """Remembers what was learned about addresses, also that there is no repository; for all collections together."""

    def get_many(self, refs: Collection[RepositoryRef], *, fetched_since: int) -> Mapping[str, CachedRepository]:
        """Return what was learned of these at `since` (Unix seconds) or later, by the address's `key`."""

    def set_many(self, repositories: Sequence[CachedRepository]) -> None:
        """Remember these; of one address what was learned last."""


class DownloadResult(Struct, frozen=True, kw_only=True):
    """What came of asking about one project, by its normalised name: the counts, or why there are none."""

    name: str
    outcome: Downloads | AggregatorError


class CostEstimate(Struct, frozen=True, kw_only=True):
    """What asking takes if all goes well: requests, and the seconds that their pace alone costs."""

    requests: int
    seconds: float


class DownloadStats(Protocol):
    """A source of download counts.

    `source` is its name. Counts do not hold what mirrors fetch. A count that the source does not tell is Unset.
    """

    @property
    def source(self) -> str:
        """The name of the source, as it is written to the index."""

    def estimate_cost(self, project_count: int) -> CostEstimate:
        """Return what asking about so many projects takes; asks nothing."""

    def fetch_counts(self, names: Iterable[str]) -> Generator[Sequence[DownloadResult], None, None]:
        """Ask about projects by normalised name, and yield what came of each request as it arrives, in any order.

        Every name gets one answer. Failures are answers here: `NotFound` where the source says that it has no such
        project, `Unavailable` where nothing can be told. Closing the iterator takes back what is under way.
        """
