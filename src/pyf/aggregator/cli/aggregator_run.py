"""Dispatch the options of `pyfaggregator` to the functions behind `pyf`."""

import click

from ..usecases.collections.target import Scope
from ..usecases.ingest.run import RunOptions
from . import fetching, reading
from .aggregator_options import Action, Options
from .collection_option import Selection
from .exit_codes import ExitCode
from .options import WATCH_INTERVAL


def run(options: Options) -> ExitCode:
    """Run the action that the options select."""
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
