"""The MCP server, asked by the official client over stdio and over HTTP."""

import asyncio
import logging
import signal
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from subprocess import PIPE
from typing import Any

import httpx
import pytest

from pyf.aggregator.bootstrap import open_dependencies
from pyf.aggregator.config.profiles import load_profiles
from pyf.aggregator.sandbox.fake_registry import FakeRegistry
from pyf.aggregator.sandbox.load import load_sample_documents
from pyf.aggregator.sandbox.pypi import LocalPyPI
from pyf.aggregator.settings import load_settings
from support.cli_runner import PYF, CommandRunner
from support.http_server import serve_app
from support.site_fixtures import build_small_site

# The functions import the package: that takes half a second in each process that collects these tests.
pytestmark = pytest.mark.skipif(find_spec("mcp") is None, reason="needs the package mcp")


async def call_tools(server: Any, *calls: tuple[str, dict[str, Any]]) -> list[Any]:
    from mcp import Client

    async with Client(server) as client:
        return [await client.call_tool(name, arguments) for name, arguments in calls]


def ask(server: Any, *calls: tuple[str, dict[str, Any]]) -> list[Any]:
    """Call tools one after another, and return their results."""
    return asyncio.run(call_tools(server, *calls))


async def list_tools(server: Any) -> list[Any]:
    from mcp import Client

    async with Client(server) as client:
        tools: list[Any] = (await client.list_tools()).tools
        return tools


@pytest.fixture(scope="module")
def django(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandRunner]:
    """A user with the sample's Django packages."""
    with LocalPyPI(FakeRegistry(load_sample_documents())) as pypi:
        settings = {"PYPI_BASE_URL": pypi.url, "PYPI_RATE_LIMIT_DELAY": "0", "RENDER_WORKERS": "1"}
        runner = CommandRunner(tmp_path_factory.mktemp("django"), settings)
        assert runner.invoke("fetch", "-p", "django", command="pyf").code == 0
        yield runner


@pytest.fixture(scope="module")
def server(django: CommandRunner) -> Iterator[Any]:
    """The server of these packages, which a client calls in this process."""
    from pyf.aggregator.agents.server import build_server

    with open_dependencies(load_settings(sqlite_path=str(django.folder / "index.sqlite3"))) as deps:
        yield build_server(deps, load_profiles())


def open_stdio(runner: CommandRunner) -> Any:
    """Return the transport that starts `pyf mcp`, as an agent's program does."""
    from mcp import StdioServerParameters, stdio_client

    parameters = StdioServerParameters(
        command=str(Path(sys.executable).with_name("pyf")),
        args=["mcp"],
        env={"SQLITE_PATH": str(runner.folder / "index.sqlite3")},
        cwd=runner.folder,
    )
    return stdio_client(parameters)


def test_tools_are_few_and_described(server: Any) -> None:
    tools = asyncio.run(list_tools(server))

    assert [tool.name for tool in tools] == ["search", "package", "compare", "check", "readiness"]
    assert all(100 < len(tool.description) < 1200 for tool in tools)
    assert all(tool.output_schema for tool in tools)
    assert all(tool.annotations.read_only_hint for tool in tools)


def test_agent_finds_a_package_and_checks_an_upgrade_over_stdio(django: CommandRunner) -> None:
    search, package, comparison, check, readiness, failure = ask(
        open_stdio(django),
        ("search", {"query": "filter querysets by url parameters", "limit": 3}),
        ("package", {"name": "Django_Filter"}),
        ("compare", {"names": ["django-filter", "wagtail"]}),
        ("check", {"text": "Django==5.2\ndjango-filter==25.2\nrequests\n", "to": "Django 6.0"}),
        ("readiness", {"to": "6.0"}),
        ("package", {"name": "nope"}),
    )

    names = [hit["name"] for hit in search.structured_content["packages"]]
    assert "django-filter" in names
    assert len(names) <= 3
    assert package.structured_content["package"]["version"] == "25.2"
    assert package.structured_content["install"] == "pip install django-filter"
    assert set(comparison.structured_content["supports"]) == {"django-filter", "wagtail"}
    statuses = {item["name"]: item["status"] for item in check.structured_content["packages"]}
    assert statuses == {"Django": "upgrade", "requests": "unlisted", "django-filter": "ready"}
    assert check.structured_content["is_ready"] is False
    assert readiness.structured_content["goal"] == "Django 6.0"
    assert 0 < readiness.structured_content["ready"] < readiness.structured_content["total"]
    assert all(result.structured_content["note"] for result in (search, package, comparison, check, readiness))
    assert failure.is_error


@pytest.mark.parametrize(
    ("tool", "arguments", "message"),
    [
        ("package", {"name": "nope"}, "nope is not in the collection django"),
        ("compare", {"names": ["wagtail"]}, "2 to 4 different packages can be compared, not 1"),
        ("check", {"text": "flask", "to": "Plone 6.0"}, "the collection is not about Plone, but about Django"),
        ("search", {"query": "x", "collection": "nope"}, "nope"),
    ],
)
def test_failure_is_one_line_for_the_agent(server: Any, tool: str, arguments: dict[str, Any], message: str) -> None:
    (result,) = ask(server, (tool, arguments))

    assert result.is_error
    assert message in result.content[0].text
    assert "Traceback" not in result.content[0].text


def test_ctrl_c_ends_the_command_while_its_agent_says_nothing(django: CommandRunner) -> None:
    with django.start("mcp", module=PYF, stdin=PIPE) as command:
        assert command.stdin is not None
        assert command.stdout is not None
        command.stdin.write('{"jsonrpc": "2.0", "id": 1, "method": "ping"}\n')
        command.stdin.flush()
        command.stdout.readline()
        command.send_signal(signal.SIGINT)

        assert command.wait(timeout=30) == -signal.SIGINT


def test_site_serves_the_same_tools_over_http() -> None:
    with serve_app(build_small_site(), {}) as site:
        url = f"{site.base_url}".rstrip("/") + "/mcp"
        (package,) = ask(url, ("package", {"name": "plone.api", "collection": "plone"}))

    assert package.structured_content["package"]["name"] == "plone.api"


def test_site_has_no_event_stream(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "uvicorn.access"), serve_app(build_small_site(), {}) as site:
        response = site.get("/mcp", headers={"accept": "text/event-stream"}, timeout=20)

    assert (response.status_code, response.headers["allow"]) == (405, "POST")
    assert '"GET /mcp HTTP/1.1" 405' in caplog.text


def test_site_with_required_keys_has_no_tools() -> None:
    with serve_app(build_small_site(), {}, web_api_keys_required=True) as site:
        assert site.post("/mcp", json={}).status_code in (httpx.codes.NOT_FOUND, httpx.codes.METHOD_NOT_ALLOWED)


def test_guide_for_language_models_names_collections_and_interfaces() -> None:
    with serve_app(build_small_site()) as site:
        guide = site.get("/llms.txt")

    assert guide.headers["content-type"].startswith("text/plain")
    assert guide.text.startswith("# ")
    for path in ("/in/plone", "/api/v1/openapi.json", "/mcp"):
        assert f"{str(site.base_url).rstrip('/')}{path}" in guide.text
