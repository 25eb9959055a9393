"""Run the use cases that fill a collection and keep it current."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from ...adapters.cursor_file import CursorFile
from ...bootstrap import get_data_folder, open_dependencies
from ...config.profiles import load_profiles
from ...domain.errors import AggregatorError, Invalid, Unavailable
from ...domain.schedule import Schedule
from ...domain.text import suggest
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
from ..collection_option import PLONE_FILTER, CollectionChoice, Selection, print_target
from ..config import read_settings
from ..exit_codes import ExitCode
from ..options import CURSOR_FILE_NAME
from ..output import confirm_alias_swap, get_exit_code, print_report, require_confirmation
from ..progress import print_notice, progress_bar
from .watching import RecurringRun, watch
from .webhooks import deliver_after_run, print_delivery

# How similar the name of a new collection is to that of the profile that was probably meant.
_TYPO_RATIO = 0.8


class CommandOptions(Struct, frozen=True, kw_only=True):
    """Options that all commands of this module share; the default of `cursor_file` is beside the index."""

    run: RunOptions = RunOptions()
    cursor_file: str = ""
    as_json: bool = False


def run_fetch(
    selection: Selection, options: CommandOptions, *, candidates: str = "", is_confirmed: bool = False
) -> ExitCode:
    """Fill a collection: find all projects of its filter and read what is new or has changed."""
    command = _prepare_fetch(selection, options, candidates=candidates, is_confirmed=is_confirmed)
    return command.execute("fetch", command.fetch, creates=True)


def run_rebuild(
    selection: Selection, options: CommandOptions, *, candidates: str = "", is_confirmed: bool = False
) -> ExitCode:
    """Fill a new collection from PyPI beside the live one, and switch to it once it is complete."""
    command = _prepare_fetch(selection, options, candidates=candidates, is_confirmed=is_confirmed)

    def rebuild(deps: Dependencies) -> IngestReport:
        confirm_alias_swap(
            deps,
            command.choice.target.collection,
            "read everything from PyPI into",
            is_confirmed=is_confirmed,
            option="-y/--yes",
        )
        return command.rebuild(deps)

    return command.execute("rebuild", rebuild, creates=True)


def run_update(selection: Selection, options: CommandOptions) -> ExitCode:
    """Read what changed on PyPI since the last run."""
    command = _Command.create(selection, options, read_settings())
    return command.execute("update", command.update)


def run_refresh(selection: Selection, options: CommandOptions, *, all_statuses: bool = False) -> ExitCode:
    """Compare a collection with PyPI, read what changed and remove what is gone."""
    command = _Command.create(selection, options, read_settings())
    return command.execute("refresh", lambda deps: command.refresh(deps, all_statuses=all_statuses))


def run_watch(selection: Selection, options: CommandOptions, *, interval: int) -> ExitCode:
    """Update a collection again and again until interrupted, and do on schedule what the queue would do."""
    settings = read_settings()
    command = _Command.create(selection, options, settings)
    target = command.choice.target
    with open_dependencies(settings, must_exist=True, missing_is_empty=True) as deps:
        print_target(deps, settings, target.collection)
        schedules: dict[str, tuple[str, Callable[[], RunReport]]] = {
            "scores": (settings.celery_schedule_nightly_scores, lambda: rescore_collection(deps, target.collection)),
            "refresh": (settings.celery_schedule_weekly_refresh, lambda: command.refresh(deps)),
            # pypistats takes an hour for two thousand packages, and updates must not wait for that.
            "downloads": (
                settings.celery_schedule_weekly_downloads,
                lambda: enrich_downloads(deps, target, options=EnrichOptions(deadline=deps.now() + interval)),
            ),
            "repositories": (settings.celery_schedule_weekly_github, lambda: enrich_repositories(deps, target)),
            "fetch": (settings.celery_schedule_monthly_fetch, lambda: command.fetch(deps)),
        }
        return watch(
            lambda: command.update(deps),
            [RecurringRun(name, Schedule(crontab), use_case) for name, (crontab, use_case) in schedules.items()],
            interval=interval,
            as_json=options.as_json,
            deliver=lambda: deliver_after_run(deps, settings, target.collection),
        )


def _prepare_fetch(selection: Selection, options: CommandOptions, *, candidates: str, is_confirmed: bool) -> "_Command":
    overrides: dict[str, Any] = {"candidates_source": "file", "candidates_file": candidates} if candidates else {}
    command = _Command.create(selection, options, read_settings(**overrides))
    target = command.choice.target
    if candidates and target.filter is not None and not target.filter.uses_requirements:
        raise Invalid(
            f"{target.filter.label} selects packages by classifiers only: --candidates needs a profile with 'requires:'"
        )
    if selection.all_projects and not options.run.dry_run:
        require_confirmation(
            f"Read every project on PyPI into {target.collection}, with at least one request for each?",
            is_confirmed=is_confirmed,
            option="-y/--yes",
        )
    return command


@dataclass(frozen=True)
class _Command:
    """A command on one collection."""

    settings: Settings
    choice: CollectionChoice
    options: CommandOptions

    @classmethod
    def create(cls, selection: Selection, options: CommandOptions, settings: Settings) -> "_Command":
        return cls(settings, selection.resolve(settings), options)

    @cached_property
    def cursor_file(self) -> CursorFile:
        path = self.options.cursor_file
        return CursorFile(Path(path) if path else get_data_folder(self.settings) / CURSOR_FILE_NAME)

    def execute(self, name: str, ingest: Callable[[Dependencies], IngestReport], *, creates: bool = False) -> ExitCode:
        """Open the dependencies, run and print the report; an unavailable index is reported as the run's error.

        Args:
            creates: Whether the run creates a missing collection.
        """
        collection = self.choice.target.collection
        new_filter = self.choice.target.filter or self.choice.default_filter
        may_create = creates and not self.options.run.dry_run
        with open_dependencies(self.settings, must_exist=not may_create, missing_is_empty=True) as deps:
            try:
                print_target(deps, self.settings, collection, new_filter if creates else None)
                if creates:
                    self._reject_mistyped_profile(deps)
            except Unavailable as error:
                report = IngestReport(name, collection, error=error)
            else:
                report = ingest(deps)
            print_report(report, as_json=self.options.as_json)
            if not (self.options.run.dry_run or report.interrupted or report.error):
                self._deliver(deps)
            return get_exit_code(report)

    def _deliver(self, deps: Dependencies) -> None:
        """Deliver webhooks about what the run has changed; they change nothing about its result."""
        delivery = deliver_after_run(deps, self.settings, self.choice.target.collection)
        if delivery is not None:
            print_delivery(delivery)

    def _reject_mistyped_profile(self, deps: Dependencies) -> None:
        """Raise `Invalid` for a new collection without a filter that is named like a profile with a typo."""
        collection, is_default = self.choice.target.collection, self.choice.default_filter == PLONE_FILTER
        if self.choice.target.filter or not is_default or deps.admin.resolve(collection) is not None:
            return
        profiles = load_profiles(self.settings.profiles_file).keys() - {"plone"}
        if hint := suggest(collection, profiles, cutoff=_TYPO_RATIO):
            raise Invalid(f"there is no profile {collection!r}. {hint} To fill it with other packages, add -p PROFILE")

    def fetch(self, deps: Dependencies) -> IngestReport:
        return self._run_with_cursor(deps, lambda run: self._call(fetch_collection, deps, run))

    def rebuild(self, deps: Dependencies) -> IngestReport:
        return self._run_with_cursor(deps, lambda run: self._call(rebuild_collection, deps, run))

    def update(self, deps: Dependencies) -> IngestReport:
        cursors = self.cursor_file.read()
        return self._run_with_cursor(
            deps,
            lambda run: self._call(
                update_collection,
                deps,
                run,
                known_cursor=cursors.serials.get(self.choice.target.collection),
                cursor_is_lost=cursors.is_legacy,
                discovery_interval=self.settings.discovery_interval,
            ),
        )

    def refresh(self, deps: Dependencies, *, all_statuses: bool = False) -> IngestReport:
        return self._run(lambda run: self._call(refresh_collection, deps, run, sweep_all=all_statuses))

    def _call(
        self, use_case: Callable[..., IngestReport], deps: Dependencies, run: RunOptions, **arguments: Any
    ) -> IngestReport:
        return use_case(deps, self.choice.target, default=self.choice.default_filter, options=run, **arguments)

    def _run(self, ingest: Callable[[RunOptions], IngestReport]) -> IngestReport:
        with progress_bar() as progress:
            return ingest(replace(self.options.run, progress=progress, notify=print_notice))

    def _run_with_cursor(self, deps: Dependencies, ingest: Callable[[RunOptions], IngestReport]) -> IngestReport:
        """Run, and write the new cursor to the file if the run was complete.

        A file that can't be read or written ends the command before any request.
        """
        options = self.options.run
        moves_cursor = not options.dry_run and not options.scope.is_restricted
        self.cursor_file.read()
        if moves_cursor:
            self.cursor_file.check_writable()
        report = self._run(ingest)
        if report.is_complete and moves_cursor:
            try:
                cursor = deps.index.get_state(self.choice.target.collection).cursor
                if cursor is not None:
                    self.cursor_file.write(self.choice.target.collection, cursor)
            except AggregatorError as error:
                report.error = error
        return report
