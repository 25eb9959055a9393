"""A client that asks too much waits; others do not."""

from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from litestar.types import HTTPScope

from pyf.aggregator.web.door import Door
from worlds import Clock


def scope(client: str = "10.0.0.1", path: str = "/") -> HTTPScope:
    asked: dict[str, Any] = {
        "type": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [],
        "client": (client, 1),
    }
    return cast(HTTPScope, asked)


def test_a_client_is_answered_so_many_times_and_told_when_to_go_on() -> None:
    clock = Clock()
    door = Door(requests_a_minute=3, clock=clock)
    answers = [door.refusal(scope()) for _ in range(4)]

    assert answers[:3] == [None, None, None]
    assert answers[3] is not None
    assert answers[3].headers == {"retry-after": "20"}
    clock.pass_(20)
    assert door.refusal(scope()) is None
    assert door.refusal(scope()) is not None


def test_one_client_does_not_use_up_what_another_is_due() -> None:
    door = Door(requests_a_minute=1, clock=Clock())
    door.refusal(scope("10.0.0.1"))

    assert door.refusal(scope("10.0.0.1")) is not None
    assert door.refusal(scope("10.0.0.2")) is None


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("fe80::1%eth0", "fe80::2%eth0", True),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("a:b", "a:c", False),
    ],
)
def test_all_addresses_of_a_household_are_one_client(one: str, other: str, same: bool) -> None:
    door = Door(requests_a_minute=1, clock=Clock())
    door.refusal(scope(one))

    assert (door.refusal(scope(other)) is not None) is same


@pytest.mark.parametrize("path", ["/static/style.css", "/health"])
def test_what_costs_nothing_is_not_counted(path: str) -> None:
    door = Door(requests_a_minute=1, clock=Clock())

    assert [door.refusal(scope(path=path)) for _ in range(5)] == [None] * 5


def test_clients_beyond_number_are_forgotten() -> None:
    door = Door(requests_a_minute=1, clock=Clock())
    for number in range(10_050):
        door.refusal(scope(str(number)))

    assert len(door._left) == 10_000


@given(st.lists(st.floats(0, 100), max_size=200), st.integers(1, 1000))
def test_nobody_is_answered_more_often_than_is_due(pauses: list[float], due: int) -> None:
    clock = Clock()
    door = Door(requests_a_minute=due, clock=clock)
    answered = 0
    for pause in pauses:
        clock.pass_(pause)
        answered += door.refusal(scope()) is None

    assert answered <= due + sum(pauses) * due / 60 + 1e-3
