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
    also: "RateLimit | None" = None
    _since: float = field(default=float("-inf"), init=False)
    _taken: int = field(default=0, init=False)

    def admits(self, now: float) -> bool:
        """Take one request at a time (monotonic seconds); whether it is within the limit."""
        if now - self._since >= self.period:
            self._since, self._taken = now, 0
        self._taken += 1
        return (self.also is None or self.also.admits(now)) and self._taken <= self.requests
