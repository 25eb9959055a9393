"""The stage of `pyfdemo`: stand-ins for the services, and the real commands as processes of their own."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import click
from msgspec import Struct
from rich.console import Console
from rich.table import Table

from ..domain.errors import Unavailable
from ..sample.clickhouse import LocalClickHouse
from ..sample.download_table import load_sample_downloads
from ..sample.ecosystem import FakeRegistry
from ..sample.github import LocalGitHub
from ..sample.hosted import load_sample_repositories
from ..sample.pypistats import LocalPypistats
from ..sample.services import LocalPyPI
from ..settings import Settings
from .exits import ExitCode

# Fields of `--show` that fit on a screen; the command itself prints them all.
_SHOWN_FIELDS = (
    "id",
    "summary",
    "framework_versions",
    "python_versions",
    "license_expression",
    "is_newest",
    "maintainers",
    "github_stars",
    "github_last_commit",
    "download_last_month",
)

_REGISTRY_COLUMNS = ("found", "indexed", "unchanged", "removed", "documents", "requests", "seconds")
_ENRICHMENT_COLUMNS = ("found", "enriched", "remembered", "missing", "requests", "seconds")


class CommandReport(Struct, frozen=True, kw_only=True):
    """One command of the demo and the report that it gave."""

    command: str
    arguments: str
    report: dict[str, Any]


class DemoRunner:
    """Runs the commands as a user would, as processes of their own, on an index that lasts as long as the demo."""

    def __init__(self, folder: Path, settings: Mapping[str, str], console: Console) -> None:
        self.folder = folder
        self.console = console
        self.environment = {**settings, "INDEX_BACKEND": "sqlite", "SQLITE_PATH": str(folder / "demo.sqlite3")}
        self._reports: list[CommandReport] = []

    def run(self, command: str, *arguments: str) -> None:
        """Run a command with a report as JSON and keep the report."""
        report = json.loads(self._run_command(command, *arguments, "--json"))
        self._reports.append(CommandReport(command=command, arguments=" ".join(arguments), report=report))

    def show(self, profile: str, name: str) -> None:
        """Run `pyfaggregator --show` and print some of what it gives."""
        document = json.loads(self._run_command("pyfaggregator", "-p", profile, "--show", name))
        fields = {field: document[field] for field in _SHOWN_FIELDS if field in document}
        self.console.print_json(data=fields, ensure_ascii=self.console.options.ascii_only)

    def explain(self, profile: str, name: str) -> None:
        """Run `pyfaggregator --explain` and print what it prints."""
        self.console.out(self._run_command("pyfaggregator", "-p", profile, "--explain", name).rstrip(), highlight=False)

    def why(self, profile: str, name: str) -> None:
        """Run `pyfaggregator --why` and print what it says."""
        self.console.out(self._run_command("pyfaggregator", "-p", profile, "--why", name).strip(), highlight=False)

    def print_tables(self, title: str) -> None:
        """Print what happened: a table of what read from the registry, and one of what added data from elsewhere."""
        fetch_reports = [report for report in self._reports if "indexed" in report.report]
        enrichment_reports = [one for one in self._reports if "enriched" in one.report]
        self.console.print(_build_table(title, "pyfaggregator", fetch_reports, _REGISTRY_COLUMNS))
        self.console.print(_build_table("What was added", "command", enrichment_reports, _ENRICHMENT_COLUMNS))

    def _run_command(self, command: str, *arguments: str) -> str:
        self.console.print(f"\n[bold]$ {command} {' '.join(arguments)}[/bold]", highlight=False)
        result = subprocess.run(  # noqa: S603 - the program is ours
            [sys.executable, "-m", _get_module(command), *arguments],
            cwd=self.folder,
            env={name: v for name, v in os.environ.items() if name.lower() not in Settings.model_fields}
            | self.environment,
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        if result.returncode not in (ExitCode.SUCCESS, ExitCode.PARTIAL):
            raise click.ClickException(f"{command} ended with exit code {result.returncode}")
        return result.stdout


@contextmanager
def run_sandbox_servers(registry: FakeRegistry, *, port: int, latency: float) -> Iterator[dict[str, str]]:
    """Serve stand-ins for PyPI (at `port`), GitHub, pypistats and ClickHouse, and give the settings that lead to them.

    Raises `Unavailable` for a port that can't be had.
    """
    pypi = LocalPyPI(registry, port=port, latency=latency)
    github = LocalGitHub(load_sample_repositories(), latency=latency)
    downloads = load_sample_downloads()
    pypistats = LocalPypistats(downloads, latency=latency)
    clickhouse = LocalClickHouse(downloads, latency=latency)
    with ExitStack() as stack:
        for service in (pypi, github, pypistats, clickhouse):
            try:
                stack.enter_context(service)
            except OSError as error:
                raise Unavailable(f"can't serve: {error.strerror or error}") from error
        yield {
            "PYPI_BASE_URL": pypi.url,
            "GITHUB_API_URL": github.url,
            "GITHUB_TOKEN": github.token,
            "GITHUB_REQUEST_DELAY": "0",
            "PYPISTATS_BASE_URL": pypistats.url,
            "PYPISTATS_RATE_LIMIT_DELAY": "0",
            "CLICKHOUSE_URL": clickhouse.url,
        }


def _get_module(command: str) -> str:
    (script,) = entry_points(group="console_scripts", name=command)
    return script.module


def _build_table(title: str, label: str, reports: Sequence[CommandReport], columns: Sequence[str]) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column(label)
    for column in columns:
        table.add_column(column, justify="right")
    for report in reports:
        command = report.arguments if label == report.command else f"{report.command} {report.arguments}"
        values = (report.report[column] for column in columns)
        table.add_row(command, *(f"{value if not isinstance(value, list) else len(value):,g}" for value in values))
    return table
