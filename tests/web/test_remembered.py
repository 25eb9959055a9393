"""What is the same for everybody is looked up once in a while."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from pyf.aggregator.web.remembered import Remembered
from worlds import Clock


def test_what_was_found_is_kept_for_so_long() -> None:
    clock, looked = Clock(), list[str]()
    remembered = Remembered[str, int](lambda key: looked.append(key) or len(looked), seconds=10, clock=clock)  # type: ignore[func-returns-value]

    first = [remembered.get("a"), remembered.get("a"), remembered.get("b")]
    clock.pass_(10)

    assert (first, remembered.get("a"), looked) == ([1, 1, 2], 3, ["a", "b", "a"])


def test_nothing_is_kept_for_no_time() -> None:
    looked = list[str]()
    remembered = Remembered[str, None](looked.append, seconds=0, clock=Clock())

    remembered.get("a")
    remembered.get("a")

    assert looked == ["a", "a"]


def test_a_failure_is_not_kept() -> None:
    answers = iter([ZeroDivisionError(), 7])

    def look(_key: str) -> int:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    remembered = Remembered[str, int](look, seconds=10, clock=Clock())
    with pytest.raises(ZeroDivisionError):
        remembered.get("a")

    assert remembered.get("a") == 7


def test_many_who_ask_at_once_wait_for_one_look() -> None:
    looked, gate = list[str](), Event()

    def look(key: str) -> int:
        looked.append(key)
        gate.wait(60)
        return len(looked)

    remembered = Remembered[str, int](look, seconds=10, clock=Clock())
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(remembered.get, "a") for _ in range(4)]
        gate.set()

    assert ([each.result() for each in asked], looked) == ([1, 1, 1, 1], ["a"])
