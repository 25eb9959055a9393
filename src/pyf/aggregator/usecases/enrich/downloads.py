"""Enrich packages with download counts: those with the oldest check first, each written as soon as it is known."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field

from msgspec import UNSET, Struct
from msgspec.structs import replace

from ...domain.batching import batched
from ...domain.documents.document import Enrichments
from ...domain.documents.schema import DownloadFields
from ...domain.downloads import Downloads, build_download_fields, drop_future_counts, mark_not_found, merge_downloads
from ...domain.errors import AggregatorError, NotFound, Unavailable
from ...domain.history import record_month
from ...domain.timestamps import drop_future
from ...ports import CostEstimate, Dependencies, DownloadResult
from ..collections.target import Target, require_state
from ..report import EnrichmentReport, EnrichOptions, ProgressCallback

# How many packages are looked up in the index at once.
LOOKUP_BATCH = 500

# Both sources count once a day: a request since the last count brings nothing new. With less than a day, a daily run
# that starts some hours earlier than yesterday's still finds everything due.
MAX_AGE = 20 * 3600

# After this many failed packages in a row the source is considered down.
MAX_CONSECUTIVE_FAILURES = 10


class DownloadFreshness(Struct, frozen=True, kw_only=True):
    """When a package's counts were requested (`last_checked`) and received; Unix time, 0 for never."""

    name: str
    last_checked: int = 0
    last_updated: int = 0
    source: str = ""

    @property
    def is_missing(self) -> bool:
        """Whether the source did not know the package at the last request."""
        return self.last_checked > self.last_updated

    def is_fresh(self, source: str, checked_after: int) -> bool:
        """Return whether this source was requested after a Unix time."""
        return self.source == source and self.last_checked > checked_after


def list_by_last_check(deps: Dependencies, collection: str) -> list[DownloadFreshness]:
    """Return the freshness of all packages of a collection, the oldest check first."""
    names = (project_state.name_normalized for project_state in deps.index.iter_project_states(collection))
    freshness_list = [freshness for _, freshness in _iter_freshness(deps, collection, names)]
    return sorted(freshness_list, key=lambda freshness: (freshness.last_checked, freshness.name))


def copy_from_other_collections(
    deps: Dependencies, collection: str, due: Mapping[str, DownloadFreshness], source: str, checked_after: int
) -> Iterator[str]:
    """Copy counts of this source from other collections if they are newer; yield the names of the packages."""
    own_collection = deps.admin.resolve(collection)
    remaining = dict(due)
    for info in deps.admin.list_collections():
        if info.name == own_collection or not info.is_native or not remaining:
            continue
        newer = {
            freshness.name: fields
            for fields, freshness in _iter_freshness(deps, info.name, list(remaining))
            if fields and _is_newer(freshness, remaining[freshness.name], source, checked_after)
        }
        for batch in batched(newer, LOOKUP_BATCH):
            stored = deps.index.get_enrichments(collection, batch)
            merged = {
                name: merge_downloads(newer[name], drop_future_counts(stored[name].downloads, deps.now()))
                for name in batch
                if name in stored
            }
            _write_counts(deps, collection, merged, stored)
            for name in batch:
                if name in stored:
                    del remaining[name]
                    yield name


def _write_counts(
    deps: Dependencies, collection: str, counts: Mapping[str, DownloadFields], stored: Mapping[str, Enrichments]
) -> None:
    """Write counts of packages, by normalized name, and their histories in the same step."""
    deps.index.update(
        collection,
        {
            name: (fields, record_month(replace(stored[name], downloads=fields), deps.now()))
            for name, fields in counts.items()
        },
    )


def _is_newer(theirs: DownloadFreshness, ours: DownloadFreshness, source: str, since: int) -> bool:
    return theirs.is_fresh(source, since) and not theirs.is_missing and theirs.last_checked > ours.last_checked


def _iter_freshness(
    deps: Dependencies, collection: str, names: Iterable[str]
) -> Iterator[tuple[DownloadFields | None, DownloadFreshness]]:
    for batch in batched(names, LOOKUP_BATCH):
        yield from _read_freshness(deps, collection, batch)


def _read_freshness(
    deps: Dependencies, collection: str, names: Sequence[str]
) -> Iterator[tuple[DownloadFields | None, DownloadFreshness]]:
    for name, enrichments in deps.index.get_enrichments(collection, names).items():
        if enrichments.downloads is UNSET:
            yield None, DownloadFreshness(name=name)
            continue
        last_updated = drop_future(enrichments.downloads.download_updated or 0, deps.now())
        yield (
            enrichments.downloads,
            DownloadFreshness(
                name=name,
                last_checked=drop_future(enrichments.downloads.download_checked or 0, deps.now()) or last_updated,
                last_updated=last_updated,
                source=enrichments.downloads.download_source or "",
            ),
        )


class RunEstimate(Struct, frozen=True, kw_only=True):
    """The requests that a run is about to send."""

    source: str
    project_count: int
    cost: CostEstimate


def noop(estimate: RunEstimate) -> None:
    """Do nothing."""


def enrich_downloads(
    deps: Dependencies,
    target: Target,
    *,
    options: EnrichOptions = EnrichOptions(),
    dry_run: bool = False,
    on_start: Callable[[RunEstimate], None] = noop,
) -> EnrichmentReport:
    """Fetch the download counts of a collection's packages.

    Packages with the oldest check come first, so that the next run continues an interrupted one. Counts that the same
    source has provided within `MAX_AGE` are not requested again, and are copied from other collections. The first
    response after the deadline is the last one. A package that the source does not know or does not respond for keeps
    its counts.

    Args:
        on_start: Called before the first request.
    """
    report = EnrichmentReport("downloads", target.collection)
    with report.recording(deps):
        require_state(deps, target)
        source, checked_after = deps.download_stats.source, int(deps.now()) - MAX_AGE
        due: list[DownloadFreshness] = []
        fresh: list[DownloadFreshness] = []
        for freshness in list_by_last_check(deps, target.collection):
            is_fresh = freshness.is_fresh(source, checked_after) and not options.fresh
            (fresh if is_fresh else due).append(freshness)
        # Due packages come first, so that repeated runs with a limit work through the collection.
        selected = (due + fresh)[: options.limit]
        due_projects = {freshness.name: freshness for freshness in selected[: len(due)]}
        report.found = len(selected)
        if dry_run:
            cost = deps.download_stats.estimate_cost(len(due_projects))
            report.notices.append(
                f"would request {len(due_projects)} packages from {source}, in {cost.requests} requests"
            )
            return report
        _report_fresh(report, selected[len(due) :], source)
        if not options.fresh:
            for name in copy_from_other_collections(deps, target.collection, due_projects, source, checked_after):
                del due_projects[name]
                report.enriched += 1
                report.cached += 1
        if due_projects:
            on_start(
                RunEstimate(
                    source=source,
                    project_count=len(due_projects),
                    cost=deps.download_stats.estimate_cost(len(due_projects)),
                )
            )
            _DownloadCounter(deps, target.collection, report, options.progress).run(
                list(due_projects), options.deadline
            )
    return report


def _report_fresh(report: EnrichmentReport, fresh_projects: Sequence[DownloadFreshness], source: str) -> None:
    for freshness in fresh_projects:
        if freshness.is_missing:
            report.add_missing(freshness.name, f"{source} did not know it at the last request")
        else:
            report.enriched += 1
            report.cached += 1
    if fresh_projects:
        report.notices.append(
            f"{len(fresh_projects)} packages were skipped: {source} provided their counts within the last "
            f"{MAX_AGE // 3600} hours. To request them again, pass --all."
        )


@dataclass
class _DownloadCounter:
    """Requests counts and writes them to one collection.

    Failures are pending until another package succeeds: then they are the packages' own. If none does, the source is
    down, and a list of names would not help.
    """

    deps: Dependencies
    collection: str
    report: EnrichmentReport
    progress: ProgressCallback
    _pending_failures: dict[str, AggregatorError] = field(default_factory=dict)
    _has_result: bool = False

    def run(self, names: Sequence[str], deadline: float) -> None:
        """Request packages until the deadline; raises `Unavailable` if the source is down."""
        step = f"{self.deps.download_stats.source}: package"
        done_count, remaining = 0, dict.fromkeys(names)
        self.progress(step, done_count, len(names))
        with closing(self.deps.download_stats.fetch_counts(names)) as batches:
            for batch in batches:
                self._write_batch(batch)
                done_count += len(batch)
                for result in batch:
                    remaining.pop(result.name, None)
                self.progress(step, done_count, len(names))
                if len(self._pending_failures) >= MAX_CONSECUTIVE_FAILURES or self.deps.now() >= deadline:
                    break
        if self._pending_failures and (len(self._pending_failures) >= MAX_CONSECUTIVE_FAILURES or not self._has_result):
            *_, last_failure = self._pending_failures.values()
            raise Unavailable(f"{self.deps.download_stats.source} does not respond: {last_failure}")
        self._fail_batch()
        for name in remaining:
            self.report.add_deferred(name, "not processed before the deadline; the next run continues")

    def _write_batch(self, batch: Sequence[DownloadResult]) -> None:
        """Write the results of one request."""
        index, now, source = self.deps.index, int(self.deps.now()), self.deps.download_stats.source
        stored = index.get_enrichments(self.collection, [count.name for count in batch])
        fields: dict[str, DownloadFields] = {}
        failures: dict[str, AggregatorError] = {}
        for count in batch:
            if count.name not in stored:  # it was removed from the collection meanwhile
                continue
            known = drop_future_counts(stored[count.name].downloads, now)
            match count.outcome:
                case Downloads() as counted:
                    fields[count.name] = merge_downloads(build_download_fields(counted, source=source, now=now), known)
                    self.report.enriched += 1
                case NotFound() as unknown:
                    fields[count.name] = mark_not_found(source, known, now=now)
                    self.report.add_missing(count.name, unknown)
                case failure:
                    failures[count.name] = failure
        _write_counts(self.deps, self.collection, fields, stored)
        self._pending_failures |= failures
        if fields:
            self._has_result = True
            self._fail_batch()

    def _fail_batch(self) -> None:
        for name, failure in self._pending_failures.items():
            self.report.add_failure(name, failure)
        self._pending_failures.clear()
