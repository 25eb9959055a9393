"""What those who operate the program want to see of it: what it asked of whom, how much is left, and what it did."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from msgspec import Struct


class ServiceRateLimit(Struct, frozen=True, kw_only=True):
    """What a service last said may still be asked of it: `left` of `limit`, until `resets_at` (Unix seconds).

    `kind` names what is limited where a service has several limits, such as GitHub's `core` and `graphql`; "" for the
    only one.
    """

    service: str
    kind: str
    remaining: int
    limit: int
    resets_at: float


class RequestMetrics(Protocol):
    """What went to the services since this process began; reading it costs nothing."""

    def count_by_outcome(self) -> Mapping[tuple[str, str], int]:
        """Return how many requests ended how, by service and outcome; repeated attempts count, each on its own.

        An outcome is the response's status, `invalid_response` for an unusable response with status 200, or, without a
        complete response, `no_connection`, `timeout`, `connection_lost` or `cancelled`.
        """

    def get_rate_limits(self) -> Sequence[ServiceRateLimit]:
        """Return what each service last said about its limits, in no order; of those that say nothing, nothing."""


class TaskTotals(Struct, frozen=True, kw_only=True):
    """How many tasks ended, and the seconds that all of them together took."""

    count: int = 0
    seconds: float = 0.0


class TaskMetrics(Protocol):
    """What became of this process's tasks since it began."""

    def get_totals(self) -> Mapping[tuple[str, str], TaskTotals]:
        """Return the tasks that ended, by name and outcome."""

    def count_running(self) -> Mapping[str, int]:
        """Return how many tasks are being worked on, by name."""


class Backlog(Protocol):
    """The work that waits to be done, by whoever comes."""

    def get_lengths(self) -> tuple[int, int]:
        """Return how many tasks wait, and how many workers have in hand, those that are to be tried again included."""
