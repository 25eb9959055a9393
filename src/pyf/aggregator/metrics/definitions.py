"""Every metric, declared once: what it is called, what its labels are, and what it tells."""

from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric


class MetricDefinition(Struct, frozen=True):
    """A metric; a counter's samples have `_total` after its name."""

    name: str
    help_text: str
    labels: tuple[str, ...] = ()
    kind: Literal["gauge", "counter"] = "gauge"

    def to_family(self, values: Mapping[Any, float]) -> Metric:
        """Return it with values by those of its labels, in their order; () where it has none."""
        family = (CounterMetricFamily if self.kind == "counter" else GaugeMetricFamily)(
            self.name, self.help_text, labels=self.labels
        )
        for key, value in sorted(values.items()):
            family.add_metric(list(key), value)
        return family

    @property
    def sample_name(self) -> str:
        """The name of its samples."""
        return f"{self.name}_total" if self.kind == "counter" else self.name


BUILD_INFO = MetricDefinition("pyf_build_info", "Always 1; the version is the program's.", ("version",))

REQUESTS = MetricDefinition(
    "pyf_requests",
    "Requests to services by outcome: the status; `invalid_response` for an unusable response with status 200; or, "
    "without a complete response, `no_connection`, `timeout`, `connection_lost` or `cancelled`.",
    ("service", "status"),
    "counter",
)
RATE_LIMIT_REMAINING = MetricDefinition(
    "pyf_rate_limit_remaining",
    "Requests (GitHub's graphql: points) that a service said were left until the reset.",
    ("service", "kind"),
)
RATE_LIMIT = MetricDefinition(
    "pyf_rate_limit", "What a service allows from one reset to the next.", ("service", "kind")
)
RATE_LIMIT_RESET = MetricDefinition(
    "pyf_rate_limit_reset_timestamp_seconds", "When a service allows everything again.", ("service", "kind")
)

INDEX_UP = MetricDefinition("pyf_index_up", "Whether the index answered; where not, nothing is told of collections.")
PROJECTS = MetricDefinition("pyf_projects", "Projects in a collection.", ("collection",))
DOCUMENTS = MetricDefinition("pyf_documents", "Documents in a collection, one a release.", ("collection",))
NEWEST_CHANGE_AGE = MetricDefinition(
    "pyf_newest_change_age_seconds",
    "Seconds since a run last saw that every change on PyPI is in the collection.",
    ("collection",),
)
CURSOR_SERIAL = MetricDefinition(
    "pyf_cursor_serial", "PyPI's number of the change up to which all are in the collection.", ("collection",)
)
STALE_PROJECTS = MetricDefinition(
    "pyf_to_be_asked_again",
    "Projects of which an answer was older than the change that it was asked for.",
    ("collection",),
)

TASKS = MetricDefinition(
    "pyf_tasks",
    "Tasks that ended, by outcome: the status that they returned, `retried` for those that come again, or `error`.",
    ("task", "outcome"),
    "counter",
)
TASK_SECONDS = MetricDefinition(
    "pyf_task_seconds", "Seconds that tasks took, all together.", ("task", "outcome"), "counter"
)
TASKS_RUNNING = MetricDefinition("pyf_tasks_under_way", "Tasks that this worker is at.", ("task",))

QUEUE_UP = MetricDefinition("pyf_queue_up", "Whether the Redis of the queue answered.")
QUEUE_LENGTH = MetricDefinition("pyf_queue_length", "Tasks that wait in the queue.")
QUEUE_UNACKED = MetricDefinition(
    "pyf_queue_in_hand", "Tasks that workers have taken, those to be tried again included."
)

COMMON_METRICS = (
    BUILD_INFO,
    REQUESTS,
    RATE_LIMIT_REMAINING,
    RATE_LIMIT,
    RATE_LIMIT_RESET,
    INDEX_UP,
    PROJECTS,
    DOCUMENTS,
    NEWEST_CHANGE_AGE,
    CURSOR_SERIAL,
    STALE_PROJECTS,
)
WORKER_METRICS = (TASKS, TASK_SECONDS, TASKS_RUNNING, QUEUE_UP, QUEUE_LENGTH, QUEUE_UNACKED)
