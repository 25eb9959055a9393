"""`pyf check`: check the packages of a project before an upgrade."""

from pathlib import Path
from typing import Any

import click

from ..exit_codes import ExitCode
from ..options import command_with_examples, json_option, profile_option, target_option
from ..signals import default_sigint


@command_with_examples(
    'pyf check requirements.txt -p django --to "Django 6.0" --python 3.14',
    "pyf check pyproject.toml uv.lock -p flask --python 3.14 --markdown",
    "pyf check versions.cfg -p plone --to 6.1",
    "pyf check --environment .venv -p django",
    "pyf check uv.lock -p django --to 6.0 --feed",
)
@click.argument("files", nargs=-1, type=click.Path(dir_okay=False, allow_dash=True))
@profile_option
@target_option
@click.option(
    "--to", "framework", default="", metavar="RELEASE", help='Release of the framework: "Django 6.0" or "6.0".'
)
@click.option("--python", default="", metavar="VERSION", help="Release of Python: 3.14.")
@click.option(
    "--environment",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Check what is installed in this virtual environment.",
)
@click.option("--markdown", is_flag=True, help="Print a summary in Markdown, for a comment on a pull request.")
@click.option("--feed", is_flag=True, help="Print only the URL of a feed of these packages on the site at WEB_URL.")
@json_option("Print the result as one JSON object on stdout.")
def check(files: tuple[str, ...], environment: Path | None, as_json: bool, **options: Any) -> ExitCode:
    """Check packages before an upgrade: which releases support it, what blocks it, what is unmaintained.

    FILES are requirements.txt, constraints.txt, pyproject.toml, uv.lock, poetry.lock, pylock.toml, Pipfile.lock or
    versions.cfg; "-" reads stdin.

    Exit codes: 0 all packages are ready or unknown, 2 wrong usage or setting, 3 a package needs an upgrade or blocks
    it, 4 a needed service is unavailable.
    """
    if not files and environment is None:
        raise click.UsageError("name a file to check, or an environment with --environment")
    formats = [name for name in ("markdown", "feed") if options[name]] + ["json"] * as_json
    if len(formats) > 1:
        raise click.UsageError(f"--{formats[0]} and --{formats[1]} exclude each other.")
    with default_sigint():
        from ..actions.checking import OutputFormat, run_check
        from ..collection_option import Selection
    output = OutputFormat[formats[0].upper()] if formats else OutputFormat.TABLE
    selection = Selection(profile=options["profile"], target=options["target"])
    return run_check(selection, files, environment, goal=(options["framework"], options["python"]), output=output)


@command_with_examples(
    'pyf readiness -p django --to "Django 6.0"',
    "pyf readiness -p plone --python 3.14 --limit 50",
)
@profile_option
@target_option
@click.option(
    "--to", "framework", default="", metavar="RELEASE", help='Release of the framework: "Django 6.0" or "6.0".'
)
@click.option("--python", default="", metavar="VERSION", help="Release of Python: 3.14.")
@click.option(
    "-l",
    "--limit",
    type=click.IntRange(1, 500),
    default=100,
    show_default=True,
    metavar="N",
    help="The N most downloaded packages.",
)
@json_option("Print the board as one JSON object on stdout.")
def readiness(limit: int, as_json: bool, **options: str) -> ExitCode:
    """Print which of the most used packages are ready for a release, since when, and which are not.

    Without --to and --python, the newest release of the framework is taken.
    """
    with default_sigint():
        from ..actions.readiness import run_readiness
        from ..collection_option import Selection
    selection = Selection(profile=options["profile"], target=options["target"])
    return run_readiness(selection, goal=(options["framework"], options["python"]), limit=limit, as_json=as_json)
