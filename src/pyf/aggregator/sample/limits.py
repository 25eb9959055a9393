"""How much one client may ask; the services refuse the rest as the real ones do."""

from dataclasses import dataclass, field

from .faults import RetryAfter


@dataclass(slots=True)
class RateLimit:
    """So many requests in each `period` of seconds, which starts with a request; the rest is refused.

    `retry_after` is what a refusal tells the client, None for nothing. `also` is a limit that holds beside this one.
    """

    requests: int
    period: float = 1.0
    retry_after: RetryAfter | None = None
    additional: "RateLimit | None" = None
    _period_start: float = field(default=float("-inf"), init=False)
    _request_count: int = field(default=0, init=False)

    def acquire(self, now: float) -> bool:
        """Take one request at a time (monotonic seconds); whether it is within the limit."""
        if now - self._period_start >= self.period:
            self._period_start, self._request_count = now, 0
        self._request_count += 1
        return (self.additional is None or self.additional.acquire(now)) and self._request_count <= self.requests
