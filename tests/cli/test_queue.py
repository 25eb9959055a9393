"""`pyfupdater --queue-stats` and `--purge-queue`: waiting tasks are counted, and deleted only after confirmation."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from celery import Celery

from pyf.aggregator.adapters.redis import RedisDedupStore, RedisLocks, connect
from pyf.aggregator.queue import task_names
from support.cli_runner import PYF, CommandRunner, CompletedCommand
from support.redis_server import RedisServer, start_redis
from support.waiting import wait_until

DEDUP_KEYS = {"package_id": "plone.api", "release_id": "2.0"}


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    with start_redis() as server:
        yield server


@pytest.fixture
def user(redis: RedisServer, tmp_path: Path) -> CommandRunner:
    with redis.create_client() as client:
        client.flushall()
    return CommandRunner(tmp_path, {"REDIS_HOST": redis.address})


def run_updater(user: CommandRunner, *arguments: str) -> CompletedCommand:
    return user.invoke(*arguments, command="pyfupdater")


def send_task(redis: RedisServer, task: str, *arguments: object, **task_kwargs: object) -> None:
    with Celery(broker=redis.url, set_as_current=False) as app:
        app.send_task(task, arguments, task_kwargs, ignore_result=True)


def test_queue_stats_by_task(user: CommandRunner, redis: RedisServer) -> None:
    send_task(redis, task_names.INSPECT, DEDUP_KEYS)
    send_task(redis, task_names.INSPECT, DEDUP_KEYS)
    send_task(redis, task_names.SCORES)
    with redis.create_client() as client:
        client.rpush("celery", "what nobody can read")

    result = run_updater(user, "--queue-stats", "--json")
    table = run_updater(user, "--queue-stats")

    assert result.code == 0
    assert result.report == {
        "pending": 4,
        "unacked": 0,
        "by_task": {"inspect_project": 2, "rescore_all_packages": 1, "unreadable message": 1},
        "workers": [],
    }
    assert "pending tasks" in table.out
    assert table.err.strip() == "No worker answers."


def test_purge_without_terminal_is_refused(user: CommandRunner, redis: RedisServer) -> None:
    send_task(redis, task_names.SCORES)

    refusal = run_updater(user, "--purge-queue")

    assert refusal.code == 2
    assert refusal.error.startswith("not a terminal: confirm with -f/--force. Nothing was changed. The question was: ")
    assert "1 waiting task " in refusal.error
    assert run_updater(user, "--queue-stats", "--json").report["pending"] == 1


@pytest.mark.parametrize("count", [0, 1, 1200])
def test_purge_with_force(user: CommandRunner, redis: RedisServer, count: int) -> None:
    with redis.create_client() as client:
        for _ in range(count):
            client.rpush("celery", "{}")

    purged = run_updater(user, "--purge-queue", "--force")

    plural = "s" * (count != 1)
    announced = [f"Purging {count:,} waiting task{plural} (unreadable message {count:,})."] if count else []
    assert (purged.code, purged.err.splitlines()) == (0, [*announced, f"Purged {count:,} task{plural}."])
    assert run_updater(user, "--queue-stats", "--json").report["pending"] == 0


def test_purge_clears_dedup_and_stalled_fetch(user: CommandRunner, redis: RedisServer) -> None:
    send_task(redis, task_names.INSPECT, DEDUP_KEYS)
    send_task(
        redis, task_names.FETCH_BATCH, collection_name="plone", profile_name="", fetch_id="me", part="0", to_read={}
    )
    with connect(redis.url) as client:
        RedisDedupStore(client).confirm("pyf:dedup:update:plone-api:2.0", 60)
        RedisLocks(client).acquire("fetch:plone", "me", 60)

        run_updater(user, "--purge-queue", "-f")

        assert RedisDedupStore(client).reserve("pyf:dedup:update:plone-api:2.0", 60)
        assert RedisLocks(client).owner("fetch:plone") == ""


@pytest.mark.parametrize("arguments", [("--queue-stats",), ("--queue-stats", "--json"), ("--purge-queue", "-f")])
def test_unavailable_redis_is_one_line_error(user: CommandRunner, arguments: tuple[str, ...]) -> None:
    user.environment["REDIS_HOST"] = "127.0.0.1:1"

    result = run_updater(user, *arguments)

    assert (result.code, result.out) == (4, "")
    assert result.error.startswith("Redis does not respond: ")


@pytest.mark.parametrize(
    "arguments",
    [("--queue-stats", "-f"), ("--purge-queue", "--json"), ("--queue-stats", "-t", "plone"), ("--queue-stats", "-ls")],
)
def test_options_without_effect_are_refused(user: CommandRunner, arguments: tuple[str, ...]) -> None:
    assert run_updater(user, *arguments).code == 2


def test_purge_names_tasks_before_it_removes_them(user: CommandRunner, redis: RedisServer) -> None:
    send_task(redis, task_names.INSPECT, DEDUP_KEYS)
    send_task(redis, task_names.INSPECT, DEDUP_KEYS)
    send_task(redis, task_names.SCORES)

    refusal = run_updater(user, "--purge-queue")

    assert "Purge 3 waiting tasks (inspect_project 2, rescore_all_packages 1) from the queue?" in refusal.error


@pytest.mark.parametrize("arguments", [["worker", "--pool=solo"], ["beat"], ["worker", "-B", "-c", "2"]])
def test_worker_and_beat_need_no_other_program(user: CommandRunner, arguments: list[str]) -> None:
    """`uv tool install` puts no `celery` on the path."""
    with user.start("queue", *arguments, module=PYF, path="/nowhere") as process:
        assert process.stderr is not None
        ready = " ready." if arguments[0] == "worker" else "beat: Starting"
        lines = iter(process.stderr.readline, "")
        assert any(ready in line for line in lines)
        has_beat = arguments != ["worker", "--pool=solo"]
        if has_beat:  # Celery can't end in order before it has opened its schedule
            wait_until(lambda: any(user.folder.glob("celerybeat-schedule*")))
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)

    assert process.returncode == 0
    assert any(user.folder.glob("celerybeat-schedule*")) is has_beat


@pytest.mark.parametrize("command", ["worker", "beat"])
def test_invalid_setting_stops_worker_and_beat(user: CommandRunner, command: str) -> None:
    result = user.invoke("queue", command, command="pyf", celery_worker_pool="eventlet")

    assert result.code == 2
    assert result.error.startswith("CELERY_WORKER_POOL")
