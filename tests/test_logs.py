"""Content and redaction of log lines."""

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
from pyf.aggregator.adapters.http.client import HttpClient
from pyf.aggregator.adapters.http.retry import RetryPolicy
from pyf.aggregator.adapters.http.service_client import ServiceClient, ServiceLimits
from pyf.aggregator.adapters.pypi import PyPIRegistry
from pyf.aggregator.logs import LineFormatter, bind_context
from pyf.aggregator.ports import ProjectRequest
from pyf.aggregator.sandbox.fake_registry import FakeRegistry
from pyf.aggregator.sandbox.faults import Fault
from pyf.aggregator.sandbox.pypi import LocalPyPI
from pyf.aggregator.settings import load_settings

TOKEN = "ghp_0123456789"
log = logging.getLogger("pyf.aggregator.test")


@pytest.fixture(autouse=True)
def clear_context() -> None:
    """Remove the fields that tasks of other tests may have left."""
    logs.set_context()


@pytest.fixture
def log_stream() -> Iterator[io.StringIO]:
    """Stream of JSON lines; restores the root logger at the end."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    logs.configure_logging("json", secrets=[TOKEN], stream=stream)
    yield stream
    root.handlers[:], root.level = handlers, level


def parse_lines(log_stream: io.StringIO) -> list[dict[str, Any]]:
    return [msgspec.json.decode(line) for line in log_stream.getvalue().splitlines()]


def test_line_has_bound_fields(log_stream: io.StringIO) -> None:
    with bind_context(task_id="7", task="inspect_project"), bind_context(project="plone.api", collection=""):
        log.warning("looked at %s", "plone.api")
    log.info("afterwards")

    within, after = parse_lines(log_stream)
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


def test_bound_fields_are_per_thread(log_stream: io.StringIO) -> None:
    def log_as_task(number: int) -> None:
        with bind_context(task_id=str(number)):
            for _ in range(50):
                log.info("%d", number)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(log_as_task, range(4)))

    assert len(parse_lines(log_stream)) == 200
    assert all(line["task_id"] == line["message"] for line in parse_lines(log_stream))


def test_bound_fields_reach_the_event_loop(log_stream: io.StringIO) -> None:
    with LocalPyPI(FakeRegistry([{"info": {"name": "acme"}, "releases": {}}])) as pypi, HttpClient() as http:
        pypi.faults.add(Fault("503", times=1))
        registry = PyPIRegistry(
            ServiceClient(http, ServiceLimits(retries=RetryPolicy(max_retries=1, backoff=0))), pypi.url
        )
        with bind_context(task_id="7", project="acme"):
            list(registry.read_projects([ProjectRequest(name="acme")]))

    (retry_line,) = [line for line in parse_lines(log_stream) if "retry 1 of 1" in line["message"]]
    assert (retry_line["task_id"], retry_line["project"]) == ("7", "acme")


def test_celery_lines_name_their_task(log_stream: io.StringIO) -> None:
    context = {"id": "7", "name": "inspect_project", "runtime": 0.1}
    logging.getLogger("celery.app.trace").info("Task %(name)s[%(id)s] succeeded in %(runtime)ss", context)

    (line,) = parse_lines(log_stream)
    assert (line["task_id"], line["task"]) == ("7", "inspect_project")


def test_secrets_are_redacted(log_stream: io.StringIO) -> None:
    with bind_context(project=f"x{TOKEN}"):
        log.info("Authorization: Bearer %s", TOKEN)
        try:
            raise ValueError(f"token={TOKEN}")
        except ValueError:
            log.exception("it failed")

    assert TOKEN not in log_stream.getvalue()
    assert [line["message"] for line in parse_lines(log_stream)] == ["Authorization: Bearer ***", "it failed"]
    assert "ValueError: token=***" in parse_lines(log_stream)[1]["traceback"]


def test_url_passwords_are_secrets() -> None:
    settings = load_settings(
        github_token=TOKEN,
        typesense_api_key="xyz-123456",
        clickhouse_url="https://me:p%40ssword@host.example/?user=me&password=an0ther",
    )

    assert set(settings.secrets) == {TOKEN, "xyz-123456", "p@ssword", "p%40ssword", "an0ther"}
    assert load_settings(clickhouse_url="https://host.example:80/?user=demo").secrets == []
    assert load_settings(redis_host=":hunter2@host.example:6379").secrets == ["hunter2"]


@given(st.text(st.characters()), st.text(st.characters()), st.sampled_from(["text", "json"]))
def test_any_record_is_one_line(message: str, project: str, format_: Any) -> None:
    record = logging.LogRecord("a", logging.INFO, "a.py", 1, "%s", (message,), None)
    with bind_context(project=project):
        line = LineFormatter(format_).format(record)

    assert "\n" not in line.encode().decode()
    if format_ == "json":
        assert msgspec.json.decode(line)["message"] == message.encode(errors="backslashreplace").decode()


def test_text_format() -> None:
    record = logging.LogRecord("pyf", logging.INFO, "a.py", 1, "two\nlines", None, None)
    with bind_context(task="inspect_project"):
        line = LineFormatter("text").format(record)

    assert line.endswith("Z INFO pyf: two lines [task=inspect_project]")
