"""GitHub's primary limit: so many points in each hour, told in headers with every answer."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass
class Quota:
    """Points that may be spent until `resets_at` (Unix seconds); tests may set `left` at any time."""

    resource: str
    limit: int
    clock: Callable[[], float]
    window: float = 3600.0

    def __post_init__(self) -> None:
        self.left = self.limit
        self.resets_at = int(self.clock() + self.window)

    def spend(self) -> bool:
        """Spend a point; whether there was one."""
        self._renew()
        had_one = self.left > 0
        self.left -= had_one
        return had_one

    def headers(self) -> dict[str, str]:
        """Return the headers that tell how it stands."""
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.left),
            "X-RateLimit-Used": str(self.limit - self.left),
            "X-RateLimit-Reset": str(self.resets_at),
            "X-RateLimit-Resource": self.resource,
        }

    def told(self) -> dict[str, int]:
        """Return it as `/rate_limit` tells it."""
        self._renew()
        told = {"limit": self.limit, "used": self.limit - self.left, "remaining": self.left}
        return told | {"reset": self.resets_at}

    def _renew(self) -> None:
        if self.clock() >= self.resets_at:
            self.left, self.resets_at = self.limit, int(self.clock() + self.window)
