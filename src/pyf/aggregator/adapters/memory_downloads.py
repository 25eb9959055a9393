"""Download counts in memory, for tests of what is built on a source of them."""

from collections.abc import Collection, Generator, Iterable, Mapping, Sequence
from itertools import islice

from ..domain.downloads import Downloads
from ..domain.errors import AggregatorError, NotFound, Unavailable
from ..ports import Count, Effort


class MemoryDownloads:
    """A `DownloadStats` with its `RequestMeter`.

    `downloads` holds the counts by normalised name, `down` the names about which no answer comes; both may be changed
    at any time. A request asks about `at_once` projects and takes `pace` seconds, which nobody waits for.
    """

    def __init__(
        self,
        downloads: Mapping[str, Downloads] = {},
        *,
        source: str = "memory",
        down: Collection[str] = (),
        at_once: int = 1,
        pace: float = 0.0,
    ) -> None:
        self.source = source
        self.downloads = dict(downloads)
        self.down = set(down)
        self.asked: list[str] = []
        self._at_once = at_once
        self._pace = pace
        self._requests = 0

    def effort(self, projects: int) -> Effort:
        requests = -(-projects // self._at_once)
        return Effort(requests=requests, seconds=requests * self._pace)

    def counts(self, names: Iterable[str]) -> Generator[Sequence[Count], None, None]:
        remaining = iter(names)
        while batch := list(islice(remaining, self._at_once)):
            self._requests += 1
            self.asked += batch
            yield [Count(name=name, answer=self._answer(name)) for name in batch]

    def count(self) -> int:
        """Return how many requests there were."""
        return self._requests

    def _answer(self, name: str) -> Downloads | AggregatorError:
        if name in self.down:
            return Unavailable(f"{self.source} does not answer")
        return self.downloads.get(name) or NotFound(f"{self.source} does not know {name}")
