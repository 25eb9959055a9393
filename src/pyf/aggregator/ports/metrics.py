"""Ports of metrics: requests to services, their rate limits, tasks and the backlog of the queue."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from msgspec import Struct


class ServiceRateLimit(Struct, frozen=True, kw_only=True):
    """The rate limit that a service last reported, until `resets_at` (Unix seconds).

    Attributes:
        kind: The name of one of several limits of a service, such as GitHub's `core` and `graphql`; else "".
    """

    service: str
    kind: str
    remaining: int
    limit: int
    resets_at: float


class RequestMetrics(Protocol):
    """Requests of this process, or of all processes that share them, to services; reading them needs no request."""

    def list_processes(self) -> Collection[int]:
        """Return the ids of the running processes whose requests are counted."""

    def count_by_outcome(self) -> Mapping[tuple[str, str], int]:
        """Return the number of requests by service and outcome; retries count separately.

        An outcome is the response's status, `invalid_response` for an unusable response with status 200, or, without a
        complete response, `no_connection`, `timeout`, `connection_lost` or `cancelled`.
        """

    def get_rate_limits(self) -> Sequence[ServiceRateLimit]:
        """Return the rate limits that services last reported, in no order."""


class TaskTotals(Struct, frozen=True, kw_only=True):
    """The number of ended tasks, and their total time in seconds."""

    count: int = 0
    seconds: float = 0.0


class TaskMetrics(Protocol):
    """Tasks of this process."""

    def get_totals(self) -> Mapping[tuple[str, str], TaskTotals]:
        """Return the ended tasks by name and outcome."""

    def count_running(self) -> Mapping[str, int]:
        """Return the number of running tasks by name."""


class Backlog(Protocol):
    """The backlog of the queue."""

    def get_lengths(self) -> tuple[int, int]:
        """Return how many tasks wait, and how many workers have received, including those that wait for a retry."""
