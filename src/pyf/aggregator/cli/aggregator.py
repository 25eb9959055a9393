"""`pyfaggregator`: fill a collection from PyPI, keep it up to date, and show what it holds."""

import json
import sys
from typing import Any

import click

from .. import __version__
from ..adapters.profiles import load_profiles
from ..adapters.since_file import SinceFile
from ..bootstrap import open_services
from ..domain.errors import Invalid
from ..ports import Services
from ..settings import Settings, load_settings
from ..usecases.changes import changes
from ..usecases.fetch import fetch
from ..usecases.recreate import recreate
from ..usecases.refresh import refresh
from ..usecases.report import Progress, Report, unwatched
from ..usecases.show import show
from .aggregator_options import Action, Options, aggregator_options
from .exits import Exit, code_of_report, speaking_plainly
from .output import print_report, progress_bar
from .targets import Choice, choose
from .watch import watch


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@aggregator_options
@click.version_option(__version__, prog_name="pyfaggregator")
@speaking_plainly
def main(**given: Any) -> Exit:
    """Fill a collection with the packages of a framework from PyPI, and keep it up to date.

    Exit codes: 0 done, 1 defect, 2 wrong usage or setting, 3 done but for some packages, 4 a needed service did
    not answer.
    """
    options = Options(**given)
    options.check()
    settings = load_settings()
    choice = choose(
        load_profiles(settings.profiles_file),
        profile=options.profile,
        target=options.target,
        classifiers=options.filter_troove,
        everything=options.no_plone_filter,
        default_profile=settings.default_profile,
    )
    if options.filter_troove:
        click.echo("Warning: -ft is deprecated; name the classifiers in a profile (PROFILES_FILE).", err=True)
    if options.no_plone_filter and options.action is Action.FIRST:
        _confirm_everything(choice, has_consent=options.yes)
    with open_services(settings) as services:
        _name_collection(services, settings, choice)
        if options.action is Action.SHOW:
            return _show(services, choice, options)
        if options.action is Action.WATCH:
            return watch(lambda: _updated(services, choice, options, unwatched), interval=options.interval)
        with progress_bar() as progress:
            report = _run(services, choice, options, progress)
        print_report(report, as_json=options.json_)
        return code_of_report(report)


def _confirm_everything(choice: Choice, *, has_consent: bool) -> None:
    if has_consent:
        return
    if not sys.stdin.isatty():
        raise Invalid("--no-plone-filter reads every project on PyPI: confirm with --yes where nobody can be asked")
    question = f"Read every project on PyPI, one request each and more, into {choice.target.collection}?"
    click.confirm(question, abort=True, err=True)


def _name_collection(services: Services, settings: Settings, choice: Choice) -> None:
    """Say on stderr what is worked on, so that nobody fills the wrong index without noticing."""
    alias = choice.target.collection
    behind = services.admin.resolve(alias)
    standing = "not there yet" if behind is None else "" if behind == alias else f"now {behind}"
    detail = f" ({standing})" if standing else ""
    click.echo(f"Index: {settings.index_backend} {services.admin.location()}, collection: {alias}{detail}", err=True)


def _show(services: Services, choice: Choice, options: Options) -> Exit:
    documents = show(services, choice.target, options.show)
    shown = documents if options.all_versions else documents[0]
    click.echo(json.dumps(shown, indent=2, ensure_ascii=False))
    return Exit.DONE


def _run(services: Services, choice: Choice, options: Options, progress: Progress) -> Report:
    """Do what the options ask for, and copy the collection's cursor to the since file if it moved."""
    if options.action is Action.INCREMENTAL:
        return _updated(services, choice, options, progress)
    if options.recreate_collection:
        report = recreate(
            services,
            choice.target,
            default=choice.default,
            allow_mass_removal=options.allow_mass_removal,
            progress=progress,
        )
    elif options.action is Action.FIRST:
        report = fetch(
            services,
            choice.target,
            default=choice.default,
            scope=options.scope,
            dry_run=options.dry_run,
            allow_mass_removal=options.allow_mass_removal,
            progress=progress,
        )
    else:
        return refresh(
            services,
            choice.target,
            default=choice.default,
            scope=options.scope,
            sweep_all=options.all_,
            dry_run=options.dry_run,
            allow_mass_removal=options.allow_mass_removal,
            progress=progress,
        )
    _copy_cursor(services, choice, options, report)
    return report


def _updated(services: Services, choice: Choice, options: Options, progress: Progress) -> Report:
    since = SinceFile(options.sincefile).read()
    report = changes(
        services,
        choice.target,
        default=choice.default,
        scope=options.scope,
        known_cursor=since.serials.get(choice.target.collection),
        cursor_is_lost=since.is_timestamp,
        dry_run=options.dry_run,
        allow_mass_removal=options.allow_mass_removal,
        progress=progress,
    )
    _copy_cursor(services, choice, options, report)
    return report


def _copy_cursor(services: Services, choice: Choice, options: Options, report: Report) -> None:
    if not report.is_whole or options.dry_run or options.scope.is_restricted:
        return
    cursor = services.index.state(choice.target.collection).cursor
    if cursor is not None:
        SinceFile(options.sincefile).write(choice.target.collection, cursor)


if __name__ == "__main__":
    main()
