"""Contract of the coordination ports, in memory and on a real Redis."""

import itertools
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from pyf.aggregator.ports import DedupStore, Locks, Partitions, RateLimiter
from support.coordination import COORDINATION_STORES, CoordinationPorts
from support.waiting import wait_until

# The shortest lifetime that all backends support.
SHORT = 1


@pytest.fixture(params=COORDINATION_STORES)
def backend(request: pytest.FixtureRequest) -> Iterator[CoordinationPorts]:
    with COORDINATION_STORES[request.param]() as agreed:
        yield agreed


@pytest.fixture
def dedup(backend: CoordinationPorts) -> DedupStore:
    return backend.dedup


@pytest.fixture
def locks(backend: CoordinationPorts) -> Locks:
    return backend.locks


@pytest.fixture
def partitions(backend: CoordinationPorts) -> Partitions:
    return backend.partitions


def test_key_is_reserved_once(dedup: DedupStore) -> None:
    assert [dedup.reserve("a", 60), dedup.reserve("a", 60), dedup.reserve("b", 60)] == [True, False, True]


def test_released_key_can_be_reserved_again(dedup: DedupStore) -> None:
    dedup.reserve("a", 60)

    dedup.release("a")
    dedup.release("never there")

    assert dedup.reserve("a", 60)


def test_reservation_expires(dedup: DedupStore) -> None:
    dedup.reserve("a", SHORT)

    wait_until(lambda: dedup.reserve("a", 60))


def test_confirmed_key_outlasts_reservation(dedup: DedupStore) -> None:
    dedup.reserve("longer", SHORT)
    dedup.confirm("longer", 60)
    dedup.confirm("unclaimed", 60)
    dedup.reserve("shorter", SHORT)

    wait_until(lambda: dedup.reserve("shorter", 60))
    assert not dedup.reserve("longer", 60)
    assert not dedup.reserve("unclaimed", 60)


def test_concurrent_reservations_have_one_winner(dedup: DedupStore) -> None:
    with ThreadPoolExecutor(8) as pool:
        claims = list(pool.map(lambda _: dedup.reserve("a", 60), range(32)))

    assert claims.count(True) == 1


def test_lock_has_one_owner(locks: Locks) -> None:
    assert locks.owner("plone") == ""

    assert locks.acquire("plone", "me", 60)
    assert not locks.acquire("plone", "you", 60)
    assert locks.acquire("django", "you", 60)
    assert (locks.owner("plone"), locks.owner("django")) == ("me", "you")


def test_acquire_extends_the_lock_of_its_owner(locks: Locks) -> None:
    locks.acquire("plone", "me", SHORT)
    locks.acquire("django", "me", SHORT)

    assert locks.acquire("plone", "me", 60)

    wait_until(lambda: locks.acquire("django", "you", 60))
    assert not locks.acquire("plone", "you", 60)


def test_only_the_owner_can_release_a_lock(locks: Locks) -> None:
    locks.acquire("plone", "me", 60)

    locks.release("plone", "you")
    assert locks.owner("plone") == "me"
    locks.release("plone", "me")
    assert locks.acquire("plone", "you", 60)


def test_lock_expires(locks: Locks) -> None:
    locks.acquire("plone", "me", 0.5)

    wait_until(lambda: not locks.owner("plone"))
    assert locks.acquire("plone", "you", 60)
    locks.release("plone", "me")
    assert locks.owner("plone") == "you"


def test_concurrent_acquire_has_one_winner(locks: Locks) -> None:
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda n: locks.acquire("plone", str(n), 60), range(32)))

    assert taken.count(True) == 1


def test_complete_returns_remaining_shards(partitions: Partitions) -> None:
    partitions.create("plone", ["0", "1", "2"], 60)
    partitions.create("django", ["0"], 60)

    assert [partitions.complete("plone", part) for part in ("1", "1", "0", "2", "2")] == [2, 2, 1, 0, 0]
    assert partitions.complete("django", "0") == 0


def test_create_replaces_open_shards(partitions: Partitions) -> None:
    partitions.create("plone", ["0", "1"], 60)
    partitions.complete("plone", "0")

    partitions.create("plone", ["2", "3"], 60)

    assert partitions.complete("plone", "1") == 2
    partitions.create("plone", [], 60)
    assert partitions.complete("plone", "2") == 0


def test_exactly_the_last_of_many_parts_hears_that_nothing_is_left(partitions: Partitions) -> None:
    parts = [str(number) for number in range(32)]
    partitions.create("plone", parts, 60)

    with ThreadPoolExecutor(8) as pool:
        left = list(pool.map(lambda part: partitions.complete("plone", part), parts))

    assert left.count(0) == 1


def test_permits_are_granted_in_sequence(backend: CoordinationPorts) -> None:
    pace = backend.create_rate_limiter(5.0)

    waits = [pace.acquire() for _ in range(3)]

    assert waits[0] == 0
    assert [pytest.approx(wait, abs=2) for wait in waits[1:]] == [5, 10]


def test_permits_of_one_call_take_their_time(backend: CoordinationPorts) -> None:
    pace = backend.create_rate_limiter(2.0)

    assert pace.acquire(10) == 0
    assert pace.acquire() == pytest.approx(20, abs=2)


def test_block_for_delays_all_turns(backend: CoordinationPorts) -> None:
    pace = backend.create_rate_limiter(1.0)

    pace.block_for(30)
    pace.block_for(10)

    assert pace.acquire() == pytest.approx(30, abs=2)
    assert pace.acquire() == pytest.approx(31, abs=2)


def test_unused_turns_are_not_kept(backend: CoordinationPorts) -> None:
    pace = backend.create_rate_limiter(0.2)
    pace.acquire()
    time.sleep(0.5)

    start = time.monotonic()
    assert pace.acquire() == 0
    wait = pace.acquire()

    assert wait <= 0.2
    assert wait + time.monotonic() - start >= 0.19


def test_concurrent_callers_get_different_turns(backend: CoordinationPorts) -> None:
    pace: RateLimiter = backend.create_rate_limiter(10.0)

    with ThreadPoolExecutor(8) as pool:
        waits = sorted(pool.map(lambda _: pace.acquire(), range(16)))

    distances = [later - earlier for earlier, later in itertools.pairwise(waits)]
    assert all(distance == pytest.approx(10, abs=2) for distance in distances)
