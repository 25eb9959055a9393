"""What every way for workers to agree must do; in memory and on a real Redis."""

import itertools
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from coordinations import COORDINATIONS, Agreed
from pyf.aggregator.ports import Errands, Locks, Pace, SeenStore

# The shortest time that all of them can tell, and the longest that a test waits for it to pass.
SHORT = 1
PATIENCE = 20


@pytest.fixture(params=COORDINATIONS)
def agreed(request: pytest.FixtureRequest) -> Iterator[Agreed]:
    with COORDINATIONS[request.param]() as agreed:
        yield agreed


@pytest.fixture
def seen(agreed: Agreed) -> SeenStore:
    return agreed.seen


@pytest.fixture
def locks(agreed: Agreed) -> Locks:
    return agreed.locks


@pytest.fixture
def errands(agreed: Agreed) -> Errands:
    return agreed.errands


def eventually(condition: Callable[[], object]) -> bool:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def test_a_key_is_claimed_once(seen: SeenStore) -> None:
    assert [seen.claim("a", 60), seen.claim("a", 60), seen.claim("b", 60)] == [True, False, True]


def test_a_key_that_was_freed_can_be_claimed_again(seen: SeenStore) -> None:
    seen.claim("a", 60)

    seen.free("a")
    seen.free("never there")

    assert seen.claim("a", 60)


def test_a_key_lapses(seen: SeenStore) -> None:
    seen.claim("a", SHORT)

    assert eventually(lambda: seen.claim("a", 60))


def test_a_key_that_is_kept_outlasts_its_claim(seen: SeenStore) -> None:
    seen.claim("longer", SHORT)
    seen.keep("longer", 60)
    seen.keep("unclaimed", 60)
    seen.claim("shorter", SHORT)

    assert eventually(lambda: seen.claim("shorter", 60))
    assert not seen.claim("longer", 60)
    assert not seen.claim("unclaimed", 60)


def test_of_many_who_claim_a_key_at_once_one_gets_it(seen: SeenStore) -> None:
    with ThreadPoolExecutor(8) as pool:
        claims = list(pool.map(lambda _: seen.claim("a", 60), range(32)))

    assert claims.count(True) == 1


def test_a_right_has_one_holder(locks: Locks) -> None:
    assert locks.holder("plone") == ""

    assert locks.take("plone", "me", 60)
    assert not locks.take("plone", "you", 60)
    assert locks.take("django", "you", 60)
    assert (locks.holder("plone"), locks.holder("django")) == ("me", "you")


def test_who_has_a_right_may_take_it_again_and_has_it_longer(locks: Locks) -> None:
    locks.take("plone", "me", SHORT)
    locks.take("django", "me", SHORT)

    assert locks.take("plone", "me", 60)

    assert eventually(lambda: locks.take("django", "you", 60))
    assert not locks.take("plone", "you", 60)


def test_only_the_holder_can_give_a_right_back(locks: Locks) -> None:
    locks.take("plone", "me", 60)

    locks.give_back("plone", "you")
    assert locks.holder("plone") == "me"
    locks.give_back("plone", "me")
    assert locks.take("plone", "you", 60)


def test_a_right_that_is_not_taken_again_lapses(locks: Locks) -> None:
    locks.take("plone", "me", 0.5)

    assert eventually(lambda: not locks.holder("plone"))
    assert locks.take("plone", "you", 60)
    locks.give_back("plone", "me")
    assert locks.holder("plone") == "you"


def test_of_many_who_take_a_right_at_once_one_gets_it(locks: Locks) -> None:
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda n: locks.take("plone", str(n), 60), range(32)))

    assert taken.count(True) == 1


def test_what_is_left_of_a_work_is_told_with_each_part(errands: Errands) -> None:
    errands.hand_out("plone", ["0", "1", "2"], 60)
    errands.hand_out("django", ["0"], 60)

    assert [errands.hand_in("plone", part) for part in ("1", "1", "0", "2", "2")] == [2, 2, 1, 0, 0]
    assert errands.hand_in("django", "0") == 0


def test_a_work_that_is_handed_out_again_begins_anew(errands: Errands) -> None:
    errands.hand_out("plone", ["0", "1"], 60)
    errands.hand_in("plone", "0")

    errands.hand_out("plone", ["2", "3"], 60)

    assert errands.hand_in("plone", "1") == 2
    errands.hand_out("plone", [], 60)
    assert errands.hand_in("plone", "2") == 0


def test_exactly_the_last_of_many_parts_hears_that_nothing_is_left(errands: Errands) -> None:
    parts = [str(number) for number in range(32)]
    errands.hand_out("plone", parts, 60)

    with ThreadPoolExecutor(8) as pool:
        left = list(pool.map(lambda part: errands.hand_in("plone", part), parts))

    assert left.count(0) == 1


def test_turns_come_one_after_the_other(agreed: Agreed) -> None:
    pace = agreed.pace(5.0)

    waits = [pace.reserve() for _ in range(3)]

    assert waits[0] == 0
    assert [pytest.approx(wait, abs=2) for wait in waits[1:]] == [5, 10]


def test_turns_that_are_reserved_together_take_their_time_together(agreed: Agreed) -> None:
    pace = agreed.pace(2.0)

    assert pace.reserve(10) == 0
    assert pace.reserve() == pytest.approx(20, abs=2)


def test_nobody_has_a_turn_while_the_service_wants_to_rest(agreed: Agreed) -> None:
    pace = agreed.pace(1.0)

    pace.rest(30)
    pace.rest(10)

    assert pace.reserve() == pytest.approx(30, abs=2)
    assert pace.reserve() == pytest.approx(31, abs=2)


def test_time_that_nobody_used_is_not_made_up_for(agreed: Agreed) -> None:
    pace = agreed.pace(0.2)
    pace.reserve()
    time.sleep(0.5)

    waits = [pace.reserve() for _ in range(2)]

    assert waits[0] == 0
    assert 0 < waits[1] <= 0.2


def test_many_who_ask_at_once_get_turns_of_their_own(agreed: Agreed) -> None:
    pace: Pace = agreed.pace(10.0)

    with ThreadPoolExecutor(8) as pool:
        waits = sorted(pool.map(lambda _: pace.reserve(), range(16)))

    distances = [later - earlier for earlier, later in itertools.pairwise(waits)]
    assert all(distance == pytest.approx(10, abs=2) for distance in distances)
