"""What a local service was asked: the numbers that tests and benchmarks judge a client by."""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LoggedRequest:
    """One request; `time` is monotonic seconds at which its head had arrived."""

    time: float
    kind: str
    path: str
    user_agent: str


class RequestLog:
    """Counts of what arrived. Read by tests while the service writes."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Start counting anew; requests under way are not forgotten by `most_at_once`."""
        self.total = 0
        self.by_kind: Counter[str] = Counter()
        self.log: list[LoggedRequest] = []
        self.active = getattr(self, "at_once", 0)
        self.max_active = 0

    @contextmanager
    def track(self) -> Iterator[float]:
        """Count a request whose head has arrived, for as long as it is being answered; gives the time."""
        self.total += 1
        self.active += 1
        self.max_active = max(self.max_active, self.active)
        try:
            yield time.monotonic()
        finally:
            self.active -= 1

    def record(self, arrival_time: float, kind: str, path: str, user_agent: str) -> None:
        """Record what a request turned out to be."""
        self.by_kind[kind] += 1
        self.log.append(LoggedRequest(arrival_time, kind, path, user_agent))

    def summarize(self) -> dict[str, int]:
        """Return the counts as one flat mapping."""
        return {"total": self.total, "most_at_once": self.max_active, **self.by_kind}
