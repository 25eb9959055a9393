"""Webhooks: what receivers get of a collection that changes, if receivers fail and deliveries are killed."""

from collections.abc import Callable, Set
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec.json import decode
from msgspec.structs import replace

from pyf.aggregator.domain.collection import CollectionState, Tombstone
from pyf.aggregator.domain.errors import Locked
from pyf.aggregator.domain.membership.profile import Filter
from pyf.aggregator.domain.webhooks import WebhookMessage
from pyf.aggregator.ports import Dependencies, ProjectDocuments, Webhooks
from pyf.aggregator.testing.webhooks import FakeReceivers, FakeWebhookStore
from pyf.aggregator.usecases.collections.target import Target
from pyf.aggregator.usecases.webhooks import (
    FIRST_PAUSE,
    LONGEST_PAUSE,
    MAX_NEW_PACKAGES,
    WebhookReport,
    deliver_events,
    list_receivers,
    send_test_event,
)
from support.builders import build_fields
from support.fake_dependencies import build_fake_dependencies
from support.registry_world import World as RegistryWorld

PLONE = Target(collection="plone")
START = 1_700_000_000


class Crash(Exception):
    """The process is killed here."""


class World:
    """A collection with two receivers, the time, and what the receivers got."""

    def __init__(self, *names: str) -> None:
        self.time = float(START)
        self.receivers = FakeReceivers()
        self.store = FakeWebhookStore()
        self.serial = 0
        webhooks = Webhooks(
            receivers={"a": "https://a.example", "b": "https://b.example"},
            sender=self.receivers,
            store=self.store,
            site_url="https://packages.example",
        )
        self.deps: Dependencies = build_fake_dependencies(now=lambda: self.time, webhooks=webhooks)
        self.deps.admin.create("plone", CollectionState(filter=Filter(classifiers=("Framework :: Plone",)), cursor=1))
        for name in names:
            self.put(name, "1.0")

    def put(self, name: str, *versions: str, **fields: Any) -> None:
        """Store a package with these releases, the newest first."""
        self.serial += 1
        documents = tuple(
            build_fields(name, version, is_newest=not number, upload_timestamp=START - number, last_serial=self.serial)
            for number, version in enumerate(versions)
        )
        documents = (replace(documents[0], **fields), *documents[1:])
        name_normalized = documents[0].name_normalized
        self.deps.index.put("plone", [ProjectDocuments(name_normalized=name_normalized, documents=documents)])

    def remove(self, name: str) -> None:
        self.deps.index.remove("plone", [Tombstone(name=name, removed_at=START, reason="its author deleted it")])

    def deliver(self) -> WebhookReport:
        return deliver_events(self.deps, [PLONE])

    def list_accepted(self, receiver: str = "a") -> list[tuple[str, str]]:
        payloads = [decode(message.body) for message in self.receivers.accepted.get(receiver, [])]
        return [(payload["type"], payload["data"].get("version", "")) for payload in payloads]


def test_content_of_a_new_collection_is_not_reported() -> None:
    world = World("a.b", "c.d")

    report = world.deliver()

    assert (report.delivered, report.waiting, world.receivers.attempts) == (0, 0, 0)
    assert world.deliver().is_complete


def test_collection_that_no_run_has_filled_is_not_followed_yet() -> None:
    world = World("a.b")
    world.deps.index.set_state("plone", replace(world.deps.index.get_state("plone"), cursor=None))
    world.deliver()
    world.put("c.d", "1.0")
    world.deps.index.set_state("plone", replace(world.deps.index.get_state("plone"), cursor=2))

    assert world.deliver().delivered == 0


def test_every_kind_of_event_is_sent_once_to_every_receiver() -> None:
    world = World("a.b", "c.d")
    world.deliver()
    world.put("a.b", "2.0", "1.0")
    world.put("new.one", "0.1", summary="A new one")
    world.remove("c-d")

    report = world.deliver()

    assert (report.delivered, report.waiting) == (6, 0)
    assert sorted(world.list_accepted()) == [("package.left", ""), ("package.new", "0.1"), ("release.new", "2.0")]
    assert world.list_accepted("b") == world.list_accepted("a")
    assert decode(world.receivers.accepted["a"][-1].body)["data"]["url"].startswith(
        "https://packages.example/in/plone/"
    )
    assert world.deliver().delivered == 0
    ids = [message.id for messages in world.receivers.accepted.values() for message in messages]
    assert len(set(ids)) == 6


def test_receiver_that_is_down_delays_nothing_and_gets_everything_later() -> None:
    world = World("a.b")
    world.deliver()
    world.receivers.broken = {"a"}
    for version in ("2.0", "3.0"):
        world.put("a.b", version, "1.0")
        world.deliver()

    assert world.receivers.attempts == 1 + 2  # one to the broken receiver, until its pause is over
    status = list_receivers(world.deps)[0].status
    assert (status.waiting, status.failures, status.error) == (1, 1, "503 Service Unavailable")
    assert status.retry_at == START + FIRST_PAUSE
    failed_id = world.store.get_message("a", "plone")

    world.receivers.broken = set()
    world.time += FIRST_PAUSE
    report = world.deliver()

    assert report.delivered == 2
    assert world.list_accepted() == [("release.new", "2.0"), ("release.new", "3.0")]
    assert world.receivers.accepted["a"][0] == failed_id
    assert list_receivers(world.deps)[0].status.error == ""


def test_pause_grows_to_a_limit() -> None:
    world = World("a.b")
    world.deliver()
    world.receivers.broken = {"a", "b"}
    world.put("a.b", "2.0", "1.0")
    pauses = []
    for _ in range(12):
        world.deliver()
        pauses.append(list_receivers(world.deps)[0].status.retry_at - world.time)
        world.time += pauses[-1]

    assert pauses[:3] == [FIRST_PAUSE, 2 * FIRST_PAUSE, 4 * FIRST_PAUSE]
    assert pauses[-1] == LONGEST_PAUSE
    world.time -= 100 * LONGEST_PAUSE  # the clock was ahead
    attempts = world.receivers.attempts
    world.deliver()
    assert world.receivers.attempts == attempts + 2


@pytest.mark.parametrize(
    ("retry_after", "pause"), [(None, FIRST_PAUSE), (5, FIRST_PAUSE), (600.5, 601), (10 * LONGEST_PAUSE, LONGEST_PAUSE)]
)
def test_pause_is_as_long_as_the_receiver_asks_for(retry_after: float | None, pause: int) -> None:
    world = World("a.b")
    world.deliver()
    world.receivers.broken = {"a", "b"}
    world.receivers.retry_after = retry_after
    world.put("a.b", "2.0", "1.0")

    world.deliver()

    assert list_receivers(world.deps)[0].status.retry_at == START + pause


def test_many_new_packages_are_one_event() -> None:
    world = World("a.b")
    world.deliver()
    for number in range(MAX_NEW_PACKAGES + 1):
        world.put(f"p{number}", "1.0")

    assert world.deliver().delivered == 2
    assert decode(world.receivers.accepted["a"][0].body)["data"]["count"] == MAX_NEW_PACKAGES + 1
    assert world.deliver().delivered == 0


def test_removed_receivers_and_deleted_collections_are_forgotten() -> None:
    world = World("a.b")
    world.deliver()
    hooks = world.deps.webhooks
    assert hooks is not None
    deps = replace(world.deps, webhooks=replace(hooks, receivers={"a": "https://a.example"}))

    deliver_events(deps, [PLONE])
    assert world.store.list_receivers() == ["a"]
    world.deps.admin.drop("plone")
    deliver_events(deps, [])
    assert world.store.list_collections() == []


def test_quarantined_package_has_left() -> None:
    world = World("a.b")
    world.deliver()
    world.put("a.b", "1.0", project_status="quarantined")
    world.deliver()

    assert world.list_accepted() == [("package.left", "")]


def test_concurrent_delivery_is_locked_out() -> None:
    world = World("a.b")
    with world.store.lock():
        assert isinstance(world.deliver().error, Locked)


def test_test_event_is_sent_at_once() -> None:
    world = World()
    world.receivers.broken = {"b"}

    report = send_test_event(world.deps)

    assert (report.delivered, report.failed) == (1, ["https://b.example"])
    assert world.list_accepted() == [("webhook.test", "")]


def test_runs_and_a_rebuild_report_each_change_once(small: RegistryWorld) -> None:
    receivers = FakeReceivers()
    webhooks = Webhooks(receivers={"a": "https://a.example"}, sender=receivers, store=FakeWebhookStore())
    deps = replace(small.deps, webhooks=webhooks)
    target = Target(collection=small.collection, filter=small.filter)
    steps: list[Callable[[], Any]] = [
        small.fetch,
        lambda: small.fake_registry.publish("collective.one", "9.0", info={"classifiers": ["Framework :: Plone"]}),
        lambda: small.fake_registry.remove_project("collective.two"),
        small.changes,
        small.recreate,
        small.refresh,
    ]
    for step in steps:
        step()
        assert deliver_events(deps, [target]).is_complete

    payloads = [decode(message.body) for message in receivers.accepted["a"]]
    kinds = [(payload["type"], payload["data"]["package"]) for payload in payloads]
    assert sorted(kinds) == [
        ("package.left", "collective-two"),
        ("release.new", "collective.one"),
        ("support.lost", "collective.one"),
    ]


class Fuse:
    """Counts calls of a fake, and raises before or after one of them."""

    def __init__(self, calls: int, *, is_late: bool) -> None:
        self.calls, self.is_late = calls, is_late

    def wrap(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            self.calls -= 1
            if not self.calls and not self.is_late:
                raise Crash
            result = method(*arguments, **options)
            if not self.calls:
                raise Crash
            return result

        return call


class FusedPort:
    """A port that fails at one call, together with others on the same fuse."""

    def __init__(self, port: Any, fuse: Fuse, *names: str) -> None:
        self._port, self._fuse, self._names = port, fuse, names

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._port, name)
        return self._fuse.wrap(attribute) if name in self._names else attribute


VERSIONS = ("1.0", "2.0", "3.0", "4.0")
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.sampled_from("abc"), st.integers(1, 4)),
        st.tuples(st.just("remove"), st.sampled_from("abc"), st.just(0)),
        st.tuples(st.just("break"), st.sampled_from("ab"), st.just(0)),
        st.tuples(st.just("crash"), st.booleans(), st.integers(1, 9)),
        st.tuples(st.just("deliver"), st.just(""), st.just(0)),
    ),
    max_size=12,
)


@given(STEPS)
@example([("put", "a", 2), ("deliver", "", 0), ("put", "a", 1), ("crash", False, 2), ("put", "a", 2)])
def test_crash_at_any_point_loses_nothing_and_repeats_nothing_that_was_accepted(
    steps: list[tuple[str, Any, int]],
) -> None:
    world = World("a", "b")
    world.deliver()
    hooks = world.deps.webhooks
    assert hooks is not None
    deleted_releases: set[tuple[str, str]] = set()
    for kind, value, number in [*steps, ("repair", "", 0)]:
        world.time += LONGEST_PAUSE
        match kind:
            case "put":
                stored = world.deps.index.get_documents("plone", [value]).get(value, ())
                deleted_releases |= {(value, release.version) for release in stored} - {
                    (value, version) for version in VERSIONS[:number]
                }
                world.put(value, *reversed(VERSIONS[:number]))
            case "remove":
                world.remove(value)
            case "break":
                world.receivers.broken ^= {value}
            case "crash":
                fuse = Fuse(number, is_late=value)
                fused = replace(
                    hooks,
                    sender=FusedPort(world.receivers, fuse, "send"),
                    store=FusedPort(world.store, fuse, "record", "accept", "fail", "set_waiting"),
                )
                with suppress(Crash):
                    deliver_events(replace(world.deps, webhooks=fused), [PLONE])
            case "deliver":
                world.deliver()
            case "repair":
                world.receivers.broken = set()
                world.deliver()
    for receiver in ("a", "b"):
        messages = world.receivers.accepted.get(receiver, [])
        check_knowledge(world, messages, deleted_releases)
        # Each crash may have hit the moment between a message's acceptance and its record.
        assert len(messages) - len(set(messages)) <= sum(kind == "crash" for kind, _, _ in steps)


def check_knowledge(world: World, messages: list[WebhookMessage], deleted_releases: Set[tuple[str, str]]) -> None:
    """Check that a receiver that drops known ids knows exactly what is in the collection, from events in order.

    Args:
        deleted_releases: Names and versions of releases that were deleted, and may have returned as new ones.
    """
    known: dict[str, set[str]] = {"a": {"1.0"}, "b": {"1.0"}}
    assert len({message.id for message in messages}) == len(set(messages))  # a repeated message is the same one
    for message in dict.fromkeys(messages):
        payload = decode(message.body)
        name, version = payload["data"]["package"], payload["data"].get("version", "")
        match payload["type"]:
            case "package.new":
                assert name not in known
                known[name] = {*VERSIONS[: VERSIONS.index(version) + 1]}
            case "release.new":
                assert version not in known[name] or (name, version) in deleted_releases
                known[name].add(version)
            case "package.left":
                del known[name]
    stored = world.deps.index.get_documents("plone", ["a", "b", "c"])
    assert known.keys() == stored.keys()
    assert all(known[name] >= {fields.version for fields in releases} for name, releases in stored.items())
