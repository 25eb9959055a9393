"""Malformed messages do not stop a worker."""

import json
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import Popen
from typing import Any

import pytest

from pyf.aggregator import queue
from pyf.aggregator.adapters.redis import BrokerQueue
from pyf.aggregator.adapters.redis.broker_queue import QUEUE, UNACKED, MalformedMessage, parse_envelope
from pyf.aggregator.queue import task_names
from pyf.aggregator.queue.transport import MALFORMED
from support.cli_runner import CommandRunner
from support.queue_site import QueueSite
from support.waiting import wait_until

TASK = task_names.PREFIX + "update_project"
LINKS = {"callbacks": None, "errbacks": None, "chain": None, "chord": None}


def encode_body(value: object) -> str:
    return b64encode(json.dumps(value).encode()).decode()


def build_envelope(changes: dict[str, Any] | None = None, **parts: dict[str, Any]) -> dict[str, Any]:
    """Return a message like Celery's, with other values on the top, in `headers` and in `properties`."""
    envelope: dict[str, Any] = {
        "body": encode_body([["Plone.Api"], {}, LINKS]),
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": {"lang": "py", "task": TASK, "id": "1", "retries": 0, "eta": None, "timelimit": [None, None]},
        "properties": {
            "correlation_id": "1",
            "delivery_mode": 2,
            "delivery_info": {"exchange": "", "routing_key": QUEUE},
            "priority": 0,
            "body_encoding": "base64",
            "delivery_tag": "tag",
        },
    }
    envelope |= changes or {}
    for name, values in parts.items():
        envelope[name] = envelope[name] | values
    return envelope


def drop(part: str, *names: str) -> dict[str, Any]:
    envelope = build_envelope()
    target = envelope[part] if part else envelope
    for name in names:
        del target[name]
    return envelope


MALFORMED_MESSAGES: list[object] = [
    "not JSON",
    "",
    "{",
    "[" * 10_000,
    "null",
    "7",
    "[]",
    "{}",
    '"text"',
    *({"body": body} for body in (None, 7, [], {})),
    *(build_envelope({"body": body}) for body in ("!!!", "a", "é", "", None, 7, b64encode(b"\xff\xfe").decode())),
    *(
        build_envelope({"body": encode_body(body)})
        for body in (None, 7, "a", {}, [], [[]], [[], {}], [{}, [], LINKS], [[], {}, 7],
                     [[], {}, LINKS, 1], ["a", {}, {}])
    ),
    build_envelope({"body": encode_body([["a"], {}, {**LINKS, "chain": [{"task": TASK, "args": [], "kwargs": {}}]}])}),
    build_envelope({"body": encode_body([["a"], {}, {**LINKS, "callbacks": 7}])}),
    build_envelope({"body": encode_body([[{"__type__": "datetime", "__value__": "no"}], {}, LINKS])}),
    *(build_envelope({"content-type": value}) for value in (None, 7, "application/x-python-serialize", "text/plain")),
    *(build_envelope({"content-encoding": value}) for value in (None, "binary", "no-such-code")),
    *(build_envelope({"headers": value}) for value in (None, 7, [], {})),
    *(build_envelope({"properties": value}) for value in (None, 7, [], {})),
    *(build_envelope(headers={"task": value}) for value in (None, 7, [], {})),
    *(build_envelope(headers={"id": value}) for value in (None, 7, [])),
    *(build_envelope(headers={"eta": value}) for value in ("never", 7, [])),
    *(build_envelope(headers={"expires": value}) for value in ("never", [])),
    *(build_envelope(headers={"timelimit": value}) for value in ("no", [1], ["a", "b"], {})),
    build_envelope(headers={"retries": "many"}),
    *(build_envelope(properties={"delivery_tag": value}) for value in (None, [], 7)),
    *(build_envelope(properties={"delivery_info": value}) for value in (None, 7, {}, {"exchange": ""})),
    *(build_envelope(properties={"body_encoding": value}) for value in (None, "rot13", 7)),
    *(drop("", name) for name in ("body", "headers", "properties", "content-type", "content-encoding")),
    *(drop("headers", name) for name in ("task", "id")),
    *(drop("properties", name) for name in ("delivery_tag", "delivery_info", "body_encoding")),
]  # fmt: skip


def encode(message: object) -> str:
    return message if isinstance(message, str) else json.dumps(message)


@pytest.mark.parametrize("number", range(len(MALFORMED_MESSAGES)))
def test_malformed_message_is_recognized(number: int) -> None:
    message = encode(MALFORMED_MESSAGES[number])
    if "__type__" in message or encode_body([[{"__type__": "datetime", "__value__": "no"}], {}, LINKS]) in message:
        return  # its values are converted by the task only, which then fails
    with pytest.raises(MalformedMessage):
        parse_envelope(message)


def test_message_of_celery_is_well_formed(site: QueueSite) -> None:
    name = f"{task_names.PREFIX}refresh_all_indexed_packages"
    queue.app.tasks[name].apply_async((), {"collection_name": "plone"}, countdown=5, expires=60)

    with site.redis.create_client() as client:
        (task,) = BrokerQueue(client).purge()

    assert (task.task, task.args, task.kwargs) == (name, (), {"collection_name": "plone"})


@contextmanager
def running_worker(site: QueueSite, folder: Path, pool: str) -> Iterator[tuple[Popen[str], Path]]:
    log = folder / "worker.log"
    settings = {"redis_host": site.redis.address, "pypi_base_url": site.pypi.url, "celery_restore_interval": 1}
    arguments = ("-A", "pyf.aggregator.queue", "worker", "--loglevel=info", f"--pool={pool}", "--concurrency=2")
    shell = CommandRunner(folder)
    with log.open("w") as err, shell.start(*arguments, module="celery", stderr=err.fileno(), **settings) as process:
        wait_until(lambda: "ready." in log.read_text() or process.poll() is not None)
        yield process, log
        process.terminate()
        process.wait(timeout=60)


def push_valid_task(site: QueueSite) -> Any:
    return queue.app.tasks[TASK].apply_async(("Plone.Api",))


@pytest.mark.parametrize("pool", ["threads", "prefork"])
def test_worker_puts_malformed_messages_aside(site: QueueSite, tmp_path: Path, pool: str) -> None:
    site.fill("plone")
    with site.redis.create_client() as client, running_worker(site, tmp_path, pool) as (process, log):
        for message in MALFORMED_MESSAGES:
            client.lpush(QUEUE, encode(message))
        task = push_valid_task(site)
        wait_until(lambda: task.ready() or process.poll() is not None)

        assert process.poll() is None, log.read_text()
        assert task.result["status"] == "done"
        assert client.llen(QUEUE) == 0
        assert client.llen(MALFORMED) >= len(MALFORMED_MESSAGES) - 2
        assert client.ttl(MALFORMED) > 0
        wait_until(lambda: client.hlen(UNACKED) == 0)
    assert "malformed message was put aside" in log.read_text()
    assert "Traceback" not in log.read_text().partition("Unrecoverable")[2]


def test_worker_survives_malformed_control_and_unacknowledged_messages(site: QueueSite, tmp_path: Path) -> None:
    site.fill("plone")
    with site.redis.create_client() as client:
        for tag, value in {"a": "garbage", "b": "[]", "c": "[7, 8, 9]", "d": '[{"body": "!"}, "", "celery"]'}.items():
            client.hset(UNACKED, tag, value)
            client.zadd("unacked_index", {tag: 1})
        with running_worker(site, tmp_path, "threads") as (process, log):
            for text in ("garbage", "{}", "[]", "7", '{"properties": 7}', '{"body": "!", "properties": {}}'):
                client.publish("/0.celery.pidbox", text)
            task = push_valid_task(site)
            wait_until(lambda: task.ready() or process.poll() is not None)
            wait_until(lambda: client.hlen(UNACKED) == 0 or process.poll() is not None)

            assert process.poll() is None, log.read_text()
            assert task.result["status"] == "done"


def test_replies_of_a_worker_to_inspection_are_not_put_aside(site: QueueSite, tmp_path: Path) -> None:
    with site.redis.create_client() as client, running_worker(site, tmp_path, "threads") as (_, log):
        (replies,) = queue.app.control.inspect(timeout=10, limit=1).ping().values()

        assert replies == {"ok": "pong"}, log.read_text()
        assert client.llen(MALFORMED) == 0
