"""XML-RPC of the local PyPI, called with the standard library's client."""

from collections.abc import Iterator
from typing import Any
from urllib.request import urlopen
from xmlrpc.client import Fault as Refusal
from xmlrpc.client import ServerProxy, loads

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyf.aggregator.sandbox.fake_registry import FakeRegistry
from pyf.aggregator.sandbox.faults import Fault, RateLimit, RetryAfter
from pyf.aggregator.sandbox.pypi import LocalPyPI
from pyf.aggregator.sandbox.xmlrpc import build_response

THROTTLED = "HTTPTooManyRequests: The action could not be performed because there were too many requests by the client."

# Everything that XML 1.0 can carry, and that a parser does not fold into something else.
TEXT = st.text(st.characters(min_codepoint=0x20, exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff"))
VALUES = st.recursive(
    st.none() | st.integers(-(2**31), 2**31 - 1) | TEXT,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXT, inner, max_size=5),
    max_leaves=20,
)


@pytest.fixture
def client(pypi: LocalPyPI) -> Iterator[Any]:
    with ServerProxy(f"{pypi.url}/pypi", allow_none=True) as proxy:
        yield proxy


def test_browse(client: Any) -> None:
    assert client.browse(["Framework :: Plone"]) == [["Acme.Blog", "1.0"], ["Acme.Blog", "2.0"], ["Acme.Blog", "2.1a1"]]
    assert client.browse(["Framework :: Plone", "Framework :: Plone"]) == []


def test_changelog_since_serial(client: Any, fake_registry: FakeRegistry) -> None:
    fake_registry.publish("Acme & Sons", "1.0", files=["sdist"])

    assert client.changelog_last_serial() == 5
    assert client.changelog_since_serial(2) == [
        ["Acme & Sons", None, 1_800_000_000, "create", 3],
        ["Acme & Sons", "1.0", 1_800_000_000, "new release", 4],
        ["Acme & Sons", "1.0", 1_800_000_000, "add source file acme & sons-1.0.tar.gz", 5],
    ]
    assert client.changelog_since_serial(5) == []


def test_changelog_pages(client: Any, fake_registry: FakeRegistry) -> None:
    fake_registry.add_filler_changes(60_000)

    first = client.changelog_since_serial(2)
    second = client.changelog_since_serial(first[-1][-1])

    assert (len(first), len(second)) == (50_000, 10_000)
    assert second[-1][-1] == client.changelog_last_serial()


def test_other_methods(client: Any) -> None:
    assert client.list_packages_with_serial() == {"Acme.Blog": 2, "acme-shop": 1}
    assert client.package_roles("acme.blog") == [["Owner", "ada"], ["Maintainer", "bob"]]
    assert client.package_roles("nobody") == []
    assert client.user_packages("ada") == [["Owner", "Acme.Blog"], ["Owner", "acme-shop"]]


def test_unknown_method_is_fault(client: Any) -> None:
    with pytest.raises(Refusal) as unknown:
        client.search({"name": "plone"})
    with pytest.raises(Refusal) as misused:
        client.changelog_since_serial("two")

    assert unknown.value.faultCode == -32500
    assert misused.value.faultCode == -32602


@pytest.mark.parametrize("body", [b"", b"{}", b"<methodCall", b"<methodResponse/>"])
def test_invalid_call_is_fault(pypi: LocalPyPI, body: bytes) -> None:
    with urlopen(f"{pypi.url}/pypi", data=body, timeout=5) as response, pytest.raises(Refusal) as refusal:
        loads(response.read())

    assert refusal.value.faultCode == -32700
    assert pypi.requests.by_kind == {"other": 1}


@pytest.mark.parametrize(
    ("retry_after", "text"), [(None, THROTTLED), (RetryAfter(42), f"{THROTTLED} Limit may reset in 42 seconds.")]
)
def test_rate_limit_is_fault_with_status_200(
    client: Any, pypi: LocalPyPI, retry_after: RetryAfter | None, text: str
) -> None:
    pypi.xmlrpc_limit = RateLimit(1, period=3600, retry_after=retry_after)
    serial = client.changelog_last_serial()

    # ServerProxy raises ProtocolError for any other status than 200.
    with pytest.raises(Refusal) as refusal:
        client.changelog_last_serial()

    assert serial == 2
    assert (refusal.value.faultCode, refusal.value.faultString) == (-32500, text)


def test_throttled_fault(client: Any, pypi: LocalPyPI) -> None:
    pypi.faults.add(Fault("throttled", request="browse", times=1))

    with pytest.raises(Refusal, match="too many requests by the client"):
        client.browse(["Framework :: Plone"])

    assert client.changelog_last_serial() == 2
    assert len(client.browse(["Framework :: Plone"])) == 3


def test_empty_browse_fault(client: Any, pypi: LocalPyPI) -> None:
    pypi.faults.add(Fault("empty_browse"))

    assert client.browse(["Framework :: Plone"]) == []
    assert client.changelog_last_serial() == 2


def test_calls_are_counted_by_kind(client: Any, pypi: LocalPyPI) -> None:
    client.browse(["Framework :: Plone"])
    client.changelog_since_serial(0)
    client.changelog_last_serial()
    client.list_packages_with_serial()

    assert pypi.requests.by_kind == {"browse": 1, "changelog": 1, "last_serial": 1, "other": 1}


@given(VALUES)
def test_values_round_trip(value: object) -> None:
    (read,), _ = loads(build_response(value))

    assert read == value
