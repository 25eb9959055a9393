"""`pyfserve`: show the index to people and programs over HTTP."""

import click

from .. import __version__
from .exit_codes import ExitCode, ExitCodeCommand, default_sigint


@click.command(cls=ExitCodeCommand, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to serve on; 0.0.0.0 for every one.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8000,
    show_default=True,
    help="Port to serve on; 0 for any free one.",
)
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="Processes that serve; one a processor core answers most clients at once.",
)
@click.option("--open", "open_", is_flag=True, help="Open the page in a browser.")
@click.version_option(__version__, prog_name="pyfserve")
def main(host: str, port: int, workers: int, open_: bool) -> ExitCode:
    """Serve the index: pages to search and read in, and an interface for programs at /api/v1/.

    Ctrl-C and SIGTERM end it, once the requests that are under way have been answered. What other commands write
    meanwhile is there with the next request.

    Exit codes: 0 done, 1 defect, 2 wrong usage or setting, 4 the port can't be had.
    """
    with default_sigint():
        from .serve_run import run
    return run(host=host, port=port, open_browser=open_, workers=workers)


if __name__ == "__main__":
    main()
