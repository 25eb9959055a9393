"""Definitions of all metrics: names, labels and help texts."""

from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric


class MetricDefinition(Struct, frozen=True):
    """A metric; samples of a counter have the suffix `_total`."""

    name: str
    help_text: str
    labels: tuple[str, ...] = ()
    kind: Literal["gauge", "counter"] = "gauge"

    def to_family(self, values: Mapping[Any, float]) -> Metric:
        """Return the metric with values by label values; the key is () if it has no labels."""
        family = (CounterMetricFamily if self.kind == "counter" else GaugeMetricFamily)(
            self.name, self.help_text, labels=self.labels
        )
        for key, value in sorted(values.items()):
            family.add_metric(list(key), value)
        return family

    @property
    def sample_name(self) -> str:
        """The name of the samples."""
        return f"{self.name}_total" if self.kind == "counter" else self.name


BUILD_INFO = MetricDefinition("pyf_build_info", "Always 1; the label is the version of the program.", ("version",))

REQUESTS = MetricDefinition(
    "pyf_requests",
    "Requests to services by outcome: the status; `invalid_response` for an unusable response with status 200; or, "
    "without a complete response, `no_connection`, `timeout`, `connection_lost` or `cancelled`.",
    ("service", "status"),
    "counter",
)
RATE_LIMIT_REMAINING = MetricDefinition(
    "pyf_rate_limit_remaining",
    "Remaining requests until the reset, as reported by a service (GitHub's graphql: points).",
    ("service", "kind"),
)
RATE_LIMIT = MetricDefinition(
    "pyf_rate_limit", "Requests that a service allows from one reset to the next.", ("service", "kind")
)
RATE_LIMIT_RESET = MetricDefinition(
    "pyf_rate_limit_reset_timestamp_seconds", "Time of the next reset.", ("service", "kind")
)

INDEX_UP = MetricDefinition(
    "pyf_index_up", "Whether the index answered; if not, there are no metrics about collections."
)
PROJECTS = MetricDefinition("pyf_projects", "Packages in a collection.", ("collection",))
DOCUMENTS = MetricDefinition("pyf_documents", "Documents in a collection, one for each release.", ("collection",))
NEWEST_CHANGE_AGE = MetricDefinition(
    "pyf_newest_change_age_seconds",
    "Seconds since a run last confirmed that the collection contains all changes on PyPI.",
    ("collection",),
)
CURSOR_SERIAL = MetricDefinition(
    "pyf_cursor_serial", "Serial of PyPI's changelog up to which the collection contains all changes.", ("collection",)
)
STALE_PROJECTS = MetricDefinition(
    "pyf_stale_projects",
    "Packages whose last response was older than the change that triggered the request; they are retried.",
    ("collection",),
)

WEBHOOK_DELIVERIES = MetricDefinition(
    "pyf_webhook_deliveries", "Attempts to deliver an event, by outcome.", ("receiver", "outcome"), "counter"
)
WEBHOOKS_WAITING = MetricDefinition(
    "pyf_webhooks_waiting", "Events that a receiver had not accepted at the last delivery.", ("receiver",)
)

TASKS = MetricDefinition(
    "pyf_tasks",
    "Finished tasks by outcome: the returned status, `retried`, or `error`.",
    ("task", "outcome"),
    "counter",
)
TASK_SECONDS = MetricDefinition(
    "pyf_task_seconds", "Total duration of tasks in seconds.", ("task", "outcome"), "counter"
)
TASKS_RUNNING = MetricDefinition("pyf_tasks_running", "Tasks that this worker is running.", ("task",))

QUEUE_UP = MetricDefinition("pyf_queue_up", "Whether the queue's Redis answered.")
QUEUE_LENGTH = MetricDefinition("pyf_queue_length", "Tasks waiting in the queue.")
QUEUE_UNACKED = MetricDefinition(
    "pyf_queue_unacked", "Tasks that workers have received and not finished, including scheduled retries."
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
    WEBHOOK_DELIVERIES,
    WEBHOOKS_WAITING,
)
WORKER_METRICS = (TASKS, TASK_SECONDS, TASKS_RUNNING, QUEUE_UP, QUEUE_LENGTH, QUEUE_UNACKED)
