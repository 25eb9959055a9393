"""Contracts of `WebhookStore` and `WebhookSender`; the real receiver is the one that the documentation shows."""

import re
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Response

from pyf.aggregator.adapters.http.client import HttpClient
from pyf.aggregator.adapters.http.service_client import ServiceClient, ServiceLimits
from pyf.aggregator.adapters.sqlite.database import Database
from pyf.aggregator.adapters.sqlite.webhooks import SqliteWebhookStore
from pyf.aggregator.adapters.webhooks import HttpWebhookSender, sign_message
from pyf.aggregator.domain.errors import Locked, Unavailable
from pyf.aggregator.domain.webhooks import KnownPackage, WebhookMessage
from pyf.aggregator.ports import PackageRecord, ReceiverStatus, WebhookSender, WebhookStore
from pyf.aggregator.testing.webhooks import FakeReceivers, FakeWebhookStore
from support.webhook_receiver import SECRET, run_documented_receiver

MESSAGE = WebhookMessage(id="msg_1", body=b'{"type": "webhook.test"}')
RECORD = PackageRecord(fingerprint="1", package=KnownPackage(newest="1.0", versions=("1.0",)))


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[WebhookStore]:
    if request.param == "memory":
        yield FakeWebhookStore()
        return
    database = Database(tmp_path / "pyf.sqlite3")
    yield SqliteWebhookStore(database)
    database.close()


def test_nothing_is_known_at_first(store: WebhookStore) -> None:
    assert store.list_fingerprints("a", "plone") is None
    assert store.get_message("a", "plone") is None
    assert store.get_status("a") == ReceiverStatus()
    assert [*store.list_receivers(), *store.list_collections()] == []


def test_empty_collection_can_be_known(store: WebhookStore) -> None:
    store.record("a", "plone", {})

    assert store.list_fingerprints("a", "plone") == {}
    assert (store.list_receivers(), store.list_collections()) == (["a"], ["plone"])


def test_records_are_replaced_and_removed(store: WebhookStore) -> None:
    newer = PackageRecord(fingerprint="2", package=KnownPackage(newest="2.0", advisories=("A-1",)))
    store.record("a", "plone", {"x": RECORD, "y": RECORD, "z": RECORD})

    store.record("a", "plone", {"x": newer, "y": None, "unknown": None})

    assert store.list_fingerprints("a", "plone") == {"x": "2", "z": "1"}
    assert store.get_known_packages("a", "plone", ["x", "y"]) == {"x": newer.package}
    assert store.list_fingerprints("b", "plone") is None


def test_message_stays_until_it_is_accepted(store: WebhookStore) -> None:
    store.record("a", "plone", {"x": RECORD}, MESSAGE)
    store.record("a", "plone", {"y": RECORD})
    store.fail("a", "503 Service Unavailable", failed_at=5, retry_at=65)
    store.set_waiting("a", "plone", 3)
    store.record("a", "django", {})
    store.set_waiting("a", "django", 1)

    assert store.get_message("a", "plone") == MESSAGE
    assert store.get_status("a") == ReceiverStatus(
        failed=1, waiting=4, failures=1, failed_at=5, retry_at=65, error="503 Service Unavailable"
    )
    store.accept("a", "plone")
    assert store.get_message("a", "plone") is None
    assert store.get_status("a") == ReceiverStatus(delivered=1, failed=1, waiting=4, failed_at=5)


def test_receivers_and_collections_are_dropped(store: WebhookStore) -> None:
    for receiver in ("a", "b"):
        for collection in ("plone", "django"):
            store.record(receiver, collection, {"x": RECORD}, MESSAGE)

    store.drop(receiver="a")
    store.drop(collection="plone")

    assert (store.list_receivers(), store.list_collections()) == (["b"], ["django"])
    assert store.list_fingerprints("a", "django") is None
    assert store.get_known_packages("b", "plone", ["x"]) == {}
    assert store.list_fingerprints("b", "django") == {"x": "1"}


def test_one_delivery_at_a_time(store: WebhookStore) -> None:
    with store.lock(), pytest.raises(Locked, match="another process is delivering webhooks"), store.lock():
        pass
    with store.lock():
        pass


@pytest.fixture(params=["memory", "http"])
def senders(request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[..., Any]]:
    """Return a function that builds a sender, whose receivers know one of its keys or none."""
    if request.param == "memory":

        def build_fake(*, is_trusted: bool = True) -> WebhookSender:
            receivers = FakeReceivers()
            receivers.broken = set() if is_trusted else {"a"}
            return receivers

        yield build_fake
        return
    with run_documented_receiver() as url, HttpClient() as http:
        client = ServiceClient(http, ServiceLimits())

        def build(*, is_trusted: bool = True) -> WebhookSender:
            secrets = [f"whsec_{b64encode(bytes(32)).decode()}", *([SECRET] if is_trusted else [])]
            return HttpWebhookSender(client, {"a": f"{url}/secret-path"}, secrets)

        yield build
        assert capsys.readouterr().out.count("webhook.test") <= 1


def test_message_is_accepted_also_twice(senders: Callable[..., WebhookSender]) -> None:
    sender = senders()

    sender.send("a", MESSAGE)
    sender.send("a", MESSAGE)


def test_message_that_is_not_accepted_is_unavailable_without_its_url(senders: Callable[..., WebhookSender]) -> None:
    with pytest.raises(Unavailable) as caught:
        senders(is_trusted=False).send("a", MESSAGE)

    assert re.fullmatch(r"\d{3} \w[\w ]+", str(caught.value))


def test_receiver_that_does_not_answer_is_unavailable_without_its_url() -> None:
    with HttpClient() as http:
        client = ServiceClient(http, ServiceLimits(timeout=5))
        sender = HttpWebhookSender(client, {"a": "http://127.0.0.1:9/secret-path"}, [SECRET])
        with pytest.raises(Unavailable) as caught:
            sender.send("a", MESSAGE)

    assert str(caught.value) == "no connection: Connection refused"


def test_receiver_that_is_busy_says_when_to_try_again(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/").respond_with_response(Response(status=429, headers={"Retry-After": "120"}))
    with HttpClient() as http:
        sender = HttpWebhookSender(ServiceClient(http, ServiceLimits()), {"a": httpserver.url_for("/")}, [SECRET])
        with pytest.raises(Unavailable, match="429 Too Many Requests") as caught:
            sender.send("a", MESSAGE)

    assert caught.value.retry_after == 120


def test_signature_is_that_of_the_specification() -> None:
    message = WebhookMessage(id="msg_p5jXN8AQM9LWM0D4loKWxJek", body=b'{"test": 2432232314}')

    assert sign_message("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", message, 1_614_265_330) == (
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    )
