"""When each project of a collection was last asked about, and what other collections of the index know of it.

Count the downloads of a collection's projects: the longest unasked first, each written as soon as it is known.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice
from math import inf

from msgspec import UNSET, Struct

from ...domain.documents.schema import DownloadFields, ProjectFields
from ...domain.downloads import Downloads, build_download_fields, mark_not_found, merge_downloads
from ...domain.errors import AggregatorError, NotFound, Unavailable
from ...ports import CostEstimate, Dependencies, DownloadResult
from ..collections.target import Target, require_state
from ..report import EnrichmentReport, ProgressCallback, no_progress

# Projects are looked up in the index this many at a time.
LOOKUP_BATCH = 500


class DownloadFreshness(Struct, frozen=True, kw_only=True):
    """When (Unix seconds) a source was asked about a project, which one, and when counts came of it; 0 for never."""

    name: str
    last_checked: int = 0
    last_updated: int = 0
    source: str = ""

    @property
    def is_missing(self) -> bool:
        """Whether the source did not know the project when it was last asked."""
        return self.last_checked > self.last_updated

    def is_fresh(self, source: str, checked_after: int) -> bool:
        """Whether this very source was asked after that moment."""
        return self.source == source and self.last_checked > checked_after


def list_by_last_check(deps: Dependencies, collection: str) -> list[DownloadFreshness]:
    """Return the standing of all projects of a collection, of those first that were asked about longest ago."""
    names = (project_state.name_normalized for project_state in deps.index.project_states(collection))
    freshness_list = [standing for _, standing in _iter_freshness(deps, collection, names)]
    return sorted(freshness_list, key=lambda freshness: (freshness.last_checked, freshness.name))


def copy_from_other_collections(
    deps: Dependencies, collection: str, due: Mapping[str, DownloadFreshness], source: str, checked_after: int
) -> Iterator[str]:
    """Copy the counts that other collections have from this source and after that moment; yield whose they are."""
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
        names = iter(newer)
        while some := list(islice(names, LOOKUP_BATCH)):
            held = deps.index.get_enrichments(collection, some)
            deps.index.update(
                collection, {name: merge_downloads(newer[name], held[name].downloads) for name in some if name in held}
            )
            for name in some:
                if name in held:
                    del remaining[name]
                    yield name


def _is_newer(theirs: DownloadFreshness, ours: DownloadFreshness, source: str, since: int) -> bool:
    return theirs.is_fresh(source, since) and not theirs.is_missing and theirs.last_checked > ours.last_checked


def _iter_freshness(
    deps: Dependencies, collection: str, names: Iterable[str]
) -> Iterator[tuple[DownloadFields | None, DownloadFreshness]]:
    remaining = iter(names)
    while batch := list(islice(remaining, LOOKUP_BATCH)):
        yield from _read_freshness(deps, collection, batch)


def _read_freshness(
    deps: Dependencies, collection: str, names: Sequence[str]
) -> Iterator[tuple[DownloadFields | None, DownloadFreshness]]:
    for name, enrichments in deps.index.get_enrichments(collection, names).items():
        if enrichments.downloads is UNSET:
            yield None, DownloadFreshness(name=name)
            continue
        last_updated = enrichments.downloads.download_updated or 0
        yield (
            enrichments.downloads,
            DownloadFreshness(
                name=name,
                last_checked=enrichments.downloads.download_checked or last_updated,
                last_updated=last_updated,
                source=enrichments.downloads.download_source or "",
            ),
        )


# Both sources count once a day: what was asked since the last count has nothing new. A daily run that starts some
# hours earlier than yesterday's finds everything due all the same.
MAX_AGE = 20 * 3600

# So many projects in a row without any answer, and the source is taken to be down.
MAX_CONSECUTIVE_FAILURES = 10


class RunEstimate(Struct, frozen=True, kw_only=True):
    """What a run is about to ask: a source, about so many projects, at this effort."""

    source: str
    project_count: int
    cost: CostEstimate


def noop(estimate: RunEstimate) -> None:
    """Begin without a word."""


def enrich_downloads(
    deps: Dependencies,
    target: Target,
    *,
    limit: int | None = None,
    deadline: float = inf,
    include_fresh: bool = False,
    dry_run: bool = False,
    on_start: Callable[[RunEstimate], None] = noop,
    progress: ProgressCallback = no_progress,
) -> EnrichmentReport:
    """Ask the source of counts about the projects of a collection.

    Those come first that were asked about longest ago, so a run that was interrupted is gone on with by the next one.
    A project about which the same source was asked within `FRESH` seconds is not asked about again, and its counts are
    taken over where it was in another collection of the index. With a `limit` so many projects are looked at, the
    stalest ones, however fresh; `everything` asks about all. The first answer after `until` (Unix
    seconds) is the last one, and the others are postponed. `begin` is told what is ahead before the first request.
    What the source does not know or does not answer for keeps the counts that it has.
    """
    report = EnrichmentReport("downloads", target.collection)
    with report.recording(deps):
        require_state(deps, target)
        source, checked_after = deps.download_stats.source, int(deps.now()) - MAX_AGE
        selected = list_by_last_check(deps, target.collection)[:limit]
        report.found = len(selected)
        due_projects = {
            freshness.name: freshness
            for freshness in selected
            if include_fresh or limit is not None or not freshness.is_fresh(source, checked_after)
        }
        if dry_run:
            cost = deps.download_stats.estimate_cost(len(due_projects))
            report.notices.append(f"would ask {source} about {len(due_projects)} projects, in {cost.requests} requests")
            return report
        _report_fresh(report, [each for each in selected if each.name not in due_projects], source)
        if not include_fresh:
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
            _DownloadCounter(deps, target.collection, report, progress).run(list(due_projects), deadline)
    return report


def _report_fresh(report: EnrichmentReport, fresh_projects: Sequence[DownloadFreshness], source: str) -> None:
    for freshness in fresh_projects:
        if freshness.is_missing:
            report.add_missing(freshness.name, f"{source} did not know it when it was last asked")
        else:
            report.enriched += 1
            report.cached += 1
    if fresh_projects:
        report.notices.append(
            f"{source} was asked about {len(fresh_projects)} projects within the last {MAX_AGE // 3600} hours, and was not asked "
            "about them again; --all does it all the same"
        )


@dataclass
class _DownloadCounter:
    """Asks the source and writes what it says into one collection.

    `_unanswered` are the failures since the last answer. They are the projects' own once another answer comes; where
    none does, it is the source that has failed, and no list of names would tell more.
    """

    deps: Dependencies
    collection: str
    report: EnrichmentReport
    progress: ProgressCallback
    _pending_failures: dict[str, AggregatorError] = field(default_factory=dict)
    _has_result: bool = False

    def run(self, names: Sequence[str], deadline: float) -> None:
        """Ask about projects until that moment; raises `Unavailable` where the source is down."""
        done_count, remaining = 0, dict.fromkeys(names)
        self.progress("counting", done_count, len(names))
        with closing(self.deps.download_stats.fetch_counts(names)) as batches:
            for batch in batches:
                self._write_batch(batch)
                done_count += len(batch)
                for result in batch:
                    remaining.pop(result.name, None)
                self.progress("counting", done_count, len(names))
                if len(self._pending_failures) >= MAX_CONSECUTIVE_FAILURES or self.deps.now() >= deadline:
                    break
        if self._pending_failures and (len(self._pending_failures) >= MAX_CONSECUTIVE_FAILURES or not self._has_result):
            *_, last_failure = self._pending_failures.values()
            raise Unavailable(f"{self.deps.download_stats.source} does not answer: {last_failure}")
        self._fail_batch()
        for name in remaining:
            self.report.add_deferred(name, "the time of this run was up")

    def _write_batch(self, batch: Sequence[DownloadResult]) -> None:
        """Write what came of one request."""
        index, now, source = self.deps.index, int(self.deps.now()), self.deps.download_stats.source
        held = index.get_enrichments(self.collection, [count.name for count in batch])
        fields: dict[str, ProjectFields] = {}
        failures: dict[str, AggregatorError] = {}
        for count in batch:
            if count.name not in held:  # it has left the collection meanwhile
                continue
            known = held[count.name].downloads
            match count.outcome:
                case Downloads() as counted:
                    fields[count.name] = merge_downloads(build_download_fields(counted, source=source, now=now), known)
                    self.report.enriched += 1
                case NotFound() as unknown:
                    fields[count.name] = mark_not_found(source, known, now=now)
                    self.report.add_missing(count.name, unknown)
                case failure:
                    failures[count.name] = failure
        index.update(self.collection, fields)
        self._pending_failures |= failures
        if fields:
            self._has_result = True
            self._fail_batch()

    def _fail_batch(self) -> None:
        for name, failure in self._pending_failures.items():
            self.report.add_failure(name, failure)
        self._pending_failures.clear()
