"""Counts what goes to the services and what comes of it, for those who operate the program."""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from threading import Lock

from ..ports import ServiceRateLimit

# A date in Unix seconds is above this; what is below is a number of seconds from now, as newer services tell it.
_MIN_TIMESTAMP = 1_000_000_000


class LocalRequestMetrics:
    """The `Traffic` of one process; may be written and read by any threads. `now` is in Unix seconds."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._lock = Lock()
        self._counts: Counter[tuple[str, str]] = Counter()
        self._rate_limits: dict[tuple[str, str], ServiceRateLimit] = {}

    def record(self, service: str, outcome: str) -> None:
        """Count a request that has ended, by the outcome that `Traffic.requests` names."""
        with self._lock:
            self._counts[service, outcome] += 1

    def record_headers(self, service: str, headers: Mapping[str, str]) -> None:
        """Remember what an answer's headers, looked up in any case, say about a limit."""
        for prefix in ("X-RateLimit-", "RateLimit-"):
            remaining, limit, reset = (_parse_number(headers.get(prefix + name, "")) for name in ("Remaining", "Limit", "Reset"))
            if remaining is None or limit is None:
                continue
            kind = headers.get(prefix + "Resource", "")[:40]
            resets_at = float(reset or 0) if (reset or 0) >= _MIN_TIMESTAMP else self._now() + (reset or 0)
            rate_limit = ServiceRateLimit(service=service, kind=kind, remaining=remaining, limit=limit, resets_at=resets_at)
            with self._lock:
                self._rate_limits[service, kind] = rate_limit
            return

    def count_by_outcome(self) -> Mapping[tuple[str, str], int]:
        with self._lock:
            return dict(self._counts)

    def get_rate_limits(self) -> Sequence[ServiceRateLimit]:
        with self._lock:
            return list(self._rate_limits.values())


def _parse_number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else None
