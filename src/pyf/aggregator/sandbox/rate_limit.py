"""Rate limits of local services: a limit per period, and GitHub's hourly quota."""

from collections.abc import Callable
from dataclasses import dataclass, field

from .faults import RetryAfter


@dataclass(slots=True)
class RateLimit:
    """A limit of requests per period; the first request after a period starts the next one.

    Attributes:
        period: Seconds.
        retry_after: Sent to rejected clients, unless None.
        additional: Another limit that requests must be within.
    """

    requests: int
    period: float = 1.0
    retry_after: RetryAfter | None = None
    additional: "RateLimit | None" = None
    _period_start: float = field(default=float("-inf"), init=False)
    _request_count: int = field(default=0, init=False)

    def acquire(self, now: float) -> bool:
        """Count a request made at `now` (monotonic seconds); return whether it is within the limit."""
        if now - self._period_start >= self.period:
            self._period_start, self._request_count = now, 0
        self._request_count += 1
        return (self.additional is None or self.additional.acquire(now)) and self._request_count <= self.requests


@dataclass
class HourlyQuota:
    """Points that clients may spend until `resets_at` (Unix seconds); tests may set `remaining` at any time."""

    resource: str
    limit: int
    clock: Callable[[], float]
    window: float = 3600.0

    def __post_init__(self) -> None:
        self.remaining = self.limit
        self.resets_at = int(self.clock() + self.window)

    def spend(self) -> bool:
        """Spend a point; return False if none was left."""
        self._reset_if_due()
        was_available = self.remaining > 0
        self.remaining -= was_available
        return was_available

    def to_headers(self) -> dict[str, str]:
        """Return the headers with the state of the quota."""
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Used": str(self.limit - self.remaining),
            "X-RateLimit-Reset": str(self.resets_at),
            "X-RateLimit-Resource": self.resource,
        }

    def to_dict(self) -> dict[str, int]:
        """Return the quota in the format of `/rate_limit`."""
        self._reset_if_due()
        fields = {"limit": self.limit, "used": self.limit - self.remaining, "remaining": self.remaining}
        return fields | {"reset": self.resets_at}

    def _reset_if_due(self) -> None:
        if self.clock() >= self.resets_at:
            self.remaining, self.resets_at = self.limit, int(self.clock() + self.window)
