"""`pyfdemo`: the whole main job against the sample ecosystem, up to the page, on this machine; nothing is left."""

from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event

import click
from rich.console import Console

from .. import __version__
from ..adapters.profiles import load_profiles
from ..sample.ecosystem import Ecosystem
from ..sample.errors import SampleError
from ..sample.load import load, sample_documents
from .demo_page import look_at, open_in_browser, served
from .demo_stage import Stage, standing_in
from .exits import Exit, PlainCommand, end_on_sigterm
from .output import stdout_console


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
    """Show the main job on this machine: sample services stand in for PyPI, GitHub, pypistats and ClickHouse.

    The commands are the real ones. In the end the page is open.
    """
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
        standing_in(ecosystem, port=port, latency=latency) as settings,
        TemporaryDirectory(prefix="pyfdemo-") as kept,
        ExitStack() as page,
    ):
        stage = Stage(Path(kept), settings, console)
        number = len(ecosystem.projects())
        console.print(f"A stand-in for PyPI serves {number} projects at {settings['PYPI_BASE_URL']}", highlight=False)
        if not serve:
            _perform(stage, ecosystem)
            stage.print_tables(f"What happened, at {latency * 1000:g} ms an answer")
            _show_the_page(page.enter_context(served(stage.folder, stage.environment)), console, is_wanted=not once)
        if not once:
            example = "-f -p plone" if serve else "-p django --show djangorestframework"
            _wait_for_the_end(stage, example)
    return Exit.DONE


def _perform(stage: Stage, ecosystem: Ecosystem) -> None:
    for profile in load_profiles():
        stage.run("pyfaggregator", "-f", "-p", profile)
    for profile in load_profiles():
        stage.run("pyfgithub", "-p", profile)
        stage.run("pyfdownloads", "-p", profile, "--source", "clickhouse")
    stage.show("plone", "Plone.API")
    stage.explain("flask", "Flask-WTF")
    stage.run("pyfaggregator", "-f", "-p", "plone")
    _let_time_pass(ecosystem)
    stage.run("pyfaggregator", "-i", "-p", "plone")
    stage.run("pyfaggregator", "-i", "-p", "django")
    for name in ("Quart", "moto", "flask-talisman"):
        stage.why("flask", name)
    stage.run("pyfaggregator", "-i", "-p", "flask")
    stage.why("flask", "flask-talisman")
    stage.run("pyfaggregator", "--refresh-from-pypi", "--all", "-p", "plone")


def _show_the_page(address: str, console: Console, *, is_wanted: bool) -> None:
    """Look at the page once, and open it where somebody wants to."""
    shelves = [f"/in/{profile}" for profile in load_profiles()]
    paths = ["/", *shelves, *(f"{shelf}/search?q=a" for shelf in shelves), "/in/plone/project/plone-api"]
    console.print(f"\n[bold]$ pyfserve[/bold]\nThe page is at {address}", highlight=False)
    console.print(f"{look_at(address, paths)} of its pages were looked at, and are well.", highlight=False)
    if is_wanted and open_in_browser(address):
        console.print("It is open in your browser.")


def _let_time_pass(ecosystem: Ecosystem) -> None:
    """Change a few projects the way their authors do; the journal tells of all but the archiving."""
    ecosystem.tick(1000)
    ecosystem.publish("plone.api", "3.0.0a1", info={"summary": "A simple API for Plone, tried out for the next major"})
    ecosystem.publish("collective.demo", "1.0", info={"classifiers": ["Framework :: Plone :: 6.1"], "summary": "New"})
    ecosystem.remove_project("collective.easyform")
    ecosystem.publish("flask-talisman", "1.2", info={"requires_dist": ["Flask>=3"]})
    django = ecosystem.project("django")
    if django is not None and django.newest is not None:
        ecosystem.yank("Django", django.newest.version, "shown in a demo")


def _wait_for_the_end(stage: Stage, example: str) -> None:
    """Let the page and the stand-ins serve until interrupted, and say how to use them."""
    console = stage.console
    console.print("\nThe stand-ins go on serving; Ctrl-C ends it. Try in another terminal, for example:")
    for name, value in stage.environment.items():
        console.print(f"  export {name}={value}", highlight=False, soft_wrap=True)
    console.print(f"  pyfaggregator {example}", highlight=False)
    try:
        Event().wait()
    except KeyboardInterrupt:
        console.print("Ended.")


if __name__ == "__main__":
    main()
