"""`pyf demo`: run the main commands and the web site on sample data, in a temporary folder on this machine."""

from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event

import click
from rich.console import Console

from ...config.profiles import load_profiles
from ...sandbox.fake_registry import FakeRegistry
from ...sandbox.load import load_documents, load_sample_documents
from ...sandbox.yaml_format import SampleDataError
from ..actions.demo_history import add_sample_months
from ..actions.demo_servers import DemoRunner, check_pages, open_in_browser, run_sandbox_servers, serve_pages
from ..exit_codes import ExitCode
from ..options import command_with_examples, to_program
from ..output import create_stdout_console
from ..signals import treat_sigterm_as_interrupt


@command_with_examples("pyf demo")
@click.option("--once", is_flag=True, help="End after the demo instead of serving the sample until interrupted.")
@click.option("--serve", is_flag=True, help="Serve only, and run no command.")
@click.option(
    "--folder",
    type=click.Path(exists=True, path_type=Path),
    help="Serve the project documents (PyPI's JSON) of this folder instead of the sample.",
)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port to serve on; any free one by default.")
@click.option(
    "--latency", type=click.FloatRange(0, 60), default=0.02, show_default=True, help="Seconds that a response takes."
)
def demo(once: bool, serve: bool, folder: Path | None, port: int, latency: float) -> ExitCode:
    """Run the main commands on this machine, with sample services instead of PyPI, GitHub and the others.

    Then serve the web site of the filled index, and open it in a browser.
    """
    if serve and once:
        raise click.UsageError("--serve and --once exclude each other.")
    if folder and not serve:
        raise click.UsageError("--folder can only be used with --serve: the demo needs the sample.")
    try:
        ecosystem = FakeRegistry(load_documents(folder) if folder else load_sample_documents())
    except SampleDataError as error:
        raise click.BadParameter(str(error), param_hint="--folder") from error
    treat_sigterm_as_interrupt()
    console = create_stdout_console()
    with (
        run_sandbox_servers(ecosystem, port=port, latency=latency) as settings,
        TemporaryDirectory(prefix="pyfdemo-") as temporary,
        ExitStack() as page_stack,
    ):
        runner = DemoRunner(Path(temporary), settings, console)
        project_count = len(ecosystem.list_projects())
        console.print(
            f"The local PyPI serves {project_count} projects at {settings['PYPI_BASE_URL']}",
            highlight=False,
        )
        if not serve:
            _run_commands(runner, ecosystem)
            runner.print_tables(f"What happened, at {latency * 1000:g} ms per response")
            _show_pages(
                page_stack.enter_context(serve_pages(runner.folder, runner.environment)),
                console,
                opens_browser=not once,
            )
        if not once:
            example = "fetch -p plone" if serve else "show djangorestframework -p django"
            _wait_for_interrupt(runner, example)
    return ExitCode.SUCCESS


def _run_commands(runner: DemoRunner, registry: FakeRegistry) -> None:
    for profile in load_profiles():
        runner.run("fetch", "-p", profile)
    for profile in load_profiles():
        runner.run("repositories", "-p", profile)
        runner.run("downloads", "-p", profile, "--source", "clickhouse")
    count = add_sample_months(runner.environment["SQLITE_PATH"])
    runner.console.print(
        f"\nThe histories of {count} packages got made-up months, as if all of this had run for years."
    )
    runner.show("plone", "Plone.API")
    runner.print_output("explain", "Flask-WTF", "-p", "flask")
    runner.print_output("search", "rest api", "-p", "django")
    runner.print_output("history", "djangorestframework", "-p", "django")
    runner.print_output("readiness", "--to", "Django 6.0", "-p", "django", "--limit", "10")
    runner.run("fetch", "-p", "plone")
    _change_packages(registry)
    runner.run("update", "-p", "plone")
    runner.run("update", "-p", "django")
    for name in ("Quart", "moto", "flask-talisman"):
        runner.print_output("why", name, "-p", "flask")
    runner.run("update", "-p", "flask")
    runner.print_output("why", "flask-talisman", "-p", "flask")
    runner.run("refresh", "--all-statuses", "-p", "plone")


def _show_pages(url: str, console: Console, *, opens_browser: bool) -> None:
    """Check pages of the site, and open it in a browser if requested."""
    collection_paths = [f"/in/{profile}" for profile in load_profiles()]
    paths = [
        "/",
        *collection_paths,
        *(f"{path}/search?q=a" for path in collection_paths),
        "/in/plone/project/plone-api",
    ]
    console.print(f"\n[bold]$ pyf serve[/bold]\nThe site is at {url}", highlight=False)
    console.print(f"{check_pages(url, paths)} of its pages were checked, without errors.", highlight=False)
    if opens_browser and open_in_browser(url):
        console.print("It is open in your browser.")


def _change_packages(registry: FakeRegistry) -> None:
    """Change a few projects as their authors would."""
    registry.add_filler_changes(1000)
    registry.publish("plone.api", "3.0.0a1", info={"summary": "A simple API for Plone, tried out for the next major"})
    registry.publish("collective.demo", "1.0", info={"classifiers": ["Framework :: Plone :: 6.1"], "summary": "New"})
    registry.remove_project("collective.easyform")
    registry.publish("flask-talisman", "1.2", info={"requires_dist": ["Flask>=3"]})
    django = registry.get_project("django")
    if django is not None and django.newest is not None:
        registry.yank("Django", django.newest.version, "shown in a demo")


def _wait_for_interrupt(runner: DemoRunner, example: str) -> None:
    """Keep the site and the local services running until interrupted, and print how to use them."""
    console = runner.console
    try:
        console.print("\nThe local services keep running; press Ctrl-C to stop. In another terminal, run for example:")
        for name, value in runner.environment.items():
            console.print(f"  export {name}={value}", highlight=False, soft_wrap=True)
        console.print(f"  pyf {example}", highlight=False)
        Event().wait()
    except KeyboardInterrupt:
        # Rich prints a line again if the interrupt arrives between writing it and clearing the buffer.
        click.echo("Stopped.")


main = to_program(demo, "pyfdemo")

if __name__ == "__main__":
    main()
