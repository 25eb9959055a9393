"""`pyfupdater --queue-stats` and `--purge-queue`: what waits is told, and taken away only when that is wanted."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from celery import Celery

from pyf.aggregator.adapters.redis import RedisLocks, RedisSeenStore, connected
from pyf.aggregator.queue import names
from redis_server import RedisServer, redis_server
from shell import Ended, Shell

ANNOUNCED = {"package_id": "plone.api", "release_id": "2.0"}


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    with redis_server() as server:
        yield server


@pytest.fixture
def user(redis: RedisServer, tmp_path: Path) -> Shell:
    with redis.client() as client:
        client.flushall()
    return Shell(tmp_path, {"REDIS_HOST": redis.address})


def updater(user: Shell, *arguments: str) -> Ended:
    return user.call(*arguments, command="pyfupdater")


def send(redis: RedisServer, task: str, *arguments: object, **named: object) -> None:
    with Celery(broker=redis.url, set_as_current=False) as app:
        app.send_task(task, arguments, named, ignore_result=True)


def test_what_waits_is_told_by_task(user: Shell, redis: RedisServer) -> None:
    send(redis, names.INSPECT, ANNOUNCED)
    send(redis, names.INSPECT, ANNOUNCED)
    send(redis, names.SCORES)
    with redis.client() as client:
        client.rpush("celery", "what nobody can read")

    told = updater(user, "--queue-stats", "--json")
    table = updater(user, "--queue-stats")

    assert told.code == 0
    assert told.report == {
        "pending": 4,
        "in_hand": 0,
        "by_task": {"inspect_project": 2, "rescore_all_packages": 1, "a message that can't be read": 1},
        "workers": [],
    }
    assert "pending tasks" in table.out
    assert table.err.strip() == "No worker answers."


def test_nothing_is_purged_where_nobody_can_be_asked(user: Shell, redis: RedisServer) -> None:
    send(redis, names.SCORES)

    refused = updater(user, "--purge-queue")

    assert refused.code == 2
    assert refused.error.startswith("nobody can be asked here, so nothing was done; -f/--force answers with yes: ")
    assert "1 waiting task " in refused.error
    assert updater(user, "--queue-stats", "--json").report["pending"] == 1


@pytest.mark.parametrize("count", [0, 1, 1200])
def test_all_that_waits_is_purged_with_force(user: Shell, redis: RedisServer, count: int) -> None:
    with redis.client() as client:
        for _ in range(count):
            client.rpush("celery", "{}")

    purged = updater(user, "--purge-queue", "--force")

    assert (purged.code, purged.err.strip()) == (0, f"Purged {count:,} task{'s' * (count != 1)}.")
    assert updater(user, "--queue-stats", "--json").report["pending"] == 0


def test_what_was_announced_can_be_queued_again_and_a_fetch_that_lost_its_parts_is_over(
    user: Shell, redis: RedisServer
) -> None:
    send(redis, names.INSPECT, ANNOUNCED)
    send(redis, names.FETCH_BATCH, collection_name="plone", profile_name="", fetch_id="me", part="0", to_read={})
    with connected(redis.url) as client:
        RedisSeenStore(client).keep("pyf:dedup:update:plone-api:2.0", 60)
        RedisLocks(client).take("fetch:plone", "me", 60)

        updater(user, "--purge-queue", "-f")

        assert RedisSeenStore(client).claim("pyf:dedup:update:plone-api:2.0", 60)
        assert RedisLocks(client).holder("fetch:plone") == ""


@pytest.mark.parametrize("arguments", [("--queue-stats",), ("--queue-stats", "--json"), ("--purge-queue", "-f")])
def test_a_redis_that_does_not_answer_is_one_line(user: Shell, arguments: tuple[str, ...]) -> None:
    user.environment["REDIS_HOST"] = "127.0.0.1:1"

    ended = updater(user, *arguments)

    assert (ended.code, ended.out) == (4, "")
    assert ended.error.startswith("Redis does not answer: ")


@pytest.mark.parametrize(
    "arguments",
    [("--queue-stats", "-f"), ("--purge-queue", "--json"), ("--queue-stats", "-t", "plone"), ("--queue-stats", "-ls")],
)
def test_options_that_have_no_effect_are_refused(user: Shell, arguments: tuple[str, ...]) -> None:
    assert updater(user, *arguments).code == 2
