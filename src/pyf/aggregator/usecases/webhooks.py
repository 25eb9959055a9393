"""Deliver webhooks: compare each collection with what a receiver knows, and send the difference.

There is no log of events: what a receiver does not know yet is found by comparison, so a receiver that is down, or a
run that is killed, loses nothing and needs no more room. A message is recorded together with what the receiver knows by
it, sent, and then marked as accepted; a message that was not marked is sent again with the same id and content.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from operator import itemgetter
from typing import Any
from uuid import uuid4

from msgspec import Struct

from ..domain.batching import split_into_batches
from ..domain.collection import ProjectState
from ..domain.documents.project import ProjectStatus
from ..domain.errors import AggregatorError, NotFound
from ..domain.webhooks import (
    EventType,
    PackageEvent,
    WebhookMessage,
    build_departure,
    build_page_url,
    encode_payload,
    find_events,
    summarize_package,
)
from ..ports import Dependencies
from ..ports.webhooks import PackageRecord, ReceiverStatus, Webhooks
from .collections.target import Target, require_state
from .read.search import get_hidden_names
from .report import RunReport

# Seconds from a failed attempt to the next one: doubled with each failure in a row.
FIRST_PAUSE, LONGEST_PAUSE = 60, 6 * 3600

# Seconds for which one delivery sends events to a receiver; the next delivery sends the others.
MAX_SECONDS = 30

# More new packages than these are one event: a changed profile has let them in, not their authors.
MAX_NEW_PACKAGES = 500

_READ_BATCH = 200


@dataclass
class WebhookReport(RunReport):
    """What a delivery did.

    Attributes:
        delivered: Events that receivers have accepted.
        waiting: Events that are left for the next delivery.
        failed: Receivers that have not accepted an event.
    """

    delivered: int = 0
    waiting: int = 0


class Receiver(Struct, frozen=True, kw_only=True):
    """A receiver by its name for display, and how deliveries to it went."""

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
    report = WebhookReport("webhooks", "")
    if deps.webhooks is not None:
        with report.recording(deps):
            for key, name in deps.webhooks.receivers.items():
                body = encode_payload(EventType.TEST, int(deps.now()), {"url": deps.webhooks.site_url})
                try:
                    deps.webhooks.sender.send(key, WebhookMessage(id=_create_id(), body=body))
                    report.delivered += 1
                except AggregatorError as error:
                    report.add_failure(name, error)
    return report


def deliver_events(deps: Dependencies, targets: Sequence[Target]) -> WebhookReport:
    """Send each receiver what it does not know yet of these collections, in the order in which it happened.

    A receiver that has failed gets nothing until its pause is over. A collection is followed from the first delivery
    after a run has filled it completely; what it has then is not reported.
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
    """Drop what is stored of receivers that the settings do not name, and of deleted collections."""
    for receiver in webhooks.store.list_receivers():
        if receiver not in webhooks.receivers:
            webhooks.store.drop(receiver=receiver)
    for collection in webhooks.store.list_collections():
        if deps.admin.resolve(collection) is None:
            webhooks.store.drop(collection=collection)


def _create_id() -> str:
    return f"msg_{uuid4().hex}"


def _build_fingerprint(state: ProjectState) -> str:
    return f"{state.last_serial} {state.status_checked} {state.release_count} {state.document_version}"


@dataclass
class _Delivery:
    """A delivery to one receiver."""

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
        """Send what the receiver does not know of a collection; return whether another one may follow."""
        store, collection = self.webhooks.store, target.collection
        if require_state(self.deps, target).cursor is None:  # no run has filled it completely
            return True
        message = store.get_message(self.receiver, collection)
        if message is not None and not self._send(collection, message):
            return False
        states = self._read_states(target)
        fingerprints = store.list_fingerprints(self.receiver, collection)
        if fingerprints is None:
            store.record(self.receiver, collection, dict(self._summarize(collection, states, list(states))))
            return True
        new_names = states.keys() - fingerprints.keys()
        if len(new_names) > MAX_NEW_PACKAGES:
            return self._announce_many(collection, states, new_names)
        events = self._find_events(collection, states, fingerprints)
        return self._send_events(collection, states, events)

    def _announce_many(self, collection: str, states: Mapping[str, ProjectState], names: set[str]) -> bool:
        url = build_page_url(self.webhooks.site_url, collection)
        data = {"collection": collection, "count": len(names), "url": url}
        body = encode_payload(EventType.MANY_PACKAGES, int(self.deps.now()), data)
        message = WebhookMessage(id=_create_id(), body=body)
        packages = dict(self._summarize(collection, states, sorted(names)))
        self.webhooks.store.record(self.receiver, collection, packages, message)
        return self._send(collection, message)

    def _send_events(self, collection: str, states: Mapping[str, ProjectState], events: Sequence[PackageEvent]) -> bool:
        store = self.webhooks.store
        last_events = {event.name: event for event in events}
        for number, event in enumerate(events):
            if self.deps.now() >= self.deadline:
                store.set_waiting(self.receiver, collection, len(events) - number)
                return False
            record = None
            if event.after is not None:
                is_last = event is last_events[event.name]
                fingerprint = _build_fingerprint(states[event.name]) if is_last else ""
                record = PackageRecord(fingerprint=fingerprint, package=event.after)
            message = WebhookMessage(id=_create_id(), body=self._encode(collection, event))
            store.record(self.receiver, collection, {event.name: record}, message)
            if not self._send(collection, message):
                store.set_waiting(self.receiver, collection, len(events) - number)
                return False
        store.set_waiting(self.receiver, collection, 0)
        return True

    def _send(self, collection: str, message: WebhookMessage) -> bool:
        """Send a recorded message, and record whether the receiver has accepted it."""
        store = self.webhooks.store
        try:
            self.webhooks.sender.send(self.receiver, message)
        except AggregatorError as error:
            now, failures = int(self.deps.now()), store.get_status(self.receiver).failures
            pause = min(FIRST_PAUSE * 2 ** min(failures, 20), LONGEST_PAUSE)
            store.fail(self.receiver, str(error), failed_at=now, retry_at=now + pause)
            self.report.add_failure(self.name, error)
            return False
        store.accept(self.receiver, collection)
        self.report.delivered += 1
        return True

    def _encode(self, collection: str, event: PackageEvent) -> bytes:
        url = build_page_url(self.webhooks.site_url, collection, event.name)
        data: dict[str, Any] = {"collection": collection, **event.data, "url": url}
        return encode_payload(event.type, event.occurred_at, data)

    def _read_states(self, target: Target) -> dict[str, ProjectState]:
        """Return the states of the packages that readers of the site see."""
        hidden_names = get_hidden_names(self.deps, target)
        return {
            state.name_normalized: state
            for state in self.deps.index.iter_project_states(target.collection)
            if state.project_status != ProjectStatus.QUARANTINED and state.name_normalized not in hidden_names
        }

    def _summarize(
        self, collection: str, states: Mapping[str, ProjectState], names: Sequence[str]
    ) -> Iterator[tuple[str, PackageRecord]]:
        for batch in split_into_batches(names, _READ_BATCH):
            for name, releases in self.deps.index.get_documents(collection, batch).items():
                fingerprint = _build_fingerprint(states[name])
                yield name, PackageRecord(fingerprint=fingerprint, package=summarize_package(releases))

    def _find_events(
        self, collection: str, states: Mapping[str, ProjectState], fingerprints: Mapping[str, str]
    ) -> list[PackageEvent]:
        """Return the events that the receiver does not know; record the packages that have changed without any."""
        now, index, store = int(self.deps.now()), self.deps.index, self.webhooks.store
        changed = [name for name, state in states.items() if fingerprints.get(name) != _build_fingerprint(state)]
        timed_events: list[tuple[int, PackageEvent]] = []
        for batch in split_into_batches(changed, _READ_BATCH):
            announced = store.get_announced(self.receiver, collection, batch)
            unchanged: dict[str, PackageRecord | None] = {}
            for name, releases in index.get_documents(collection, batch).items():
                if found := find_events(announced.get(name), releases, now):
                    # The events of a package stay in their order, whatever their times are.
                    times = accumulate((event.occurred_at for event in found), max)
                    timed_events += zip(times, found, strict=True)
                else:
                    fingerprint = _build_fingerprint(states[name])
                    unchanged[name] = PackageRecord(fingerprint=fingerprint, package=summarize_package(releases))
            if unchanged:
                store.record(self.receiver, collection, unchanged)
        for name in sorted(fingerprints.keys() - states.keys()):
            tombstone = index.get_tombstone(collection, name)
            reason, removed_at = (
                (tombstone.reason, tombstone.removed_at) if tombstone else ("it is quarantined or excluded", now)
            )
            timed_events.append((removed_at, build_departure(name, reason, removed_at)))
        return [event for _, event in sorted(timed_events, key=itemgetter(0))]
