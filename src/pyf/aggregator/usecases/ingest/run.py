"""Open and finish a run: its lock, its filter, and the state of the collection that it works on."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import inf

from msgspec import Struct
from msgspec.structs import replace

from ...domain.collection import CollectionState, ProjectState
from ...domain.documents.project import ProjectStatus
from ...domain.history import to_month
from ...domain.membership.profile import Filter
from ...ports import Dependencies
from ..collections.aliases import create_with_alias
from ..collections.leftovers import clear_leftovers
from ..collections.target import Scope, Target, filter_names, require_state, resolve_filter, with_filter
from ..enrich.scores import add_missing_scores
from ..report import IngestReport, ProgressCallback, no_progress
from .evaluator import IngestContext
from .ingester import IngestResult, ingest
from .planning import read_project_states, schedule_retries
from .removal import RemovalGuard, ReplacedCollection


class RunOptions(Struct, frozen=True, kw_only=True):
    """The caller's choices for a run on a collection.

    Attributes:
        dry_run: Plan only: read no package and write nothing.
        allow_mass_removal: Remove any number of packages.
        deadline: Unix time from which on no further package is started; the next run continues.
        notify: Takes a line that the user should read before the run goes on; by default the report's notices do.
    """

    scope: Scope = Scope()
    dry_run: bool = False
    allow_mass_removal: bool = False
    deadline: float = inf
    progress: ProgressCallback = no_progress
    notify: Callable[[str], None] | None = None


@dataclass
class Run:
    """An open run on one collection, and the results of its steps so far.

    Attributes:
        state: The collection's state at the start, with the filter of this run.
        project_states: Stored states at the start, by normalized name, without projects that the filter excludes.
        replaced: The collection that this one is about to replace.
        classifier_counts: Number of packages of each classifier that this run has requested.
    """

    deps: Dependencies
    target: Target
    options: RunOptions
    report: IngestReport
    filter: Filter
    state: CollectionState
    project_states: Mapping[str, ProjectState]
    replaced: ReplacedCollection
    result: IngestResult = IngestResult()
    classifier_counts: Mapping[str, int] = field(default_factory=dict)
    recreated_names: frozenset[str] = frozenset()
    _min_serials: dict[str, int] = field(default_factory=dict)
    _stale_serials: dict[str, int] = field(default_factory=dict)
    _planned_count: int = 0

    @property
    def seen_classifiers(self) -> tuple[str, ...]:
        """Return the classifiers that documents are known to carry, sorted."""
        return tuple(sorted({*self.state.seen_classifiers, *self.result.seen_classifiers}))

    def select_names(self, names: Iterable[str]) -> list[str]:
        """Return the names within the scope of the run."""
        return filter_names(names, self.options.scope)

    def report_dry_run(self, names: Iterable[str]) -> None:
        """Report how many packages the run would read."""
        count = len(self.select_names(names)[: self.options.scope.limit])
        self.report.notices.append(f"would read {count} of {self.report.found} packages")

    def ingest(
        self,
        names: Iterable[str],
        min_serials: Mapping[str, int],
        statuses: Mapping[str, tuple[ProjectStatus, int]] | None = None,
    ) -> None:
        """Read packages, except those that an earlier round of this run has read, and write the members."""
        options, limit, earlier = self.options, self.options.scope.limit, self.result
        selected_names = [name for name in self.select_names(names) if name not in earlier.processed]
        self._planned_count += len(selected_names)
        self._min_serials |= min_serials
        context = IngestContext(
            min_serials=min_serials,
            statuses=self.replaced.statuses if statuses is None else statuses,
            recreated_names=self.recreated_names,
            replaced_names=self.replaced.names,
            enrichment_source=self.replaced.enrichment_source,
            limit=None if limit is None else limit - earlier.indexed,
            deadline=options.deadline,
            on_progress=lambda done: options.progress(
                "reading package", len(earlier.processed) + done, self._planned_count
            ),
        )
        result = ingest(self.deps, self.target.collection, self.filter, selected_names, context)
        self.result = earlier.merge(result)
        result.add_to(self.report)

    def remove(self, registry_serial: int) -> None:
        """Remove projects that are excluded, no longer match, or are gone; `registry_serial` is that of the start."""
        guard = RemovalGuard(
            self.deps,
            self.target.collection,
            self.filter,
            self.report,
            registry_serial,
            self.replaced,
            self.options.notify,
        )
        stale_names = guard.remove(
            self.result.absent,
            self.result.non_matching,
            excluded=self.select_names(self.filter.exclude),
            allow_mass_removal=self.options.allow_mass_removal,
        )
        self._stale_serials = {name: self._min_serials.get(name, registry_serial) for name in stale_names}

    @contextmanager
    def saving_state(self) -> Iterator[None]:
        """Save the classifiers and stale packages that the block finds, even if it fails."""
        try:
            yield
        finally:
            now, result, state = int(self.deps.now()), self.result, self.state
            stale_serials = {**result.stale_serials, **self._stale_serials}
            self.report.unchanged = len(self.select_names(self.project_states.keys() - result.processed))
            self.state = replace(
                state,
                seen_classifiers=self.seen_classifiers,
                stale_retries=schedule_retries(state.stale_retries, result.processed, stale_serials, now=now),
                classifier_counts={**state.classifier_counts, **self.classifier_counts},
                classifiers_fetched_at=now if self.classifier_counts else state.classifiers_fetched_at,
            )
            self.deps.index.set_state(self.target.collection, self.state)
            self.report.added_names.sort()
            self.report.updated_names.sort()

    def complete_month(self) -> None:
        """Once a month, record it in the histories of the packages that no run has written in this month."""
        month = to_month(self.deps.now())
        if self.state.history_month != month and not self.options.scope.is_restricted:
            self.report.rescored += add_missing_scores(self.deps, self.target.collection, sorted(self.project_states))
            self.state = replace(self.state, history_month=month)
            self.deps.index.set_state(self.target.collection, self.state)

    def confirm_cursor(self, cursor: int) -> None:
        """Move the cursor if the run was complete and covered the whole collection, with every change up to it."""
        if self.report.is_complete and not self.options.scope.is_restricted:
            self.state = replace(self.state, cursor=cursor, cursor_confirmed_at=int(self.deps.now()))
            self.deps.index.set_state(self.target.collection, self.state)


@contextmanager
def open_run(
    deps: Dependencies,
    target: Target,
    default: Filter,
    options: RunOptions,
    report: IngestReport,
    *,
    must_exist: bool = True,
    replaced: ReplacedCollection = ReplacedCollection(),
) -> Iterator[Run]:
    """Lock a collection, clear the leftovers of an interrupted rebuild, and read the stored state."""
    if must_exist:  # checked before waiting for the lock, too
        require_state(deps, target)
    with deps.admin.lock(target.collection):
        clear_leftovers(deps, target.collection, options.notify or report.notices.append)
        # Read under the lock: until then another run may change the state.
        filter_ = resolve_filter(deps, target, default)
        state, project_states = CollectionState(filter=filter_), {}
        if must_exist or deps.admin.resolve(target.collection) is not None:
            state = with_filter(require_state(deps, target), filter_)
            project_states = read_project_states(deps, target.collection, filter_)
        yield Run(deps, target, options, report, filter_, state, project_states, replaced)


def create_if_missing(deps: Dependencies, target: Target, state: CollectionState) -> None:
    """Create a collection, numbered and behind its alias, unless it exists."""
    if deps.admin.resolve(target.collection) is None:
        create_with_alias(deps.admin, target.collection, state)
