"""Where it is known how often projects are downloaded."""

from collections.abc import Generator, Iterable, Sequence
from typing import Protocol

from msgspec import Struct

from ..domain.downloads import Downloads
from ..domain.errors import AggregatorError


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
