"""Counts what goes to the services and what comes of it, for those who operate the program."""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from threading import Lock

from ..ports import Quota

# A date in Unix seconds is above this; what is below is a number of seconds from now, as newer services tell it.
_FIRST_DATE = 1_000_000_000


class TrafficCount:
    """The `Traffic` of one process; may be written and read by any threads. `now` is in Unix seconds."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._lock = Lock()
        self._requests: Counter[tuple[str, str]] = Counter()
        self._quotas: dict[tuple[str, str], Quota] = {}

    def note(self, service: str, outcome: str) -> None:
        """Count a request that has ended, by the outcome that `Traffic.requests` names."""
        with self._lock:
            self._requests[service, outcome] += 1

    def note_headers(self, service: str, headers: Mapping[str, str]) -> None:
        """Remember what an answer's headers, looked up in any case, say about a limit."""
        for prefix in ("X-RateLimit-", "RateLimit-"):
            left, limit, reset = (_number(headers.get(prefix + name, "")) for name in ("Remaining", "Limit", "Reset"))
            if left is None or limit is None:
                continue
            kind = headers.get(prefix + "Resource", "")[:40]
            resets_at = float(reset or 0) if (reset or 0) >= _FIRST_DATE else self._now() + (reset or 0)
            quota = Quota(service=service, kind=kind, left=left, limit=limit, resets_at=resets_at)
            with self._lock:
                self._quotas[service, kind] = quota
            return

    def requests(self) -> Mapping[tuple[str, str], int]:
        with self._lock:
            return dict(self._requests)

    def quotas(self) -> Sequence[Quota]:
        with self._lock:
            return list(self._quotas.values())


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else None
