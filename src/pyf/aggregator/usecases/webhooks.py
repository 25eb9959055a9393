"""Deliver webhooks: compare each collection with what a receiver knows, and send the difference.

There is no log of events: a comparison finds what a receiver does not know yet. A receiver that is down, or a delivery
that is killed, loses nothing and takes no more storage. Each message is recorded together with what the receiver knows
after it, sent, and then marked as accepted. A message that was not marked is sent again with the same id and content.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from math import ceil
from operator import itemgetter
from typing import Any
from uuid import uuid4

from msgspec import Struct

from ..domain.batching import split_into_batches
from ..domain.collection import ProjectState
from ..domain.documents.project import ProjectStatus
from ..domain.documents.schema import RegistryFields
from ..domain.errors import AggregatorError, NotFound, Unavailable
from ..domain.webhooks import (
    EventType,
    PackageEvent,
    WebhookMessage,
    build_page_url,
    build_removal_event,
    encode_payload,
    find_events,
    summarize_package,
)
from ..ports import Dependencies
from ..ports.webhooks import PackageRecord, ReceiverStatus, Webhooks
from .collections.target import Target, require_state
from .read.search import get_hidden_names
from .report import RunReport

# Seconds from a failed attempt to the next one: doubled with each failure in a row, or more if the receiver asks so.
FIRST_PAUSE, LONGEST_PAUSE = 60, 6 * 3600

# Seconds for which one delivery sends events to a receiver; the next delivery sends the rest.
MAX_SECONDS = 30

# More new packages than these are one event: they come from a changed profile, not from their authors.
MAX_NEW_PACKAGES = 500

_READ_BATCH = 200


@dataclass
class WebhookReport(RunReport):
    """The result of a delivery.

    Attributes:
        delivered: Events that receivers have accepted.
        waiting: Events that are left for the next delivery.
        failed: Receivers that have not accepted an event.
    """

    delivered: int = 0
    waiting: int = 0


class Receiver(Struct, frozen=True, kw_only=True):
    """A receiver with its name for display, and the status of its deliveries."""

    name: str
    status: ReceiverStatus


def list_receivers(deps: Dependencies) -> list[Receiver]:
    """Return all receivers that the settings name."""
    webhooks = deps.webhooks
    if webhooks is None:
        return []
    return [Receiver(name=name, status=webhooks.store.get_status(key)) for key, name in webhooks.receivers.items()]


def send_test_event(deps: Dependencies) -> WebhookReport:
    """Send a test event to every receiver, once."""
    report, webhooks = WebhookReport("webhooks", ""), deps.webhooks
    if webhooks is None:
        return report
    with report.recording(deps):
        for key, name in webhooks.receivers.items():
            body = encode_payload(EventType.TEST, int(deps.now()), {"url": webhooks.site_url})
            try:
                webhooks.sender.send(key, _build_message(body))
                report.delivered += 1
            except AggregatorError as error:
                report.add_failure(name, error)
    return report


def deliver_events(deps: Dependencies, targets: Sequence[Target]) -> WebhookReport:
    """Send each receiver the events of these collections that it does not know yet, in the order of their times.

    A receiver that has failed gets nothing until its pause is over. The first delivery after a run has filled a
    collection completely records its packages without events; later deliveries report what has changed since.
    """
    report = WebhookReport("webhooks", "")
    webhooks = deps.webhooks
    if webhooks is None or not (webhooks.receivers or webhooks.store.list_receivers()):
        return report
    with report.recording(deps), webhooks.store.lock():
        _drop_removed(deps, webhooks)
        for key, name in webhooks.receivers.items():
            _Delivery(deps, webhooks, key, name, report).deliver(targets)
            report.waiting += webhooks.store.get_status(key).waiting
    return report


def _drop_removed(deps: Dependencies, webhooks: Webhooks) -> None:
    """Delete the data of receivers that the settings do not name, and of deleted collections."""
    for receiver in webhooks.store.list_receivers():
        if receiver not in webhooks.receivers:
            webhooks.store.drop(receiver=receiver)
    for collection in webhooks.store.list_collections():
        if deps.admin.resolve(collection) is None:
            webhooks.store.drop(collection=collection)


def _build_message(body: bytes) -> WebhookMessage:
    return WebhookMessage(id=f"msg_{uuid4().hex}", body=body)


def _build_fingerprint(state: ProjectState) -> str:
    return f"{state.last_serial} {state.status_checked} {state.release_count} {state.document_version}"


@dataclass
class _Delivery:
    """A delivery to one receiver.

    Attributes:
        receiver: Its key.
        name: Its name for display.
        deadline: When the delivery stops, in Unix seconds.
    """

    deps: Dependencies
    webhooks: Webhooks
    receiver: str
    name: str
    report: WebhookReport
    deadline: float = field(init=False)

    def deliver(self, targets: Sequence[Target]) -> None:
        now, retry_at = self.deps.now(), self.webhooks.store.get_status(self.receiver).retry_at
        # A clock that was ahead at the last attempt must not delay this one.
        if now < retry_at <= now + LONGEST_PAUSE:
            return
        self.deadline = now + MAX_SECONDS
        for target in targets:
            try:
                if not self._deliver_collection(target):
                    return
            except NotFound:  # the collection was deleted in this moment
                continue

    def _deliver_collection(self, target: Target) -> bool:
        """Send the unknown events of a collection; return False if the receiver gets nothing more in this delivery."""
        store, collection = self.webhooks.store, target.collection
        if require_state(self.deps, target).cursor is None:  # no run has filled it completely
            return True
        unaccepted = store.get_message(self.receiver, collection)
        if unaccepted is not None and not self._send(collection, unaccepted):
            return False
        states = self._read_visible_states(target)
        fingerprints = store.list_fingerprints(self.receiver, collection)
        if fingerprints is None:
            store.record(self.receiver, collection, dict(self._iter_records(collection, states, states)))
            return True
        new_names = states.keys() - fingerprints.keys()
        if len(new_names) > MAX_NEW_PACKAGES:
            return self._send_many_packages(collection, states, new_names)
        return self._send_events(collection, states, self._find_events(collection, states, fingerprints))

    def _send_many_packages(self, collection: str, states: Mapping[str, ProjectState], names: set[str]) -> bool:
        """Send one event for all new packages; return whether the receiver has accepted it."""
        url = build_page_url(self.webhooks.site_url, collection)
        data = {"collection": collection, "count": len(names), "url": url}
        message = _build_message(encode_payload(EventType.MANY_PACKAGES, int(self.deps.now()), data))
        records = dict(self._iter_records(collection, states, sorted(names)))
        self.webhooks.store.record(self.receiver, collection, records, message)
        return self._send(collection, message)

    def _send_events(self, collection: str, states: Mapping[str, ProjectState], events: Sequence[PackageEvent]) -> bool:
        """Send events one after the other; return whether the receiver has accepted all before the deadline."""
        last_events = {event.name: event for event in events}
        sent_count = 0
        for event in events:
            is_last = event is last_events[event.name]
            fingerprint = _build_fingerprint(states[event.name]) if is_last and event.after else ""
            if self.deps.now() >= self.deadline or not self._send_event(collection, event, fingerprint):
                break
            sent_count += 1
        self.webhooks.store.set_waiting(self.receiver, collection, len(events) - sent_count)
        return sent_count == len(events)

    def _send_event(self, collection: str, event: PackageEvent, fingerprint: str) -> bool:
        """Record an event and send it; return whether the receiver has accepted it."""
        record = PackageRecord(fingerprint=fingerprint, package=event.after) if event.after else None
        url = build_page_url(self.webhooks.site_url, collection, event.name)
        data: dict[str, Any] = {"collection": collection, **event.data, "url": url}
        message = _build_message(encode_payload(event.type, event.occurred_at, data))
        self.webhooks.store.record(self.receiver, collection, {event.name: record}, message)
        return self._send(collection, message)

    def _send(self, collection: str, message: WebhookMessage) -> bool:
        """Send a recorded message, and record whether the receiver has accepted it."""
        store = self.webhooks.store
        try:
            self.webhooks.sender.send(self.receiver, message)
        except Unavailable as error:
            now, failures = int(self.deps.now()), store.get_status(self.receiver).failures
            pause = min(max(FIRST_PAUSE * 2 ** min(failures, 20), ceil(error.retry_after or 0)), LONGEST_PAUSE)
            store.fail(self.receiver, str(error), failed_at=now, retry_at=now + pause)
            self.report.add_failure(self.name, error)
            return False
        store.accept(self.receiver, collection)
        self.report.delivered += 1
        return True

    def _read_visible_states(self, target: Target) -> dict[str, ProjectState]:
        """Return the states of the packages that the site shows, by normalized name."""
        hidden_names = get_hidden_names(self.deps, target)
        return {
            state.name_normalized: state
            for state in self.deps.index.iter_project_states(target.collection)
            if state.project_status != ProjectStatus.QUARANTINED and state.name_normalized not in hidden_names
        }

    def _iter_records(
        self, collection: str, states: Mapping[str, ProjectState], names: Iterable[str]
    ) -> Iterator[tuple[str, PackageRecord]]:
        """Yield what a receiver knows of packages after all of their events."""
        for batch in split_into_batches(names, _READ_BATCH):
            for name, releases in self.deps.index.get_documents(collection, batch).items():
                yield name, _build_record(states[name], releases)

    def _find_events(
        self, collection: str, states: Mapping[str, ProjectState], fingerprints: Mapping[str, str]
    ) -> list[PackageEvent]:
        """Return the events that the receiver does not know; record the packages that have changed without any."""
        now, index, store = int(self.deps.now()), self.deps.index, self.webhooks.store
        changed = [name for name, state in states.items() if fingerprints.get(name) != _build_fingerprint(state)]
        timed_events: list[tuple[int, PackageEvent]] = []
        for batch in split_into_batches(changed, _READ_BATCH):
            known_packages = store.get_known_packages(self.receiver, collection, batch)
            unreported: dict[str, PackageRecord | None] = {}
            for name, releases in index.get_documents(collection, batch).items():
                if events := find_events(known_packages.get(name), releases, now):
                    # The events of a package stay in their order, whatever their times are.
                    times = accumulate((event.occurred_at for event in events), max)
                    timed_events += zip(times, events, strict=True)
                else:
                    unreported[name] = _build_record(states[name], releases)
            if unreported:
                store.record(self.receiver, collection, unreported)
        for name in sorted(fingerprints.keys() - states.keys()):
            tombstone = index.get_tombstone(collection, name)
            reason, removed_at = (
                (tombstone.reason, tombstone.removed_at) if tombstone else ("it is quarantined or excluded", now)
            )
            timed_events.append((removed_at, build_removal_event(name, reason, removed_at)))
        return [event for _, event in sorted(timed_events, key=itemgetter(0))]


def _build_record(state: ProjectState, releases: Sequence[RegistryFields]) -> PackageRecord:
    return PackageRecord(fingerprint=_build_fingerprint(state), package=summarize_package(releases))
