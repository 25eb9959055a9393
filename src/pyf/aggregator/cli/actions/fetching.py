"""Run the use cases that fill a collection and keep it current."""

from collections.abc import Callable
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from ...adapters.cursor_file import CursorFile
from ...bootstrap import open_dependencies
from ...domain.errors import AggregatorError, Invalid, Unavailable
from ...domain.schedule import Schedule
from ...ports import Dependencies
from ...settings import Settings
from ...usecases.collections.rebuild import rebuild_collection
from ...usecases.enrich.downloads import enrich_downloads
from ...usecases.enrich.repositories import enrich_repositories
from ...usecases.enrich.scores import rescore_collection
from ...usecases.ingest.fetch import fetch_collection
from ...usecases.ingest.incremental import update_collection
from ...usecases.ingest.refresh import refresh_collection
from ...usecases.ingest.run import RunOptions
from ...usecases.report import EnrichOptions, IngestReport, RunReport
from ..collection_option import CollectionChoice, Selection, print_target
from ..config import read_settings
from ..exit_codes import ExitCode
from ..options import CURSOR_FILE
from ..output import confirm_alias_swap, get_exit_code, print_report, progress_bar, require_confirmation
from .watching import RecurringRun, watch


class CommandOptions(Struct, frozen=True, kw_only=True):
    """Options that all commands of this module share."""

    run: RunOptions = RunOptions()
    cursor_file: str = CURSOR_FILE
    as_json: bool = False


def run_fetch(
    selection: Selection, options: CommandOptions, *, candidates: str = "", is_confirmed: bool = False
) -> ExitCode:
    """Fill a collection: find all projects of its filter and read what is new or has changed."""
    settings, choice = _prepare_fetch(selection, options, candidates=candidates, is_confirmed=is_confirmed)
    return _run(
        "fetch",
        settings,
        choice,
        options,
        lambda deps: _with_cursor(deps, choice, options, lambda run: _fetch(deps, choice, run)),
    )


def run_rebuild(
    selection: Selection, options: CommandOptions, *, candidates: str = "", is_confirmed: bool = False
) -> ExitCode:
    """Fill a new collection from PyPI beside the live one, and switch to it once it is complete."""
    settings, choice = _prepare_fetch(selection, options, candidates=candidates, is_confirmed=is_confirmed)

    def rebuild(deps: Dependencies) -> IngestReport:
        confirm_alias_swap(
            deps,
            choice.target.collection,
            "read everything from PyPI into",
            is_confirmed=is_confirmed,
            option="-y/--yes",
        )
        return _with_cursor(
            deps,
            choice,
            options,
            lambda run: rebuild_collection(deps, choice.target, default=choice.default_filter, options=run),
        )

    return _run("fetch", settings, choice, options, rebuild)


def run_update(selection: Selection, options: CommandOptions) -> ExitCode:
    """Read what changed on PyPI since the last run."""
    settings = read_settings()
    choice = selection.resolve(settings)
    return _run("update", settings, choice, options, lambda deps: _update(deps, choice, options))


def run_refresh(selection: Selection, options: CommandOptions, *, all_statuses: bool = False) -> ExitCode:
    """Compare a collection with PyPI, read what changed and remove what is gone."""
    settings = read_settings()
    choice = selection.resolve(settings)

    def refresh(deps: Dependencies) -> IngestReport:
        with progress_bar() as progress:
            return _refresh(deps, choice, replace(options.run, progress=progress), all_statuses=all_statuses)

    return _run("refresh", settings, choice, options, refresh)


def run_watch(selection: Selection, options: CommandOptions, *, interval: int) -> ExitCode:
    """Update a collection again and again until interrupted, and do on schedule what the queue would do."""
    settings = read_settings()
    choice = selection.resolve(settings)
    target = choice.target
    with open_dependencies(settings) as deps:
        print_target(deps, settings, target.collection)
        schedules: dict[str, tuple[str, Callable[[], RunReport]]] = {
            "scores": (settings.celery_schedule_nightly_scores, lambda: rescore_collection(deps, target.collection)),
            "refresh": (settings.celery_schedule_weekly_refresh, lambda: _refresh(deps, choice, options.run)),
            # pypistats takes an hour for two thousand packages, and updates must not wait for that.
            "downloads": (
                settings.celery_schedule_weekly_downloads,
                lambda: enrich_downloads(deps, target, options=EnrichOptions(deadline=deps.now() + interval)),
            ),
            "github": (settings.celery_schedule_weekly_github, lambda: enrich_repositories(deps, target)),
            "fetch": (settings.celery_schedule_monthly_fetch, lambda: _fetch(deps, choice, options.run)),
        }
        return watch(
            lambda: _update(deps, choice, options),
            [RecurringRun(name, Schedule(crontab), use_case) for name, (crontab, use_case) in schedules.items()],
            interval=interval,
            as_json=options.as_json,
        )


def _prepare_fetch(
    selection: Selection, options: CommandOptions, *, candidates: str, is_confirmed: bool
) -> tuple[Settings, CollectionChoice]:
    overrides: dict[str, Any] = {"candidates_source": "file", "candidates_file": candidates} if candidates else {}
    settings = read_settings(**overrides)
    choice = selection.resolve(settings)
    target_filter = choice.target.filter
    if candidates and target_filter is not None and not target_filter.uses_requirements:
        raise Invalid(f"{target_filter.label} goes by classifiers alone: --candidates needs a profile with 'requires:'")
    if selection.all_projects and not options.run.dry_run:
        require_confirmation(
            f"Read every project on PyPI into {choice.target.collection}, with at least one request for each?",
            is_confirmed=is_confirmed,
            option="-y/--yes",
        )
    return settings, choice


def _run(
    name: str,
    settings: Settings,
    choice: CollectionChoice,
    options: CommandOptions,
    ingest: Callable[[Dependencies], IngestReport],
) -> ExitCode:
    """Open the dependencies, run and print the report; an unavailable index is reported as the run's error."""
    with open_dependencies(settings) as deps:
        try:
            print_target(deps, settings, choice.target.collection)
        except Unavailable as error:
            report = IngestReport(name, choice.target.collection, error=error)
        else:
            report = ingest(deps)
        print_report(report, as_json=options.as_json)
        return get_exit_code(report)


def _fetch(deps: Dependencies, choice: CollectionChoice, run: RunOptions) -> IngestReport:
    return fetch_collection(deps, choice.target, default=choice.default_filter, options=run)


def _update(deps: Dependencies, choice: CollectionChoice, options: CommandOptions) -> IngestReport:
    cursors = CursorFile(options.cursor_file).read()
    return _with_cursor(
        deps,
        choice,
        options,
        lambda run: update_collection(
            deps,
            choice.target,
            default=choice.default_filter,
            options=run,
            known_cursor=cursors.serials.get(choice.target.collection),
            cursor_is_lost=cursors.is_legacy,
        ),
    )


def _refresh(
    deps: Dependencies, choice: CollectionChoice, run: RunOptions, *, all_statuses: bool = False
) -> IngestReport:
    return refresh_collection(deps, choice.target, default=choice.default_filter, options=run, sweep_all=all_statuses)


def _with_cursor(
    deps: Dependencies,
    choice: CollectionChoice,
    options: CommandOptions,
    ingest: Callable[[RunOptions], IngestReport],
) -> IngestReport:
    """Run, and write the new cursor to the file if the run was complete.

    The file is read first: one that can't be used ends the command before any request.
    """
    cursor_file = CursorFile(options.cursor_file)
    cursor_file.read()
    with progress_bar() as progress:
        report = ingest(replace(options.run, progress=progress))
    if report.is_complete and not options.run.dry_run and not options.run.scope.is_restricted:
        try:
            cursor = deps.index.get_state(choice.target.collection).cursor
            if cursor is not None:
                cursor_file.write(choice.target.collection, cursor)
        except AggregatorError as error:
            report.error = error
    return report
