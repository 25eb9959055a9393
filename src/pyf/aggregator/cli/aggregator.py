"""`pyfaggregator`: fill a collection from PyPI, keep it up to date, and show what it holds."""

from typing import Any

import click

from .. import __version__
from .aggregator_options import Options, with_aggregator_options
from .exit_codes import ExitCode, ExitCodeCommand, default_sigint


@click.command(cls=ExitCodeCommand, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@with_aggregator_options
@click.version_option(__version__, prog_name="pyfaggregator")
def main(**values: Any) -> ExitCode:
    """Fill a collection with the packages of a framework from PyPI, and keep it up to date.

    One of --first, --incremental, --refresh-from-pypi, --watch, --show, --explain and --why says what to do. The report
    goes to stdout, everything else to stderr.

    Exit codes: 0 done, 1 defect, 2 wrong usage or setting, 3 done but for some packages, 4 a needed service did
    not answer or a file can't be written.
    """
    options = Options(**values)
    options.validate()
    # What does the work takes ten times as long to import as what reads the arguments.
    with default_sigint():
        from .aggregator_run import run
    return run(options)


if __name__ == "__main__":
    main()
