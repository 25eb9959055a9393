"""TTL cache: expiry, errors, eviction and single flight."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from pyf.aggregator.web.site import TTLCache
from support.registry_world import Clock


def test_ttl_cache_reloads_after_ttl() -> None:
    clock, loaded = Clock(), list[str]()
    cache = TTLCache[str, int](lambda key: loaded.append(key) or len(loaded), ttl=10, clock=clock)  # type: ignore[func-returns-value]

    first = [cache.get("a"), cache.get("a"), cache.get("b")]
    clock.advance(10)

    assert (first, cache.get("a"), loaded) == ([1, 1, 2], 3, ["a", "b", "a"])


def test_ttl_of_zero_disables_the_cache() -> None:
    loaded = list[str]()
    cache = TTLCache[str, None](loaded.append, ttl=0, clock=Clock())

    cache.get("a")
    cache.get("a")

    assert loaded == ["a", "a"]


def test_errors_are_not_cached() -> None:
    results = iter([ZeroDivisionError(), 7])

    def load(_key: str) -> int:
        result = next(results)
        if isinstance(result, Exception):
            raise result
        return result

    cache = TTLCache[str, int](load, ttl=10, clock=Clock())
    with pytest.raises(ZeroDivisionError):
        cache.get("a")

    assert cache.get("a") == 7


def test_concurrent_gets_load_once() -> None:
    loaded, gate = list[str](), Event()

    def load(key: str) -> int:
        loaded.append(key)
        gate.wait(60)
        return len(loaded)

    cache = TTLCache[str, int](load, ttl=10, clock=Clock())
    with ThreadPoolExecutor(4) as pool:
        futures = [pool.submit(cache.get, "a") for _ in range(4)]
        gate.set()

    assert ([future.result() for future in futures], loaded) == ([1, 1, 1, 1], ["a"])


def test_oldest_entries_are_evicted() -> None:
    loaded = list[str]()
    cache = TTLCache[str, None](loaded.append, ttl=10, max_size=2, clock=Clock())

    for key in ("a", "b", "c", "c", "b", "a"):
        cache.get(key)

    assert loaded == ["a", "b", "c", "a"]
