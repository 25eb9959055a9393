"""`pyfaggregator`: the older command for what `pyf fetch`, `update`, `refresh`, `watch` and `show` do."""

from collections.abc import Callable
from enum import StrEnum
from functools import reduce
from typing import Any

import click
from msgspec import Struct

from ... import __version__
from ..exit_codes import ExitCode, ExitCodeCommand
from ..options import CURSOR_FILE_HELP, WATCH_INTERVAL, profile_option, target_option, verbose_option
from ..signals import default_sigint


class Action(StrEnum):
    """The actions of the command, by the option that selects them."""

    FIRST = "--first"
    INCREMENTAL = "--incremental"
    REFRESH = "--refresh-from-pypi"
    WATCH = "--watch"
    SHOW = "--show"
    EXPLAIN = "--explain"
    WHY = "--why"


_RUN_ACTIONS = (Action.FIRST, Action.INCREMENTAL, Action.REFRESH)

# Options that apply to some actions only.
_ALLOWED_ACTIONS = {
    "--limit": _RUN_ACTIONS,
    "--filter-name": _RUN_ACTIONS,
    "--dry-run": _RUN_ACTIONS,
    "--allow-mass-removal": (*_RUN_ACTIONS, Action.WATCH),
    "--recreate-collection": (Action.FIRST,),
    "--all": (Action.REFRESH,),
    "--all-versions": (Action.SHOW,),
    "--candidates": (Action.FIRST,),
    "--interval": (Action.WATCH,),
}


class Options(Struct, frozen=True, kw_only=True):
    """The command's options as given."""

    first: bool
    incremental: bool
    refresh_from_pypi: bool
    watch: bool
    interval: int | None
    sincefile: str
    limit: int | None
    filter_name: str
    filter_troove: tuple[str, ...]
    profile: str
    target: str
    no_plone_filter: bool
    show: str
    explain: str
    all_versions: bool
    why: str
    candidates: str
    recreate_collection: bool
    all_: bool
    allow_mass_removal: bool
    dry_run: bool
    json_: bool
    yes: bool
    is_verbose: bool

    @property
    def action(self) -> Action:
        """The selected action; raises `click.UsageError` unless there is exactly one."""
        requested = {
            Action.FIRST: self.first,
            Action.INCREMENTAL: self.incremental,
            Action.REFRESH: self.refresh_from_pypi,
            Action.WATCH: self.watch,
            Action.SHOW: bool(self.show),
            Action.EXPLAIN: bool(self.explain),
            Action.WHY: bool(self.why),
        }
        actions = [action for action, is_requested in requested.items() if is_requested]
        if len(actions) != 1:
            raise click.UsageError(f"Say what to do, and one thing only: {', '.join(Action)}. More: --help.")
        return actions[0]

    def validate(self) -> None:
        """Raise `click.UsageError` for options that exclude each other or have no effect."""
        action = self.action
        is_set = {
            "--limit": self.limit is not None,
            "--filter-name": bool(self.filter_name),
            "--dry-run": self.dry_run,
            "--allow-mass-removal": self.allow_mass_removal,
            "--recreate-collection": self.recreate_collection,
            "--all": self.all_,
            "--all-versions": self.all_versions,
            "--candidates": bool(self.candidates),
            "--interval": self.interval is not None,
        }
        for option, actions in _ALLOWED_ACTIONS.items():
            if is_set[option] and action not in actions:
                raise click.UsageError(f"{option} can only be used with {' or '.join(actions)}, not with {action}.")
        if self.recreate_collection and (self.limit is not None or self.filter_name or self.dry_run):
            raise click.UsageError("--recreate-collection rebuilds all of a collection: not with -l, -fn or --dry-run.")
        if not all(classifier.strip() for classifier in self.filter_troove):
            raise click.UsageError("-ft/--filter-troove needs a classifier.")


_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    click.option(
        "-f",
        "--first",
        is_flag=True,
        help="Full fetch: find all packages, read those that are new or have changed.",
    ),
    click.option("-i", "--incremental", is_flag=True, help="Read what changed on PyPI since the last run."),
    click.option(
        "--refresh-from-pypi",
        is_flag=True,
        help="Compare the collection with PyPI: read what changed, remove what is gone, check old statuses.",
    ),
    click.option("--watch", is_flag=True, help="Run -i in a loop until interrupted."),
    click.option(
        "--interval",
        type=click.IntRange(min=1),
        metavar="SECONDS",
        help=f"Pause between two updates of --watch; {WATCH_INTERVAL} by default.",
    ),
    click.option(
        "-s",
        "--sincefile",
        default="",
        metavar="FILE",
        help=CURSOR_FILE_HELP,
    ),
    click.option(
        "-l",
        "--limit",
        type=click.IntRange(min=1),
        metavar="N",
        help="Process at most N packages. Packages that the filter leaves out do not count.",
    ),
    click.option(
        "-fn",
        "--filter-name",
        default="",
        metavar="TEXT",
        help="Only packages with TEXT in their name, in any spelling.",
    ),
    click.option(
        "-ft",
        "--filter-troove",
        multiple=True,
        metavar="CLASSIFIER",
        help="Packages with this trove classifier or one below it. Can be repeated. Deprecated: use a profile.",
    ),
    profile_option,
    target_option,
    click.option(
        "--no-plone-filter",
        is_flag=True,
        help="With -f, without -p and -ft: every project on PyPI instead of the Plone packages.",
    ),
    click.option(
        "--show",
        default="",
        metavar="PACKAGE_NAME",
        help="Print what is stored of a package as JSON: its newest release.",
    ),
    click.option(
        "--explain",
        default="",
        metavar="PACKAGE_NAME",
        help="Print every health rule for a package, with points, evidence and suggested improvements.",
    ),
    click.option("--all-versions", is_flag=True, help="With --show: print all releases, newest first."),
    click.option(
        "--why",
        default="",
        metavar="PACKAGE_NAME",
        help="Explain why a package is in the collection, or why it is not.",
    ),
    click.option(
        "--candidates",
        default="",
        metavar="FILE",
        help="With -f: also evaluate the projects named in this file, one name per line. Overrides CANDIDATES_FILE.",
    ),
    click.option(
        "--recreate-collection",
        is_flag=True,
        help="With -f: rebuild the collection beside the live one and switch once it is verified.",
    ),
    click.option(
        "--all",
        "all_",
        is_flag=True,
        help="With --refresh-from-pypi: check the PyPI status of all packages.",
    ),
    click.option(
        "--allow-mass-removal",
        is_flag=True,
        help="Allow removing more than a tenth, or more than five packages of a small collection.",
    ),
    click.option("--dry-run", is_flag=True, help="Print what would be read. Read and change nothing."),
    click.option(
        "--json",
        "json_",
        is_flag=True,
        help="Print the report or the explanation as one JSON object on stdout; with --watch, one per line.",
    ),
    verbose_option,
    click.option("-y", "--yes", is_flag=True, help="Do not ask for confirmation."),
)


def with_aggregator_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options to a command, in the order of its help page."""
    return reduce(lambda decorated, option: option(decorated), reversed(_OPTIONS), command)


def _run(options: Options) -> ExitCode:
    """Call the function of `pyf` for the action that the options select."""
    # Importing these takes ten times as long as parsing the arguments.
    with default_sigint():
        from ...usecases.collections.target import Scope
        from ...usecases.ingest.run import RunOptions
        from ..actions import fetching, reading
        from ..collection_option import Selection

    selection = Selection(
        profile=options.profile,
        target=options.target,
        classifiers=options.filter_troove,
        all_projects=options.no_plone_filter,
    )
    command_options = fetching.CommandOptions(
        run=RunOptions(
            scope=Scope(limit=options.limit, name_part=options.filter_name),
            dry_run=options.dry_run,
            allow_mass_removal=options.allow_mass_removal,
        ),
        cursor_file=options.sincefile,
        as_json=options.json_,
    )
    if options.filter_troove:
        click.echo("Warning: -ft is deprecated; name the classifiers in a profile (PROFILES_FILE).", err=True)
    match options.action:
        case Action.FIRST:
            run_action = fetching.run_rebuild if options.recreate_collection else fetching.run_fetch
            return run_action(selection, command_options, candidates=options.candidates, is_confirmed=options.yes)
        case Action.INCREMENTAL:
            return fetching.run_update(selection, command_options)
        case Action.REFRESH:
            return fetching.run_refresh(selection, command_options, all_statuses=options.all_)
        case Action.WATCH:
            return fetching.run_watch(selection, command_options, interval=options.interval or WATCH_INTERVAL)
        case Action.SHOW:
            return reading.run_show(selection, options.show, all_versions=options.all_versions)
        case Action.EXPLAIN:
            return reading.run_explain(selection, options.explain, as_json=options.json_)
        case Action.WHY:
            return reading.run_why(selection, options.why, as_json=options.json_)


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
    return _run(options)


if __name__ == "__main__":
    main()
