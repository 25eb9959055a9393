"""Faults that a test orders from a local service, before it looks at what the client makes of them."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from enum import StrEnum
from random import Random
from threading import Lock


class FaultKind(StrEnum):
    """How an answer goes wrong."""

    FORBIDDEN = "403"
    NOT_FOUND = "404"
    TOO_MANY_REQUESTS = "429"
    INTERNAL_SERVER_ERROR = "500"
    BAD_GATEWAY = "502"
    UNAVAILABLE = "503"
    GATEWAY_TIMEOUT = "504"
    TIMEOUT = "timeout"
    """Nothing comes, for as long as the client waits."""
    RESET = "reset"
    """The connection is reset (RST) instead of answered."""
    TRUNCATED = "half"
    """The connection ends in the middle of the body."""
    MALFORMED = "broken"
    """The whole answer comes, and it is no JSON or XML."""
    EMPTY = "empty"
    """200 without a body."""
    HTML = "html"
    """200 with a page that says sorry."""
    OVERSIZED = "huge"
    """A body without end."""
    REDIRECT = "redirect"
    """302 to `location`, or to the very same address."""
    SLOW = "slow"
    """The right answer, a little of it every `pause` seconds."""
    EMPTY_BROWSE = "empty_browse"
    """No project carries the classifier."""
    STALE = "stale"
    """The project as it was before its last change."""
    THROTTLED = "throttled"
    """XML-RPC's own way to say 429: status 200 and a fault."""
    ERROR_MID_BODY = "midway"
    """ClickHouse's way to fail when the answer has begun: status 200, half a body, and what went wrong as text."""
    SECONDARY_LIMIT = "secondary_limit"
    """GitHub's way to say that requests come too fast: status 403 and a message."""
    SECONDARY_LIMIT_200 = "secondary_limit_200"
    """The same with status 200, as GraphQL may say it."""
    RESOURCE_LIMITS = "resource_limits"
    """GraphQL answers the first half of a query, and says that the rest was too much."""
    PARTIAL = "left_out"
    """GraphQL answers the first half of a query, and says that something went wrong."""


_REQUEST_KINDS = {
    FaultKind.EMPTY_BROWSE: ("browse",),
    FaultKind.STALE: ("project",),
    FaultKind.THROTTLED: ("browse", "changelog", "last_serial"),
    FaultKind.ERROR_MID_BODY: ("query",),
    FaultKind.SECONDARY_LIMIT: ("graphql", "repository", "pulls"),
    FaultKind.SECONDARY_LIMIT_200: ("graphql",),
    FaultKind.RESOURCE_LIMITS: ("graphql",),
    FaultKind.PARTIAL: ("graphql",),
}


@dataclass(frozen=True, slots=True)
class RetryAfter:
    """When the client may come back, in seconds from now, told in seconds or as an HTTP date."""

    seconds: float
    as_date: bool = False

    def to_header(self) -> str:
        if not self.as_date:
            return f"{self.seconds:.0f}"
        return format_datetime(datetime.now(UTC) + timedelta(seconds=self.seconds), usegmt=True)


@dataclass(frozen=True, slots=True)
class Fault:
    """One order: what goes wrong, for which requests, how often.

    `request` is a request's kind and `project` a normalised name; "" means any. `times` is how many requests it
    strikes, None means until it is cleared. `probability` leaves some out, by the seed given to `Faults`.
    """

    kind: FaultKind | str
    request: str = ""
    project: str = ""
    times: int | None = None
    probability: float = 1.0
    retry_after: RetryAfter | None = None
    location: str = ""
    pause: float = 0.05

    def __post_init__(self) -> None:
        FaultKind(self.kind)

    def applies_to(self, request: str, project: str) -> bool:
        """Whether it is meant for such a request."""
        request_kinds = _REQUEST_KINDS.get(FaultKind(self.kind))
        if request_kinds is not None and request not in request_kinds:
            return False
        return self.request in ("", request) and self.project in ("", project)


class Faults:
    """The standing orders. The first that fits a request strikes it. Thread-safe."""

    def __init__(self, seed: int = 0) -> None:
        self._random = Random(seed)  # noqa: S311 - chance, no secret
        self._lock = Lock()
        self._planned: list[tuple[Fault, Counter[str]]] = []
        self.hits: Counter[str] = Counter()
        """How many requests were struck, by kind of fault."""

    def add(self, *faults: Fault) -> None:
        """Order faults, to come after those that stand."""
        with self._lock:
            self._planned += [(fault, Counter()) for fault in faults]

    def clear(self) -> None:
        """Take back all orders."""
        with self._lock:
            self._planned = []

    def next_fault(self, request: str, project: str = "") -> Fault | None:
        """Return the fault that a request meets, None for a request that is answered as it should be."""
        if not self._planned:
            return None
        with self._lock:
            for fault, uses in self._planned:
                if not fault.applies_to(request, project) or (fault.times is not None and uses["n"] >= fault.times):
                    continue
                if fault.probability < 1.0 and self._random.random() >= fault.probability:
                    continue
                uses["n"] += 1
                self.hits[str(fault.kind)] += 1
                return fault
        return None
