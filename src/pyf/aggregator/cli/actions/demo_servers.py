"""Local services, commands and web site of `pyf demo`; commands and web site run in their own processes."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

import click
from msgspec import Struct
from rich.console import Console

from ...domain.errors import Unavailable
from ...sandbox.downloads import LocalClickHouse, LocalPypistats, load_sample_downloads
from ...sandbox.fake_registry import FakeRegistry
from ...sandbox.github import LocalGitHub
from ...sandbox.github_fixtures import load_sample_repositories
from ...sandbox.pypi import LocalPyPI
from ...sandbox.repository_hosts import LocalForgejo, LocalGitLab
from ...settings import SETTINGS
from ..exit_codes import ExitCode
from ..redaction import open_url
from ..tables import Column, build_table

_PYF = (sys.executable, "-m", "pyf.aggregator.cli.main")
# Seconds that the server has to answer, and to end.
_SERVER_TIMEOUT = 60
_POLL_INTERVAL = 0.05


@contextmanager
def serve_pages(folder: Path, environment: Mapping[str, str]) -> Iterator[str]:
    """Run `pyf serve` on an index until the context ends, and yield its URL.

    Raises `ClickException` with the last log line of the server if it does not start.
    """
    log_path = folder / "serve.log"
    base_environment = {name: value for name, value in os.environ.items() if name.lower() not in SETTINGS}
    with log_path.open("wb") as log:
        server = subprocess.Popen(  # noqa: S603 - the program is ours
            [*_PYF, "serve", "--port", "0", "--workers", "1"],
            cwd=folder,
            env={**base_environment, **environment},
            stderr=log,
        )
    try:
        yield _wait_for_url(server, log_path)
    finally:
        server.terminate()
        server.wait(_SERVER_TIMEOUT)


def check_pages(base_url: str, paths: Iterable[str]) -> int:
    """Request pages of the site and return their number; raises `ClickException` for one that fails."""
    count, opener = 0, build_opener(ProxyHandler({}))
    for path in paths:
        try:
            with opener.open(f"{base_url.rstrip('/')}{path}", timeout=_SERVER_TIMEOUT) as response:
                is_page = b"</html>" in response.read()
        except URLError as error:
            raise click.ClickException(f"the page {path} does not respond: {error}") from error
        if not is_page:
            raise click.ClickException(f"the page {path} is incomplete")
        count += 1
    return count


def open_in_browser(url: str) -> bool:
    """Open a URL in a browser if there is a screen; return whether it was opened."""
    has_screen = sys.platform in ("darwin", "win32") or any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY")))
    return has_screen and sys.stdout.isatty() and open_url(url)


def _wait_for_url(server: subprocess.Popen[bytes], log_path: Path) -> str:
    """Wait until the server logs its URL, and return it."""
    deadline = time.monotonic() + _SERVER_TIMEOUT
    while time.monotonic() < deadline:
        text = log_path.read_text("utf-8")
        _, separator, rest = text.partition("Serving at ")
        if separator and ";" in rest:
            return rest.partition(";")[0]
        if server.poll() is not None:
            break
        time.sleep(_POLL_INTERVAL)
    last_line = (log_path.read_text("utf-8").strip().splitlines() or ["its log is empty"])[-1]
    raise click.ClickException(f"pyf serve did not start: {last_line}")


# Fields of `pyf show` that fit on a screen; the command itself prints them all.
_SHOWN_FIELDS = (
    "id",
    "summary",
    "framework_versions",
    "python_versions",
    "license_expression",
    "is_newest",
    "maintainers",
    "repository_host",
    "github_stars",
    "repository_last_commit",
    "download_last_month",
)

_REGISTRY_COLUMNS = ("found", "indexed", "unchanged", "removed", "documents", "requests", "seconds")
_ENRICHMENT_COLUMNS = ("found", "enriched", "cached", "missing", "requests", "seconds")


class CommandReport(Struct, frozen=True, kw_only=True):
    """A command that the demo has run, and its report."""

    command: str
    report: dict[str, Any]


class DemoRunner:
    """Runs commands of `pyf` in their own processes, as a user would, on the temporary index of the demo."""

    def __init__(self, folder: Path, settings: Mapping[str, str], console: Console) -> None:
        self.folder = folder
        self.console = console
        self.environment = {**settings, "INDEX_BACKEND": "sqlite", "SQLITE_PATH": str(folder / "demo.sqlite3")}
        self._reports: list[CommandReport] = []

    def run(self, *arguments: str) -> None:
        """Run a command with --json, and keep its report for `print_tables`."""
        report = json.loads(self._run_command(*arguments, "--json"))
        self._reports.append(CommandReport(command=" ".join(arguments), report=report))

    def show(self, profile: str, name: str) -> None:
        """Run `pyf show` and print some of the fields."""
        document = json.loads(self._run_command("show", name, "-p", profile))
        fields = {field: document[field] for field in _SHOWN_FIELDS if field in document}
        self.console.print_json(data=fields, ensure_ascii=self.console.options.ascii_only)

    def print_output(self, *arguments: str) -> None:
        """Run a command and print its output."""
        self.console.out(self._run_command(*arguments).rstrip(), highlight=False)

    def print_tables(self, title: str) -> None:
        """Print a table of the commands that read the registry, and one of those that read other sources."""
        fetch_reports = [report for report in self._reports if "indexed" in report.report]
        enrichment_reports = [report for report in self._reports if "enriched" in report.report]
        self._print_table(title, _build_columns(fetch_reports, _REGISTRY_COLUMNS))
        self._print_table("What was added", _build_columns(enrichment_reports, _ENRICHMENT_COLUMNS))

    def _print_table(self, title: str, columns: Sequence[Column]) -> None:
        self.console.print(f"\n[bold]{title}[/bold]", highlight=False)
        self.console.print(build_table(columns, self.console.width))

    def _run_command(self, *arguments: str) -> str:
        command = f"pyf {' '.join(arguments)}"
        self.console.print(f"\n[bold]$ {command}[/bold]", highlight=False)
        result = subprocess.run(  # noqa: S603 - the program is ours
            [*_PYF, *arguments],
            cwd=self.folder,
            env={name: v for name, v in os.environ.items() if name.lower() not in SETTINGS} | self.environment,
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        if result.returncode not in (ExitCode.SUCCESS, ExitCode.PARTIAL):
            raise click.ClickException(f"{command} ended with exit code {result.returncode}")
        return result.stdout


@contextmanager
def run_sandbox_servers(registry: FakeRegistry, *, port: int, latency: float) -> Iterator[dict[str, str]]:
    """Run a local PyPI (at `port`) and all other services, and yield the settings with their URLs.

    Raises `Unavailable` for a port that is in use.
    """
    pypi = LocalPyPI(registry, port=port, latency=latency)
    github = LocalGitHub(load_sample_repositories(), latency=latency)
    gitlab = LocalGitLab(load_sample_repositories("gitlab.com"), latency=latency)
    codeberg = LocalForgejo(load_sample_repositories("codeberg.org"), latency=latency)
    downloads = load_sample_downloads()
    pypistats = LocalPypistats(downloads, latency=latency)
    clickhouse = LocalClickHouse(downloads, latency=latency)
    with ExitStack() as stack:
        for service in (pypi, github, gitlab, codeberg, pypistats, clickhouse):
            try:
                stack.enter_context(service)
            except OSError as error:
                raise Unavailable(f"can't serve: {error.strerror or error}") from error
        yield {
            "PYPI_BASE_URL": pypi.url,
            "GITHUB_API_URL": github.url,
            "GITHUB_TOKEN": github.token,
            "GITHUB_REQUEST_DELAY": "0",
            "GITLAB_HOSTS": f"gitlab.com={gitlab.url}",
            "FORGEJO_HOSTS": f"codeberg.org={codeberg.url}",
            "PYPISTATS_BASE_URL": pypistats.url,
            "PYPISTATS_RATE_LIMIT_DELAY": "0",
            "CLICKHOUSE_URL": clickhouse.url,
            "DISCOVERY_INTERVAL": "0",
        }


def _build_columns(reports: Sequence[CommandReport], names: Sequence[str]) -> list[Column]:
    """Return a column with the commands and one for each field of their reports; the last names matter most."""
    return [
        Column(header="command", cells=[report.command for report in reports]),
        *(
            Column(
                header=name,
                cells=[_format_value(report.report[name]) for report in reports],
                rank=len(names) - number,
                is_numeric=True,
            )
            for number, name in enumerate(names)
        ),
    ]


def _format_value(value: Any) -> str:
    return f"{value if not isinstance(value, list) else len(value):,g}"
