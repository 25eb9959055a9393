"""Does what the options of `pyfaggregator` ask for: settings and services together, use case, report."""

import sys
from collections.abc import Callable

import click

from ..adapters.profiles import load_profiles
from ..adapters.since_file import Since, SinceFile
from ..bootstrap import open_services
from ..domain.errors import AggregatorError, Invalid, Unavailable
from ..domain.schedule import Schedule
from ..ports import Services
from ..settings import Settings, load_settings
from ..usecases.changes import changes
from ..usecases.enrich_downloads import enrich_downloads
from ..usecases.enrich_repositories import enrich_repositories
from ..usecases.explain import explain
from ..usecases.fetch import fetch
from ..usecases.recreate import recreate
from ..usecases.refresh import refresh
from ..usecases.report import Progress, Report, RunReport, unwatched
from ..usecases.score import rescore
from ..usecases.show import show
from ..usecases.why import why
from .aggregator_options import WATCH_INTERVAL, Action, Options
from .consent import require_consent_to_alias
from .exits import Exit
from .explanation import explanation
from .output import code_of_report, print_drawn, print_json, print_line, print_report, progress_bar
from .targets import Choice, announce, choose
from .watch import Recurring, watch

# What reports call the actions that end with one.
_REPORTED_AS = {Action.FIRST: "fetch", Action.INCREMENTAL: "changes", Action.REFRESH: "refresh"}


def perform(options: Options) -> Exit:
    """Do what the options ask for and say how it ended; raises what `PlainCommand` tells in one line."""
    bulk = {"candidates_source": "file", "candidates_file": options.candidates} if options.candidates else {}
    settings = load_settings(**bulk)
    choice = choose(
        load_profiles(settings.profiles_file),
        profile=options.profile,
        target=options.target,
        classifiers=options.filter_troove,
        everything=options.no_plone_filter,
        default_profile=settings.default_profile,
    )
    named = choice.target.filter
    if options.candidates and named is not None and not named.looks_beyond_classifiers:
        raise Invalid(f"{named.label} goes by classifiers alone: --candidates needs a profile with 'requires:'")
    if options.filter_troove:
        click.echo("Warning: -ft is deprecated; name the classifiers in a profile (PROFILES_FILE).", err=True)
    if options.no_plone_filter and options.action is Action.FIRST and not options.dry_run:
        _confirm_everything(choice, has_consent=options.yes)
    with open_services(settings) as services:
        try:
            announce(services, settings, choice.target.collection)
        except Unavailable as error:
            if options.action not in _REPORTED_AS:
                raise
            report = Report(_REPORTED_AS[options.action], choice.target.collection, stopped_by=error)
        else:
            if options.action is Action.SHOW:
                return _show(services, choice, options)
            if options.action is Action.WHY:
                return _why(services, choice, options)
            if options.action is Action.EXPLAIN:
                return _explain(services, choice, options)
            if options.action is Action.WATCH:
                return _watched(services, settings, choice, options)
            if options.recreate_collection:
                require_consent_to_alias(
                    services,
                    choice.target.collection,
                    "read everything from PyPI into",
                    has_consent=options.yes,
                    option="-y/--yes",
                )
            report = _run(services, choice, options)
        print_report(report, as_json=options.json_)
        return code_of_report(report)


def _confirm_everything(choice: Choice, *, has_consent: bool) -> None:
    if has_consent:
        return
    if sys.stdin is None or not sys.stdin.isatty():
        raise Invalid("--no-plone-filter reads every project on PyPI: confirm with --yes where nobody can be asked")
    question = f"Read every project on PyPI, one request each and more, into {choice.target.collection}?"
    if not click.confirm(question, err=True):
        raise Invalid("nothing was read: --no-plone-filter was not confirmed")


def _show(services: Services, choice: Choice, options: Options) -> Exit:
    documents = show(services, choice.target, options.show)
    print_json(documents if options.all_versions else documents[0])
    return Exit.DONE


def _explain(services: Services, choice: Choice, options: Options) -> Exit:
    explained = explain(services, choice.target, options.explain)
    if options.json_:
        print_json(explained.as_mapping())
    else:
        print_drawn(explanation(explained))
    return Exit.DONE


def _why(services: Services, choice: Choice, options: Options) -> Exit:
    reasons = why(services, choice.target, options.why, default=choice.default)
    if options.json_:
        print_json(reasons.as_mapping())
    else:
        print_line(f"{reasons.name}: {' '.join(reasons.reasons)}")
    return Exit.DONE


def _watched(services: Services, settings: Settings, choice: Choice, options: Options) -> Exit:
    interval, target = options.interval or WATCH_INTERVAL, choice.target
    recurring: dict[str, tuple[str, Callable[[], RunReport]]] = {
        "scores": (settings.celery_schedule_nightly_scores, lambda: rescore(services, target.collection)),
        "refresh": (
            settings.celery_schedule_weekly_refresh,
            lambda: _refreshed(services, choice, options, unwatched),
        ),
        # pypistats takes an hour for two thousand packages, and what changed on PyPI must not wait for that.
        "downloads": (
            settings.celery_schedule_weekly_downloads,
            lambda: enrich_downloads(services, target, until=services.now() + interval),
        ),
        "github": (settings.celery_schedule_weekly_github, lambda: enrich_repositories(services, target)),
        "fetch": (settings.celery_schedule_monthly_fetch, lambda: _fetched(services, choice, options, unwatched)),
    }
    return watch(
        lambda: _run(services, choice, options),
        [Recurring(name, Schedule(crontab), run) for name, (crontab, run) in recurring.items()],
        interval=interval,
        as_json=options.json_,
    )


def _run(services: Services, choice: Choice, options: Options) -> Report:
    """Run the use case once."""
    with progress_bar() as progress:
        if options.action is Action.REFRESH:
            return _refreshed(services, choice, options, progress)
        since_file = SinceFile(options.sincefile)
        since = since_file.read()
        if options.action is Action.FIRST:
            report = _fetched(services, choice, options, progress)
        else:
            report = _updated(services, choice, options, progress, since)
    if report.is_whole and not options.dry_run and not options.scope.is_restricted:
        _copy_cursor(services, choice.target.collection, since_file, report)
    return report


def _fetched(services: Services, choice: Choice, options: Options, progress: Progress) -> Report:
    if options.recreate_collection:
        return recreate(
            services,
            choice.target,
            default=choice.default,
            allow_mass_removal=options.allow_mass_removal,
            progress=progress,
        )
    return fetch(
        services,
        choice.target,
        default=choice.default,
        scope=options.scope,
        dry_run=options.dry_run,
        allow_mass_removal=options.allow_mass_removal,
        progress=progress,
    )


def _updated(services: Services, choice: Choice, options: Options, progress: Progress, since: Since) -> Report:
    return changes(
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


def _refreshed(services: Services, choice: Choice, options: Options, progress: Progress) -> Report:
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


def _copy_cursor(services: Services, collection: str, since_file: SinceFile, report: Report) -> None:
    """Note the cursor; that the file can't be written is told by the report, which has more to tell."""
    try:
        cursor = services.index.state(collection).cursor
        if cursor is not None:
            since_file.write(collection, cursor)
    except AggregatorError as error:
        report.stopped_by = error
