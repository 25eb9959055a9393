"""Declare the subcommands of `pyf` that fill a collection and read packages.

This module must import fast: shell completion loads it. The work is done by `fetching` and `reading`.
"""

from typing import Any

import click

from ..exit_codes import ExitCode
from ..options import (
    CURSOR_FILE_HELP,
    WATCH_INTERVAL,
    command_with_examples,
    json_option,
    limit_option,
    profile_option,
    target_option,
    verbose_option,
    yes_option,
)
from ..signals import default_sigint

_limit_option = limit_option("Process at most N packages. Packages that the filter leaves out do not count.")
_filter_name_option = click.option(
    "--filter-name", default="", metavar="TEXT", help="Only packages with TEXT in their name, in any spelling."
)
_dry_run_option = click.option("--dry-run", is_flag=True, help="Print what would be read. Read and change nothing.")
_mass_removal_option = click.option(
    "--allow-mass-removal",
    is_flag=True,
    help="Allow removing more than a tenth, or more than five packages of a small collection.",
)
_cursor_file_option = click.option("--cursor-file", default="", metavar="FILE", help=CURSOR_FILE_HELP)


def _run(function: str, profile: str, target: str, options: dict[str, Any], **arguments: Any) -> ExitCode:
    """Call a function of `fetching` with the options that its commands share."""
    with default_sigint():
        from ...usecases.collections.target import Scope
        from ...usecases.ingest.run import RunOptions
        from ..actions import fetching
        from ..collection_option import Selection
    selection = Selection(
        profile=profile,
        target=target,
        classifiers=options.get("classifiers", ()),
        all_projects=options.get("all_projects", False),
    )
    command_options = fetching.CommandOptions(
        run=RunOptions(
            scope=Scope(limit=options.get("limit"), name_part=options.get("filter_name", "")),
            dry_run=options.get("dry_run", False),
            allow_mass_removal=options["allow_mass_removal"],
        ),
        cursor_file=options.get("cursor_file", ""),
        as_json=options["as_json"],
    )
    code: ExitCode = getattr(fetching, function)(selection, command_options, **arguments)
    return code


@command_with_examples(
    "pyf fetch -p plone",
    "pyf fetch -p django -t django-test --limit 100",
    'pyf fetch --classifier "Framework :: Pelican" -t pelican',
)
@profile_option
@target_option
@_limit_option
@_filter_name_option
@click.option(
    "--classifier",
    "classifiers",
    multiple=True,
    metavar="CLASSIFIER",
    help="Instead of a profile: packages with this trove classifier or one below it. Can be repeated.",
)
@click.option("--all-projects", is_flag=True, help="Instead of a profile: every project on PyPI.")
@click.option(
    "--candidates",
    default="",
    metavar="FILE",
    help="Also evaluate the projects named in this file, one name per line. Overrides CANDIDATES_FILE.",
)
@_dry_run_option
@_mass_removal_option
@_cursor_file_option
@verbose_option
@json_option()
@yes_option
def fetch(profile: str, target: str, candidates: str, is_confirmed: bool, **options: Any) -> ExitCode:
    """Fill a collection: find all packages of its filter, and read those that are new or have changed."""
    return _run("run_fetch", profile, target, options, candidates=candidates, is_confirmed=is_confirmed)


@command_with_examples("pyf update -p plone", "pyf update -p plone --dry-run")
@profile_option
@target_option
@_limit_option
@_filter_name_option
@_dry_run_option
@_mass_removal_option
@_cursor_file_option
@verbose_option
@json_option()
def update(profile: str, target: str, **options: Any) -> ExitCode:
    """Read what changed on PyPI since the last run."""
    return _run("run_update", profile, target, options)


@command_with_examples("pyf refresh -p plone", "pyf refresh -p plone --all-statuses")
@profile_option
@target_option
@_limit_option
@_filter_name_option
@click.option("--all-statuses", is_flag=True, help="Check the PyPI status of all packages, not only of old ones.")
@_dry_run_option
@_mass_removal_option
@verbose_option
@json_option()
def refresh(profile: str, target: str, all_statuses: bool, **options: Any) -> ExitCode:
    """Compare a collection with PyPI: read what changed, remove what is gone, check old statuses."""
    return _run("run_refresh", profile, target, options, all_statuses=all_statuses)


@command_with_examples("pyf watch -p plone", "pyf watch -p plone --interval 60")
@profile_option
@target_option
@click.option(
    "--interval",
    type=click.IntRange(min=1),
    default=WATCH_INTERVAL,
    show_default=True,
    metavar="SECONDS",
    help="Pause between two updates.",
)
@_mass_removal_option
@_cursor_file_option
@verbose_option
@json_option("Print each report as one JSON object per line.")
def watch(profile: str, target: str, interval: int, **options: Any) -> ExitCode:
    """Keep a collection current until Ctrl-C: update it in a loop, and enrich and refresh it on schedule.

    The schedules are the settings CELERY_SCHEDULE_*. Use this if you do not run the task queue.
    """
    return _run("run_watch", profile, target, options, interval=interval)


@command_with_examples("pyf show plone.api -p plone")
@click.argument("name")
@profile_option
@target_option
@click.option("--all-versions", is_flag=True, help="Print all releases, newest first.")
def show(name: str, profile: str, target: str, all_versions: bool) -> ExitCode:
    """Print what is stored of the package NAME as JSON: its newest release."""
    with default_sigint():
        from ..actions.reading import run_show
        from ..collection_option import Selection
    return run_show(Selection(profile=profile, target=target), name, all_versions=all_versions)


@command_with_examples("pyf history plone.api -p plone")
@click.argument("name")
@profile_option
@target_option
@json_option("Print the months as one JSON list on stdout.")
def history(name: str, profile: str, target: str, as_json: bool) -> ExitCode:
    """Print health, stars, downloads and support of the package NAME by month, as earlier runs have recorded them."""
    with default_sigint():
        from ..actions.history import run_history
        from ..collection_option import Selection
    return run_history(Selection(profile=profile, target=target), name, as_json=as_json)


@command_with_examples("pyf explain plone.api -p plone")
@click.argument("name")
@profile_option
@target_option
@json_option("Print the score as one JSON object on stdout.")
def explain(name: str, profile: str, target: str, as_json: bool) -> ExitCode:
    """Print every health rule for the package NAME, with points, evidence and suggested improvements."""
    with default_sigint():
        from ..actions.reading import run_explain
        from ..collection_option import Selection
    return run_explain(Selection(profile=profile, target=target), name, as_json=as_json)


@command_with_examples("pyf why flask-talisman -p flask")
@click.argument("name")
@profile_option
@target_option
@json_option("Print the explanation as one JSON object on stdout.")
def why(name: str, profile: str, target: str, as_json: bool) -> ExitCode:
    """Explain why the package NAME is in a collection, or why it is not."""
    with default_sigint():
        from ..actions.reading import run_why
        from ..collection_option import Selection
    return run_why(Selection(profile=profile, target=target), name, as_json=as_json)
