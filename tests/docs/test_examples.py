"""The commands and outputs that README, tutorial and how-to guides show: each page is executed in an empty folder.

A block `shell` is run line by line; a block `text` after it, without prose between them, is the output of its last
command. White space is not compared, and a number stands for any number: ages, scores and seconds change.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from signal import SIGINT

import pytest
from msgspec import Struct

from pyf.aggregator.cli.actions.demo_servers import run_sandbox_servers
from pyf.aggregator.config.profiles import load_profiles
from pyf.aggregator.sandbox.fake_registry import FakeRegistry
from pyf.aggregator.sandbox.load import load_sample_documents
from pyf.aggregator.settings import SETTINGS

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    *sorted((ROOT / "docs/tutorials").glob("*.md")),
    *sorted((ROOT / "docs/how-to").glob("*.md")),
]

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_NUMBER = re.compile(r"\d[\d.,]*")
_ASSIGNMENT = re.compile(r"export (\w+)=(.*)")

# Commands of other programs, of services that these tests do not run, and of the checkout.
OTHER_PROGRAMS = re.compile(
    r"(make|uv|pip|python3|celery|docker|systemctl|journalctl|useradd|install|sudo|curl|cp|ln|runuser|crontab|autoload|nginx)\b"
    r"|\w+=\S+ \w+=\S+ make\b|pyf queue\b|INDEX_BACKEND=typesense\b|export (GITHUB_TOKEN|DOWNLOADS_SOURCE|PATH)\b"
    r"|.*\bcompletion (zsh|fish)\b|.*\| jq\b"
)
# These run until Ctrl-C: they are ended after their first line.
ENDLESS = re.compile(r"pyf (serve|watch)\b")
# What a page expects to exist, beside the collections of the sample.
PREPARATIONS = {
    "README.md": ["echo Django==5.2 > requirements.txt"],
    "another-framework.md": ["touch names.txt && echo flask-login > names.txt"],
    "check-an-upgrade.md": [
        "printf 'Django==5.2\\ndjango-filter==25.2\\n' > requirements.txt",
        'printf \'version = 1\\n[[package]]\\nname = "wagtail"\\nversion = "7.2"\\n\' > uv.lock',
        "mkdir -p .venv/lib/python3.13/site-packages",
    ],
    "manage-collections.md": [
        "pyf fetch -p plone -t packages1 --limit 2",
        "pyf fetch -p plone -t packages2 --limit 1",
        "pyf fetch -p plone -t plone-old --limit 1",
    ],
    "synonyms.md": ["printf 'synonyms:\\n  - [ttw, through the web]\\n' > mine.yaml"],
    "typesense.md": [],
}
# Commands that end with another code, and why.
EXIT_CODES = {
    "pyf alias set packages packages2": (2, "it asks, and there is no terminal"),
    "pyf alias remove packages": (2, "it asks, and there is no terminal"),
    "pyf collection delete plone-old": (2, "it asks, and there is no terminal"),
    'pyf check requirements.txt -p django --to "Django 6.0" --python 3.14': (3, "a package needs an upgrade"),
    'pyf check requirements.txt -p django --to "Django 6.0"': (3, "a package needs an upgrade"),
    "pyf key remove 3": (2, "the number is an example"),
}


class Example(Struct, frozen=True):
    """A command of a page, and the output that the page shows for it; None if it shows none."""

    command: str
    output: str | None = None


def read_examples(page: Path) -> list[Example]:
    """Return the commands of a page in their order."""
    text = page.read_text("utf-8")
    examples: list[Example] = []
    end_of_shell = -1
    for block in _BLOCK.finditer(text):
        kind, content = block.groups()
        if kind == "shell":
            lines = content.replace("\\\n", " ").splitlines()
            examples += [Example(line.split("  #")[0].split(" # ")[0].strip()) for line in lines if line.strip()]
            end_of_shell = block.end()
        elif kind == "text" and examples and not text[end_of_shell : block.start()].strip():
            examples[-1] = Example(examples[-1].command, content)
    return [example for example in examples if example.command and not example.command.startswith("#")]


@pytest.fixture(scope="module")
def services() -> Iterator[dict[str, str]]:
    """The sample services, with a napari project for the guide to frameworks that the program does not know."""
    napari = {
        "info": {"name": "napari-thing", "version": "1.0", "classifiers": ["Framework :: napari"]},
        "releases": {"1.0": []},
        "last_serial": 1,
    }
    registry = FakeRegistry([*load_sample_documents(), napari])
    with run_sandbox_servers(registry, port=0, latency=0) as settings:
        yield settings


@pytest.fixture(scope="module")
def filled_index(services: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index with the collections of the sample."""
    folder = tmp_path_factory.mktemp("filled")
    for profile in load_profiles():
        completed = run_command(f"pyf fetch -p {profile}", folder, build_environment(folder, services))
        assert completed.returncode == 0, completed.stderr
    return folder / "pyf.sqlite3"


def build_environment(folder: Path, services: dict[str, str]) -> dict[str, str]:
    """Return the environment of a user without settings but the addresses of the sample services."""
    inherited = {name: value for name, value in os.environ.items() if name.lower() not in SETTINGS}
    programs = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    settings = {"SQLITE_PATH": str(folder / "pyf.sqlite3"), "RENDER_WORKERS": "1"}
    return {**inherited, **services, **settings, "HOME": str(folder), "PATH": programs, "COLUMNS": "100"}


def run_command(command: str, folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a command in bash, and end one that runs until Ctrl-C after its first line on stderr."""
    if not ENDLESS.match(command):
        return subprocess.run(
            ["bash", "-c", command],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
    command = command.replace(" --open", "").replace("/run/pyf/", "").replace("pyf serve", "exec pyf serve --port 0", 1)
    process = subprocess.Popen(
        ["bash", "-c", command if command.startswith("exec ") else f"exec {command}"],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr
    assert process.stdout
    with closing(process.stderr), closing(process.stdout):
        first_line = process.stderr.readline()
        process.send_signal(SIGINT)
        rest = process.stderr.read()
        code = process.wait(60)
    is_ended_by_us = code in (0, 130, -SIGINT)
    return subprocess.CompletedProcess(command, 0 if is_ended_by_us else code, "", first_line + rest)


def to_words(output: str) -> list[str]:
    """Return the words of an output, numbers as "0"."""
    return _NUMBER.sub("0", output).split()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_of_page_print_shown_output(
    page: Path, services: dict[str, str], filled_index: Path, tmp_path: Path
) -> None:
    (tmp_path / "pyf.sqlite3").write_bytes(filled_index.read_bytes())
    environment = build_environment(tmp_path, services)
    yaml_blocks = [content for kind, content in _BLOCK.findall(page.read_text("utf-8")) if kind == "yaml"]
    if page.name == "another-framework.md":
        (tmp_path / "profiles.yaml").write_text(yaml_blocks[0])
    problems = []
    commands = [Example(command) for command in PREPARATIONS.get(page.name, [])] + read_examples(page)
    for example in commands:
        if OTHER_PROGRAMS.match(example.command):
            continue
        if assignment := _ASSIGNMENT.fullmatch(example.command):
            if assignment[1] not in ("PYPI_BASE_URL", "SQLITE_PATH"):
                environment[assignment[1]] = assignment[2].replace("~", str(tmp_path))
            continue
        completed = run_command(example.command, tmp_path, environment)
        expected_code, _ = EXIT_CODES.get(example.command, (0, ""))
        if completed.returncode != expected_code:
            problems.append(f"{example.command}: exit code {completed.returncode}: {completed.stderr[-500:]}")
        elif example.output is not None and to_words(example.output) != to_words(completed.stdout):
            problems.append(f"{example.command} prints\n{completed.stdout}\nand not\n{example.output}")
    assert not problems, "\n".join(problems)


def test_examples_are_found() -> None:
    """Guard against a page format that the parser does not see."""
    found = [example.command for page in PAGES for example in read_examples(page)]

    assert len([command for command in found if command.startswith("pyf ")]) > 40
