"""`pyfdemo`: the whole main job against the sample ecosystem, over HTTP on this machine, nothing left behind."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from typing import Any

import click
from msgspec import Struct
from rich.console import Console
from rich.table import Table

from .. import __version__
from ..adapters.profiles import load_profiles
from ..domain.errors import Unavailable
from ..sample.ecosystem import Ecosystem
from ..sample.errors import SampleError
from ..sample.load import load, sample_documents
from ..sample.services import LocalPyPI
from ..settings import Settings
from .exits import Exit, PlainCommand, end_on_sigterm
from .output import stdout_console

# Fields of `--show` that fit on a screen; the command itself prints them all.
_SHOWN = ("id", "summary", "framework_versions", "python_versions", "license_expression", "is_newest", "maintainers")


class _Round(Struct, frozen=True, kw_only=True):
    """One command of the demo and the report that it gave."""

    command: str
    report: dict[str, Any]


class _Stage:
    """Runs the commands as a user would, as processes of their own, on an index that lasts as long as the demo."""

    def __init__(self, folder: Path, url: str, console: Console) -> None:
        self._folder = folder
        self._console = console
        self.environment = {
            "PYPI_BASE_URL": url,
            "INDEX_BACKEND": "sqlite",
            "SQLITE_PATH": str(folder / "demo.sqlite3"),
        }
        self.rounds: list[_Round] = []

    def run(self, *arguments: str) -> None:
        """Run `pyfaggregator` with a report as JSON and keep the report."""
        self.rounds.append(_Round(command=" ".join(arguments), report=json.loads(self._output(*arguments, "--json"))))

    def show(self, profile: str, name: str) -> None:
        """Run `pyfaggregator --show` and print some of what it gives."""
        document = json.loads(self._output("-p", profile, "--show", name))
        shown = {field: document[field] for field in _SHOWN}
        self._console.print_json(data=shown, ensure_ascii=self._console.options.ascii_only)

    def _output(self, *arguments: str) -> str:
        self._console.print(f"\n[bold]$ pyfaggregator {' '.join(arguments)}[/bold]", highlight=False)
        ended = subprocess.run(  # noqa: S603 - the program is ours
            [sys.executable, "-m", "pyf.aggregator.cli.aggregator", *arguments],
            cwd=self._folder,
            env={name: v for name, v in os.environ.items() if name.lower() not in Settings.model_fields}
            | self.environment,
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        if ended.returncode not in (Exit.DONE, Exit.PARTLY):
            raise click.ClickException(f"pyfaggregator ended with exit code {ended.returncode}")
        return ended.stdout


@click.command(cls=PlainCommand, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--once", is_flag=True, help="End after the demo instead of serving the sample until interrupted.")
@click.option("--serve", is_flag=True, help="Serve only, and run no command.")
@click.option(
    "--folder",
    type=click.Path(exists=True, path_type=Path),
    help="Serve the project documents (PyPI's JSON) of this folder instead of the sample.",
)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port to serve on; any free one by default.")
@click.option(
    "--latency", type=click.FloatRange(0, 60), default=0.02, show_default=True, help="Seconds that an answer takes."
)
@click.version_option(__version__, prog_name="pyfdemo")
def main(once: bool, serve: bool, folder: Path | None, port: int, latency: float) -> Exit:
    """Show the main job on this machine: sample services stand in for PyPI, the commands are the real ones."""
    if serve and once:
        raise click.UsageError("--serve and --once exclude each other.")
    if folder and not serve:
        raise click.UsageError("--folder goes with --serve: the demo tells of the sample.")
    try:
        ecosystem = Ecosystem(load(folder) if folder else sample_documents())
    except SampleError as error:
        raise click.BadParameter(str(error), param_hint="--folder") from error
    end_on_sigterm()
    console = stdout_console()
    with (
        _serving(LocalPyPI(ecosystem, port=port, latency=latency)) as url,
        TemporaryDirectory(prefix="pyfdemo-") as kept,
    ):
        stage = _Stage(Path(kept), url, console)
        console.print(f"A stand-in for PyPI serves {len(ecosystem.projects())} projects at {url}", highlight=False)
        if not serve:
            _perform(stage, ecosystem)
            console.print(_table(stage.rounds, latency))
        if not once:
            example = "-f -p plone" if serve else "-p django --show djangorestframework"
            _wait_for_the_end(stage, console, example)
    return Exit.DONE


@contextmanager
def _serving(pypi: LocalPyPI) -> Iterator[str]:
    """Serve, and give the address; raises `Unavailable` for a port that can't be had."""
    with ExitStack() as stack:
        try:
            stack.enter_context(pypi)
        except OSError as error:
            raise Unavailable(f"can't serve: {error.strerror or error}") from error
        yield pypi.url


def _perform(stage: _Stage, ecosystem: Ecosystem) -> None:
    for profile in load_profiles():
        stage.run("-f", "-p", profile)
    stage.show("plone", "Plone.API")
    stage.run("-f", "-p", "plone")
    _let_time_pass(ecosystem)
    stage.run("-i", "-p", "plone")
    stage.run("-i", "-p", "django")
    stage.run("--refresh-from-pypi", "--all", "-p", "plone")


def _let_time_pass(ecosystem: Ecosystem) -> None:
    """Change a few projects the way their authors do; the journal tells of all but the archiving."""
    ecosystem.tick(1000)
    ecosystem.publish("plone.api", "3.0.0a1", info={"summary": "A simple API for Plone, tried out for the next major"})
    ecosystem.publish("collective.demo", "1.0", info={"classifiers": ["Framework :: Plone :: 6.1"], "summary": "New"})
    ecosystem.remove_project("collective.easyform")
    django = ecosystem.project("django")
    if django is not None and django.newest is not None:
        ecosystem.yank("Django", django.newest.version, "shown in a demo")


def _table(rounds: Sequence[_Round], latency: float) -> Table:
    table = Table(title=f"What happened, at {latency * 1000:g} ms an answer", title_justify="left")
    table.add_column("pyfaggregator")
    columns = ("found", "indexed", "unchanged", "removed", "documents", "requests", "seconds")
    for column in columns:
        table.add_column(column, justify="right")
    for one in rounds:
        table.add_row(one.command, *(f"{one.report[column]:,g}" for column in columns))
    return table


def _wait_for_the_end(stage: _Stage, console: Console, example: str) -> None:
    """Let the stand-in serve until interrupted, and say how to use it."""
    console.print("\nThe stand-in goes on serving; Ctrl-C ends it. Try in another terminal, for example:")
    for name, value in stage.environment.items():
        console.print(f"  export {name}={value}", highlight=False, soft_wrap=True)
    console.print(f"  pyfaggregator {example}", highlight=False)
    try:
        Event().wait()
    except KeyboardInterrupt:
        console.print("Ended.")


if __name__ == "__main__":
    main()
