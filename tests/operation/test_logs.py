"""What the lines of a log hold, and what they never hold."""

import io
import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyf.aggregator import logs
from pyf.aggregator.adapters.http import Http
from pyf.aggregator.adapters.pypi import PyPIRegistry
from pyf.aggregator.adapters.retry import Retries
from pyf.aggregator.adapters.service import Limits, Service
from pyf.aggregator.logs import Lines, about
from pyf.aggregator.ports import Wanted
from pyf.aggregator.sample.ecosystem import Ecosystem
from pyf.aggregator.sample.faults import Fault
from pyf.aggregator.sample.services import LocalPyPI
from pyf.aggregator.settings import load_settings

TOKEN = "ghp_0123456789"
log = logging.getLogger("pyf.aggregator.test")


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What JSON lines are written to; the root logger is as before in the end."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    logs.set_up("json", secrets=[TOKEN], to=stream)
    yield stream
    root.handlers[:], root.level = handlers, level


def lines(written: io.StringIO) -> list[dict[str, Any]]:
    return [msgspec.json.decode(line) for line in written.getvalue().splitlines()]


def test_a_line_carries_what_it_is_about(written: io.StringIO) -> None:
    with about(task_id="7", task="inspect_project"), about(project="plone.api", collection=""):
        log.warning("looked at %s", "plone.api")
    log.info("afterwards")

    within, after = lines(written)
    assert within == {
        "time": within["time"],
        "level": "warning",
        "logger": "pyf.aggregator.test",
        "message": "looked at plone.api",
        "task_id": "7",
        "task": "inspect_project",
        "project": "plone.api",
    }
    assert after.keys() == {"time", "level", "logger", "message"}


def test_two_tasks_at_once_keep_their_lines_apart(written: io.StringIO) -> None:
    def task(number: int) -> None:
        with about(task_id=str(number)):
            for _ in range(50):
                log.info("%d", number)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(task, range(4)))

    assert len(lines(written)) == 200
    assert all(line["task_id"] == line["message"] for line in lines(written))


def test_what_is_asked_again_on_the_event_loop_is_known_by_its_task(written: io.StringIO) -> None:
    with LocalPyPI(Ecosystem([{"info": {"name": "acme"}, "releases": {}}])) as pypi, Http() as http:
        pypi.faults.add(Fault("503", times=1))
        registry = PyPIRegistry(Service(http, Limits(retries=Retries(most=1, backoff=0))), pypi.url)
        with about(task_id="7", project="acme"):
            list(registry.read([Wanted(name="acme")]))

    (again,) = [line for line in lines(written) if "asking again" in line["message"]]
    assert (again["task_id"], again["project"]) == ("7", "acme")


def test_celerys_own_lines_about_a_task_are_known_by_it(written: io.StringIO) -> None:
    context = {"id": "7", "name": "inspect_project", "runtime": 0.1}
    logging.getLogger("celery.app.trace").info("Task %(name)s[%(id)s] succeeded in %(runtime)ss", context)

    (line,) = lines(written)
    assert (line["task_id"], line["task"]) == ("7", "inspect_project")


def test_no_line_shows_a_token_wherever_it_comes_from(written: io.StringIO) -> None:
    with about(project=f"x{TOKEN}"):
        log.info("Authorization: Bearer %s", TOKEN)
        try:
            raise ValueError(f"token={TOKEN}")
        except ValueError:
            log.exception("it failed")

    assert TOKEN not in written.getvalue()
    assert [line["message"] for line in lines(written)] == ["Authorization: Bearer ***", "it failed"]
    assert "ValueError: token=***" in lines(written)[1]["traceback"]


def test_the_passwords_in_addresses_are_secrets_too() -> None:
    settings = load_settings(
        github_token=TOKEN,
        typesense_api_key="xyz-123456",
        clickhouse_url="https://me:p%40ssword@host.example/?user=me&password=an0ther",
    )

    assert set(settings.secrets) == {TOKEN, "xyz-123456", "p@ssword", "p%40ssword", "an0ther"}
    assert load_settings(clickhouse_url="https://host.example:80/?user=demo").secrets == []
    assert load_settings(redis_host=":hunter2@host.example:6379").secrets == ["hunter2"]


@given(st.text(st.characters()), st.text(st.characters()), st.sampled_from(["text", "json"]))
def test_whatever_is_said_is_one_line(message: str, project: str, format_: Any) -> None:
    record = logging.LogRecord("a", logging.INFO, "a.py", 1, "%s", (message,), None)
    with about(project=project):
        line = Lines(format_).format(record)

    assert "\n" not in line.encode().decode()
    if format_ == "json":
        assert msgspec.json.decode(line)["message"] == message.encode(errors="backslashreplace").decode()


def test_text_is_for_people() -> None:
    record = logging.LogRecord("pyf", logging.INFO, "a.py", 1, "two\nlines", None, None)
    with about(task="inspect_project"):
        line = Lines("text").format(record)

    assert line.endswith("Z INFO pyf: two lines [task=inspect_project]")
