"""`pyfserve` and `pyf serve`: serve the index over HTTP."""

from pathlib import Path
from typing import Any

import click

from ..exit_codes import ExitCode, ExitCodeGroup
from ..options import CONTEXT_SETTINGS, command_with_examples, to_program
from ..signals import default_sigint


@command_with_examples("pyf serve --open", "pyf serve --host 0.0.0.0 --port 80")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; 0.0.0.0 for all.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8000,
    show_default=True,
    help="Port to listen on; 0 for any free one.",
)
@click.option(
    "--uds", "socket_path", default="", metavar="PATH", help="Listen on this Unix socket instead of a host and a port."
)
@click.option(
    "--root-path",
    default="",
    metavar="PATH",
    help="Path below the host that the site is published at, such as /packages. Overrides WEB_ROOT_PATH.",
)
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=None,
    help="Number of processes; one per processor core by default, up to eight.",
)
@click.option("--open", "open_", is_flag=True, help="Open the page in a browser.")
def serve(root_path: str, workers: int | None, open_: bool, **address: Any) -> ExitCode:
    """Serve the index over HTTP: web pages, and the API at /api/v1/.

    Ctrl-C and SIGTERM stop the server after it has answered the current requests. What other commands write is
    visible with the next request.

    Exit codes: 0 success, 1 internal error, 2 wrong usage or setting, 4 the address is not available.
    """
    if address["socket_path"] and open_:
        raise click.UsageError("--uds and --open exclude each other: a browser can't open a Unix socket.")
    with default_sigint():
        from ..actions.serving import Address, count_default_workers, run
    workers = workers or count_default_workers()
    return run(Address(**address), root_path=root_path, open_browser=open_, workers=workers)


@command_with_examples("pyf mcp", "claude mcp add packages -- pyf mcp")
def mcp() -> ExitCode:
    """Serve the index to an AI agent over stdin and stdout: search, package, compare, check and readiness.

    The agent starts this command itself; add it to the agent's configuration. `pyf serve` offers the same at /mcp.
    Needs the package mcp: pip install "pyf.aggregator[mcp]".
    """
    # Ctrl-C ends the process at once: it has nothing to clean up, and a thread of it waits for stdin.
    with default_sigint():
        from ..actions.agents import run_mcp

        return run_mcp()


@click.group(cls=ExitCodeGroup, context_settings=CONTEXT_SETTINGS)
def site() -> None:
    """Write the web site as files."""


@site.command
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--base-url", required=True, metavar="URL", help="Where the files will be served.")
@click.option(
    "-t", "--target", "targets", multiple=True, metavar="COLLECTION", help="Only this collection. Repeatable."
)
def build(folder: Path, base_url: str, targets: tuple[str, ...]) -> ExitCode:
    """Write the site of all collections into FOLDER, for hosts that serve files only.

    A later build writes only the files whose content differs, and removes those of packages that are gone. Pages that
    need a server (comparison, upgrade check, API) are left out.
    """
    with default_sigint():
        from ..actions.site import run_build
    return run_build(folder, base_url, targets)


main = to_program(serve, "pyfserve")

if __name__ == "__main__":
    main()
