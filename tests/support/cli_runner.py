"""Run commands as their users do: in an own folder and environment, with settings for a local registry."""

import os
import sys
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen
from typing import Any

import msgspec
from click.testing import CliRunner

from pyf.aggregator.adapters.sqlite.admin import SqliteAdmin
from pyf.aggregator.adapters.sqlite.database import Database
from pyf.aggregator.adapters.sqlite.index import SqliteIndex
from pyf.aggregator.cli.commands.demo import main as pyfdemo
from pyf.aggregator.cli.commands.downloads import main as pyfdownloads
from pyf.aggregator.cli.commands.github import main as pyfgithub
from pyf.aggregator.cli.commands.search import main as pyfsearch
from pyf.aggregator.cli.commands.serve import main as pyfserve
from pyf.aggregator.cli.documented.aggregator import main as pyfaggregator
from pyf.aggregator.cli.documented.updater import main as pyfupdater
from pyf.aggregator.cli.main import main as pyf
from pyf.aggregator.domain.collection import CollectionState
from pyf.aggregator.sandbox.pypi import LocalPyPI
from pyf.aggregator.settings import SETTINGS

AGGREGATOR = "pyf.aggregator.cli.documented.aggregator"
DEMO = "pyf.aggregator.cli.commands.demo"
PYF = "pyf.aggregator.cli.main"
DOWNLOADS = "pyf.aggregator.cli.commands.downloads"
GITHUB = "pyf.aggregator.cli.commands.github"
SEARCH = "pyf.aggregator.cli.commands.search"
SERVE = "pyf.aggregator.cli.commands.serve"
UPDATER = "pyf.aggregator.cli.documented.updater"
COMMANDS = {
    "pyf": pyf,
    "pyfaggregator": pyfaggregator,
    "pyfdemo": pyfdemo,
    "pyfdownloads": pyfdownloads,
    "pyfgithub": pyfgithub,
    "pyfsearch": pyfsearch,
    "pyfserve": pyfserve,
    "pyfupdater": pyfupdater,
}

# Seconds after which a command is taken to hang; most take one.
COMMAND_TIMEOUT = 120


@dataclass(frozen=True)
class CompletedCommand:
    """How a command ended, and what it printed."""

    code: int
    out: str
    err: str

    @property
    def report(self) -> dict[str, Any]:
        """What `--json` or `--show` printed: nothing else may be on stdout."""
        report: dict[str, Any] = msgspec.json.decode(self.out)
        return report

    @property
    def error(self) -> str:
        """The error message, which is one line."""
        (line,) = [line for line in self.err.splitlines() if line.startswith("Error: ")]
        return line.removeprefix("Error: ")


@dataclass
class CommandRunner:
    """A user's folder and environment; the index is in the folder, settings are given by their names in lower case."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    def run(self, *arguments: str, module: str = AGGREGATOR, redirected: str = "", **settings: Any) -> CompletedCommand:
        """Run a command as a process and wait for it; `redirected` as in `start`."""
        with self.start(*arguments, module=module, redirected=redirected, **settings) as process:
            out, err = process.communicate(timeout=COMMAND_TIMEOUT)
        return CompletedCommand(process.returncode, out, err)

    @contextmanager
    def start(
        self,
        *arguments: str,
        module: str = AGGREGATOR,
        redirected: str = "",
        stdin: int = DEVNULL,
        stderr: int = PIPE,
        **settings: Any,
    ) -> Iterator[Popen[str]]:
        """Run a command as a process; one that still runs at the end is killed.

        `redirected` is what a shell adds to a command, such as `>&-`.
        """
        command = [sys.executable, "-m", module, *arguments]
        with Popen(
            ["sh", "-c", f'exec "$@" {redirected}', "sh", *command] if redirected else command,
            cwd=self.folder,
            env=self._build_environment(**settings),
            encoding="utf-8",
            stdin=stdin,
            stdout=PIPE,
            stderr=stderr,
        ) as process:
            try:
                yield process
            finally:
                process.kill()

    def invoke(self, *arguments: str, command: str = "pyfaggregator", **settings: Any) -> CompletedCommand:
        """Run a command in this process, which takes a tenth of the time."""
        cleared_environment: dict[str, str | None] = {name.upper(): None for name in SETTINGS}
        runner = CliRunner(env=cleared_environment | self._build_environment(**settings))
        with chdir(self.folder):
            result = runner.invoke(COMMANDS[command], arguments, catch_exceptions=False, prog_name=command)
        return CompletedCommand(result.exit_code, result.stdout, result.stderr)

    def list_names(self, collection: str) -> list[str]:
        """Return the normalised names of what a collection holds."""
        with self.open_database() as database:
            return [holding.name_normalized for holding in SqliteIndex(database).iter_project_states(collection)]

    def get_state(self, collection: str) -> CollectionState:
        """Return what a collection remembers."""
        with self.open_database() as database:
            return SqliteIndex(database).get_state(collection)

    def list_collections(self) -> dict[str, tuple[str, ...]]:
        """Return the aliases of every collection, by its name."""
        with self.open_database() as database:
            return {
                collection.name: tuple(collection.aliases) for collection in SqliteAdmin(database).list_collections()
            }

    @contextmanager
    def open_database(self) -> Iterator[Database]:
        database = Database(self.folder / "index.sqlite3")
        try:
            yield database
        finally:
            database.close()

    def _build_environment(self, **settings: Any) -> dict[str, str]:
        variables = {name.upper(): str(value) for name, value in settings.items()}
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "LANG": "C.UTF-8",
            "SSL_CERT_FILE": "",
            "SQLITE_PATH": str(self.folder / "index.sqlite3"),
            "GITLAB_HOSTS": "gitlab.com=http://127.0.0.1:9",
            "FORGEJO_HOSTS": "codeberg.org=http://127.0.0.1:9",
            **self.environment,
            **variables,
        }


def find_render_workers(parent: int) -> list[int]:
    """Return the rendering processes that a process has started; Linux only."""
    pids = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
            command = (status.parent / "cmdline").read_text()
        except OSError:  # it has ended meanwhile
            continue
        if int(fields[1]) == parent and "rendering.worker" in command:
            pids.append(int(status.parent.name))
    return pids


def create_user(folder: Path, pypi: LocalPyPI, *, profile: str, classifier: str, **settings: Any) -> CommandRunner:
    """Return a user whose profile is for the projects that carry `classifier`."""
    folder.mkdir(parents=True, exist_ok=True)
    profiles = folder / "profiles.yaml"
    profiles.write_text(f'profiles: {{{profile}: {{name: {profile}, classifiers: ["{classifier}"]}}}}\n')
    defaults = {
        "pypi_base_url": pypi.url,
        "profiles_file": profiles,
        "default_profile": profile,
        "pypi_rate_limit_delay": 0,
        "pypi_retry_backoff": 0,
        "pypi_max_retries": 1,
        "render_workers": 2,
    }
    return CommandRunner(folder, {name.upper(): str(value) for name, value in (defaults | settings).items()})
