"""`pyfaggregator`: the older command for what `pyf fetch`, `update`, `refresh`, `watch` and `show` do."""

from typing import Any

import click

from .. import __version__
from .aggregator_options import Options, with_aggregator_options
from .exit_codes import ExitCode, ExitCodeCommand, default_sigint


@click.command(cls=ExitCodeCommand, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@with_aggregator_options
@click.version_option(__version__, prog_name="pyfaggregator")
def main(**values: Any) -> ExitCode:
    """Fill a collection with the packages of a framework from PyPI, and keep it current.

    Needs one of --first, --incremental, --refresh-from-pypi, --watch, --show, --explain and --why. The report goes to
    stdout, everything else to stderr.

    Exit codes: 0 success, 1 internal error, 2 wrong usage or setting, 3 some packages failed, 4 a needed service is
    unavailable or a file can't be written.
    """
    options = Options(**values)
    options.validate()
    # Importing this takes ten times as long as parsing the arguments.
    with default_sigint():
        from .aggregator_run import run
    return run(options)


if __name__ == "__main__":
    main()
