"""`pyfupdater`: the older command for what `pyf collection`, `alias`, `key` and `queue` do."""

from typing import Any

import click

from .. import __version__
from .exit_codes import ExitCode, ExitCodeCommand, default_sigint
from .updater_options import Options, with_updater_options


@click.command(cls=ExitCodeCommand, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@with_updater_options
@click.version_option(__version__, prog_name="pyfupdater")
def main(**values: Any) -> ExitCode:
    """Manage the collections of the index, their aliases and API keys, and the task queue.

    Actions that destroy data ask for confirmation; --force confirms, and is required without a terminal.
    DEFAULT_PROFILE applies to --export and --add-search-only-apikey only: an action that changes a collection must
    name it.

    Exit codes: 0 success, 1 internal error, 2 wrong usage or setting, 3 some packages or lines failed, 4 a needed
    service is unavailable or a file can't be written.
    """
    options = Options(**values)
    options.validate()
    # Importing this takes ten times as long as parsing the arguments.
    with default_sigint():
        from .updater_run import run
    return run(options)


if __name__ == "__main__":
    main()
