"""`pyfupdater`: look after collections, their aliases and the keys that open them."""

from typing import Any

import click

from .. import __version__
from .exit_codes import ExitCode, ExitCodeCommand, default_sigint
from .updater_options import Options, with_updater_options


@click.command(cls=ExitCodeCommand, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@with_updater_options
@click.version_option(__version__, prog_name="pyfupdater")
def main(**values: Any) -> ExitCode:
    """Look after the collections of the index, their aliases and the keys that open them.

    What destroys something asks before, and names what it is about to destroy; --force answers that. Where there is no
    terminal to ask on it refuses without --force. DEFAULT_PROFILE counts for --export and --add-search-only-apikey
    only: whatever changes a collection has it named.

    Exit codes: 0 done, 1 defect, 2 wrong usage or setting, 3 done but for some packages or lines, 4 a needed service
    did not answer or a file can't be written.
    """
    options = Options(**values)
    options.validate()
    # What does the work takes ten times as long to import as what reads the arguments.
    with default_sigint():
        from .updater_run import run
    return run(options)


if __name__ == "__main__":
    main()
