"""`pyfserve` and `pyf serve`: serve the index over HTTP."""

import click

from ..exit_codes import ExitCode, default_sigint
from ..options import command_with_examples, to_program


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
    "--workers",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="Number of processes; one per processor core serves most clients.",
)
@click.option("--open", "open_", is_flag=True, help="Open the page in a browser.")
def serve(host: str, port: int, workers: int, open_: bool) -> ExitCode:
    """Serve the index over HTTP: web pages, and the API at /api/v1/.

    Ctrl-C and SIGTERM stop the server after it has answered the current requests. What other commands write is
    visible with the next request.

    Exit codes: 0 success, 1 internal error, 2 wrong usage or setting, 4 the port is not available.
    """
    with default_sigint():
        from ..actions.serving import run
    return run(host=host, port=port, open_browser=open_, workers=workers)


main = to_program(serve, "pyfserve")

if __name__ == "__main__":
    main()
