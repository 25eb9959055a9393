"""Does what the options of `pyfaggregator` ask for: settings and services together, use case, report."""

import sys
from collections.abc import Callable

import click

from ..adapters.cursor_file import CursorFile, SavedCursors
from ..bootstrap import open_dependencies
from ..config.profiles import load_profiles
from ..domain.errors import AggregatorError, Invalid, Unavailable
from ..domain.schedule import Schedule
from ..ports import Dependencies
from ..settings import Settings, load_settings
from ..usecases.collections.rebuild import rebuild_collection
from ..usecases.enrich.downloads import enrich_downloads
from ..usecases.enrich.options import EnrichOptions
from ..usecases.enrich.repositories import enrich_repositories
from ..usecases.enrich.scores import rescore_collection
from ..usecases.ingest.fetch import fetch_collection
from ..usecases.ingest.incremental import update_collection
from ..usecases.ingest.refresh import refresh_collection
from ..usecases.ingest.run import RunOptions
from ..usecases.read.explain_membership import explain_membership
from ..usecases.read.explain_score import explain_score
from ..usecases.read.package import get_package_documents
from ..usecases.report import IngestReport, ProgressCallback, RunReport, no_progress
from .aggregator_options import WATCH_INTERVAL, Action, Options
from .collection_option import CollectionChoice, print_target, resolve_collection
from .confirm import confirm_alias_swap
from .exit_codes import ExitCode
from .output import get_exit_code, print_json, print_line, print_renderable, print_report, progress_bar
from .score_view import build_score_view
from .watch import RecurringRun, watch

# What reports call the actions that end with one.
_REPORT_NAMES = {Action.FIRST: "fetch", Action.INCREMENTAL: "changes", Action.REFRESH: "refresh"}


def run(options: Options) -> ExitCode:
    """Do what the options ask for and say how it ended; raises what `PlainCommand` tells in one line."""
    overrides = {"candidates_source": "file", "candidates_file": options.candidates} if options.candidates else {}
    settings = load_settings(**overrides)
    choice = resolve_collection(
        load_profiles(settings.profiles_file),
        profile=options.profile,
        target=options.target,
        classifiers=options.filter_troove,
        all_projects=options.no_plone_filter,
        default_profile=settings.default_profile,
    )
    target_filter = choice.target.filter
    if options.candidates and target_filter is not None and not target_filter.uses_requirements:
        raise Invalid(f"{target_filter.label} goes by classifiers alone: --candidates needs a profile with 'requires:'")
    if options.filter_troove:
        click.echo("Warning: -ft is deprecated; name the classifiers in a profile (PROFILES_FILE).", err=True)
    if options.no_plone_filter and options.action is Action.FIRST and not options.dry_run:
        _confirm_all_projects(choice, is_confirmed=options.yes)
    with open_dependencies(settings) as deps:
        try:
            print_target(deps, settings, choice.target.collection)
        except Unavailable as error:
            if options.action not in _REPORT_NAMES:
                raise
            report = IngestReport(_REPORT_NAMES[options.action], choice.target.collection, error=error)
        else:
            if options.action is Action.SHOW:
                return _print_package(deps, choice, options)
            if options.action is Action.WHY:
                return _print_membership(deps, choice, options)
            if options.action is Action.EXPLAIN:
                return _print_score(deps, choice, options)
            if options.action is Action.WATCH:
                return _watch(deps, settings, choice, options)
            if options.recreate_collection:
                confirm_alias_swap(
                    deps,
                    choice.target.collection,
                    "read everything from PyPI into",
                    is_confirmed=options.yes,
                    option="-y/--yes",
                )
            report = _run_once(deps, choice, options)
        print_report(report, as_json=options.json_)
        return get_exit_code(report)


def _confirm_all_projects(choice: CollectionChoice, *, is_confirmed: bool) -> None:
    if is_confirmed:
        return
    if sys.stdin is None or not sys.stdin.isatty():
        raise Invalid("--no-plone-filter reads every project on PyPI: confirm with --yes where nobody can be asked")
    question = f"Read every project on PyPI, one request each and more, into {choice.target.collection}?"
    if not click.confirm(question, err=True):
        raise Invalid("nothing was read: --no-plone-filter was not confirmed")


def _print_package(deps: Dependencies, choice: CollectionChoice, options: Options) -> ExitCode:
    documents = get_package_documents(deps, choice.target, options.show)
    print_json(documents if options.all_versions else documents[0])
    return ExitCode.SUCCESS


def _print_score(deps: Dependencies, choice: CollectionChoice, options: Options) -> ExitCode:
    score_explanation = explain_score(deps, choice.target, options.explain)
    if options.json_:
        print_json(score_explanation.to_dict())
    else:
        print_renderable(build_score_view(score_explanation))
    return ExitCode.SUCCESS


def _print_membership(deps: Dependencies, choice: CollectionChoice, options: Options) -> ExitCode:
    membership = explain_membership(deps, choice.target, options.why, default=choice.default_filter)
    if options.json_:
        print_json(membership.to_dict())
    else:
        print_line(f"{membership.name}: {' '.join(membership.reasons)}")
    return ExitCode.SUCCESS


def _watch(deps: Dependencies, settings: Settings, choice: CollectionChoice, options: Options) -> ExitCode:
    interval, target = options.interval or WATCH_INTERVAL, choice.target
    schedules: dict[str, tuple[str, Callable[[], RunReport]]] = {
        "scores": (settings.celery_schedule_nightly_scores, lambda: rescore_collection(deps, target.collection)),
        "refresh": (
            settings.celery_schedule_weekly_refresh,
            lambda: _refresh(deps, choice, options, no_progress),
        ),
        # pypistats takes an hour for two thousand packages, and what changed on PyPI must not wait for that.
        "downloads": (
            settings.celery_schedule_weekly_downloads,
            lambda: enrich_downloads(deps, target, options=EnrichOptions(deadline=deps.now() + interval)),
        ),
        "github": (settings.celery_schedule_weekly_github, lambda: enrich_repositories(deps, target)),
        "fetch": (settings.celery_schedule_monthly_fetch, lambda: _fetch(deps, choice, options, no_progress)),
    }
    return watch(
        lambda: _run_once(deps, choice, options),
        [RecurringRun(name, Schedule(crontab), run) for name, (crontab, run) in schedules.items()],
        interval=interval,
        as_json=options.json_,
    )


def _run_once(deps: Dependencies, choice: CollectionChoice, options: Options) -> IngestReport:
    """Run the use case once."""
    with progress_bar() as progress:
        if options.action is Action.REFRESH:
            return _refresh(deps, choice, options, progress)
        cursor_file = CursorFile(options.sincefile)
        cursors = cursor_file.read()
        if options.action is Action.FIRST:
            report = _fetch(deps, choice, options, progress)
        else:
            report = _update(deps, choice, options, progress, cursors)
    if report.is_complete and not options.dry_run and not options.scope.is_restricted:
        _save_cursor(deps, choice.target.collection, cursor_file, report)
    return report


def _fetch(deps: Dependencies, choice: CollectionChoice, options: Options, progress: ProgressCallback) -> IngestReport:
    use_case = rebuild_collection if options.recreate_collection else fetch_collection
    return use_case(deps, choice.target, default=choice.default_filter, options=_build_run_options(options, progress))


def _update(
    deps: Dependencies, choice: CollectionChoice, options: Options, progress: ProgressCallback, cursors: SavedCursors
) -> IngestReport:
    return update_collection(
        deps,
        choice.target,
        default=choice.default_filter,
        options=_build_run_options(options, progress),
        known_cursor=cursors.serials.get(choice.target.collection),
        cursor_is_lost=cursors.is_legacy,
    )


def _refresh(
    deps: Dependencies, choice: CollectionChoice, options: Options, progress: ProgressCallback
) -> IngestReport:
    return refresh_collection(
        deps,
        choice.target,
        default=choice.default_filter,
        options=_build_run_options(options, progress),
        sweep_all=options.all_,
    )


def _build_run_options(options: Options, progress: ProgressCallback) -> RunOptions:
    return RunOptions(
        scope=options.scope,
        dry_run=options.dry_run,
        allow_mass_removal=options.allow_mass_removal,
        progress=progress,
    )


def _save_cursor(deps: Dependencies, collection: str, cursor_file: CursorFile, report: IngestReport) -> None:
    """Note the cursor; that the file can't be written is told by the report, which has more to tell."""
    try:
        cursor = deps.index.get_state(collection).cursor
        if cursor is not None:
            cursor_file.write(collection, cursor)
    except AggregatorError as error:
        report.error = error
