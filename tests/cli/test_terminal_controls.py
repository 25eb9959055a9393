"""Package data and arguments send no commands to the terminal."""

import json
import re
from collections.abc import Iterator

import pytest

from pyf.aggregator.sandbox.fake_registry import FakeRegistry
from pyf.aggregator.sandbox.github import LocalGitHub
from pyf.aggregator.sandbox.github_fixtures import HostedRepository
from pyf.aggregator.sandbox.pypi import LocalPyPI
from support.cli_runner import CommandRunner

HOSTILE = "a\x1b]0;title\x07 \x1b[31mred \x9b31m \x9d0;t\x9c \u202egnp.exe \u2066x\u2069 \x08\x7f end"
CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandRunner]:
    """A user whose index has such a package; the tests only read it, or fetch it again."""
    info = {
        "summary": HOSTILE,
        "author": HOSTILE,
        "license": HOSTILE,
        "keywords": HOSTILE,
        "description": HOSTILE,
        "classifiers": ["Framework :: Plone", HOSTILE],
        "project_urls": {HOSTILE: "https://github.com/o/a"},
    }
    registry = FakeRegistry()
    registry.publish("hostile.package", "1.0", info=info)
    with LocalPyPI(registry) as pypi:
        settings = {"PYPI_BASE_URL": pypi.url, "PYPI_RATE_LIMIT_DELAY": "0", "RENDER_WORKERS": "1"}
        runner = CommandRunner(tmp_path_factory.mktemp("hostile"), settings)
        assert runner.invoke("-f", "-p", "plone").code == 0
        yield runner


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        ("pyfaggregator", ["--show", "hostile.package", "-p", "plone"]),
        ("pyfaggregator", ["--why", "hostile.package", "-p", "plone"]),
        ("pyfaggregator", ["--explain", "hostile.package", "-p", "plone"]),
        ("pyfaggregator", ["--explain", "hostile.package", "-p", "plone", "--json"]),
        ("pyfsearch", ["-p", "plone"]),
        ("pyfsearch", ["-p", "plone", "--json"]),
        ("pyf", ["show", "hostile.package", "-t", "plone"]),
        ("pyf", ["search", "-t", "plone", "hostile"]),
        ("pyf", ["collection", "export", "plone", "-"]),
        ("pyf", ["collection", "info", "plone"]),
        ("pyf", ["-v", "fetch", "-p", "plone"]),
    ],
)
def test_package_data_has_no_controls(hostile: CommandRunner, command: str, arguments: list[str]) -> None:
    result = hostile.invoke(*arguments, command=command)

    assert result.code == 0
    assert not CONTROLS.search(result.out + result.err)


def test_show_escapes_controls_in_json(hostile: CommandRunner) -> None:
    result = hostile.invoke("--show", "hostile.package", "-p", "plone")

    assert "\\u009b31m" in result.out
    assert json.loads(result.out)["summary"] == " ".join(HOSTILE.split())


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        ("pyfaggregator", ["--show", HOSTILE, "-p", "plone"]),
        ("pyfaggregator", ["-f", "-p", HOSTILE]),
        ("pyfaggregator", ["-f", "-t", HOSTILE]),
        ("pyfaggregator", [f"--{HOSTILE}"]),
        ("pyfaggregator", ["-f", "-l", HOSTILE]),
        ("pyf", [HOSTILE]),
        ("pyf", ["show", HOSTILE, "-t", "plone"]),
        ("pyf", ["search", "-t", "plone", HOSTILE]),
        ("pyf", ["search", "-t", "plone", "--framework", HOSTILE]),
        ("pyf", ["collection", "delete", HOSTILE]),
        ("pyfupdater", ["--delete-collection", HOSTILE]),
    ],
)
def test_arguments_are_repeated_without_controls(hostile: CommandRunner, command: str, arguments: list[str]) -> None:
    result = hostile.invoke(*arguments, command=command)

    assert not CONTROLS.search(result.out + result.err)


def test_responses_of_services_are_printed_without_controls(hostile: CommandRunner) -> None:
    repository = HostedRepository(path="o/a", topics=(HOSTILE,), latest_release=HOSTILE)
    with LocalGitHub([repository], token="right") as github:
        settings = {"github_token": "right", "github_api_url": github.url, "github_request_delay": 0}
        result = hostile.invoke("-p", "plone", "-n", "hostile.package", "-v", command="pyfgithub", **settings)

    assert "o/a" in result.out + result.err
    assert not CONTROLS.search(result.out + result.err)
