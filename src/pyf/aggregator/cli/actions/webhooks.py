"""Deliver webhooks after runs and on demand, and print the status of deliveries."""

from collections.abc import Sequence

from msgspec import to_builtins
from rich.text import Text

from ...bootstrap import open_dependencies, open_index
from ...config.profiles import load_profiles
from ...domain.errors import AggregatorError, Invalid, Locked
from ...domain.text import format_time, pluralize
from ...ports import Dependencies
from ...settings import Settings
from ...usecases.collections.overview import list_active_collections
from ...usecases.collections.target import Target
from ...usecases.webhooks import Receiver, WebhookReport, deliver_events, list_receivers, send_test_event
from ..config import read_settings
from ..exit_codes import ExitCode
from ..output import get_exit_code, print_json, print_line, print_problems, print_table
from ..progress import print_notice
from ..tables import Column


def run_test() -> ExitCode:
    """Send a test event to every receiver."""
    settings = _read_settings()
    with open_dependencies(settings, must_exist=True, missing_is_empty=True) as deps:
        report = send_test_event(deps)
    print_line(
        f"{report.delivered} of {pluralize(report.delivered + len(report.failed), 'receiver')} accepted the event"
    )
    print_problems(report)
    return get_exit_code(report)


def run_list(*, as_json: bool) -> ExitCode:
    """Print every receiver with the status of its deliveries."""
    with open_index(_read_settings(), must_exist=True) as deps:
        receivers = list_receivers(deps)
    if as_json:
        print_json([to_builtins(receiver) for receiver in receivers])
    else:
        print_table(_build_columns(receivers))
    return ExitCode.SUCCESS


def run_deliver(*, as_json: bool) -> ExitCode:
    """Deliver what receivers do not know yet of any collection."""
    settings = _read_settings()
    with open_dependencies(settings, must_exist=True) as deps:
        report = deliver_events(deps, list_active_collections(deps, load_profiles(settings.profiles_file)))
    if as_json:
        print_json(report.to_dict())
    elif report.error is None:
        print_line(_format_counts(report))
    print_problems(report)
    return get_exit_code(report)


def deliver_after_run(deps: Dependencies, settings: Settings, collection: str) -> WebhookReport | None:
    """Deliver what a run has changed in a collection; return None if nothing was sent.

    A failed delivery does not fail the run: the next delivery sends the same events.
    """
    try:
        report = deliver_events(deps, _find_targets(deps, settings, collection) if settings.webhook_urls else [])
    except AggregatorError as error:
        report = WebhookReport("webhooks", "", error=error)
    is_idle = not (report.delivered or report.failed or report.error)
    return None if is_idle or isinstance(report.error, Locked) else report


def _find_targets(deps: Dependencies, settings: Settings, collection: str) -> list[Target]:
    """Return a collection by its public name, if it is in use."""
    active = list_active_collections(deps, load_profiles(settings.profiles_file))
    resolved = deps.admin.resolve(collection)
    return [target for target in active if deps.admin.resolve(target.collection) == resolved]


def print_delivery(report: WebhookReport) -> None:
    """Print a line about a delivery after a run, and its failures."""
    print_notice(f"Webhooks: {_format_counts(report)}.")
    print_problems(report)


def _read_settings() -> Settings:
    settings = read_settings()
    if not settings.webhook_urls:
        raise Invalid("there are no receivers: set WEBHOOK_URLS and WEBHOOK_SECRET")
    return settings


def _format_counts(report: WebhookReport) -> str:
    return f"{pluralize(report.delivered, 'event')} delivered, {report.waiting:,} waiting"


def _build_columns(receivers: Sequence[Receiver]) -> list[Column]:
    statuses = [receiver.status for receiver in receivers]
    return [
        Column(header="receiver", cells=[Text(receiver.name) for receiver in receivers]),
        Column(header="waiting", cells=[Text(f"{status.waiting:,}") for status in statuses], is_numeric=True),
        Column(header="delivered", cells=[Text(f"{status.delivered:,}") for status in statuses], is_numeric=True),
        Column(
            header="last failure",
            cells=[
                Text(f"{format_time(status.failed_at)}: {status.error}" if status.error else "–") for status in statuses
            ],
            is_flexible=True,
            is_folded=True,
        ),
    ]
