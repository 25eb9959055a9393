"""Download counts in memory, for tests of what is built on a source of them."""

from collections.abc import Collection, Generator, Iterable, Mapping, Sequence
from itertools import islice

from ..domain.downloads import Downloads
from ..domain.errors import AggregatorError, NotFound, Unavailable
from ..ports import DownloadResult, CostEstimate


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
