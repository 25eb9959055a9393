"""Count the downloads of a collection's projects: the longest unasked first, each written as soon as it is known."""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from math import inf

from msgspec import Struct

from ..domain.downloads import Downloads, joined, recorded, unknown_to
from ..domain.errors import AggregatorError, NotFound, Unavailable
from ..domain.schema import ProjectFields
from ..ports import Count, Effort, Services
from .download_standings import Standing, stalest_first, take_over
from .report import EnrichmentReport, Progress, unwatched
from .target import Target, existing

# Both sources count once a day: what was asked since the last count has nothing new. A daily run that starts some
# hours earlier than yesterday's finds everything due all the same.
FRESH = 20 * 3600

# So many projects in a row without any answer, and the source is taken to be down.
SILENCE = 10


class Ahead(Struct, frozen=True, kw_only=True):
    """What a run is about to ask: a source, about so many projects, at this effort."""

    source: str
    projects: int
    effort: Effort


def unannounced(ahead: Ahead) -> None:
    """Begin without a word."""


def enrich_downloads(
    services: Services,
    target: Target,
    *,
    limit: int | None = None,
    until: float = inf,
    everything: bool = False,
    dry_run: bool = False,
    begin: Callable[[Ahead], None] = unannounced,
    progress: Progress = unwatched,
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
    with report.covering(services):
        existing(services, target)
        source, since = services.downloads.source, int(services.now()) - FRESH
        looked_at = stalest_first(services, target.collection)[:limit]
        report.found = len(looked_at)
        due = {
            each.name: each for each in looked_at if everything or limit is not None or not each.is_fresh(source, since)
        }
        if dry_run:
            effort = services.downloads.effort(len(due))
            report.notices.append(f"would ask {source} about {len(due)} projects, in {effort.requests} requests")
            return report
        _remember(report, [each for each in looked_at if each.name not in due], source)
        if not everything:
            for name in take_over(services, target.collection, due, source, since):
                del due[name]
                report.enriched += 1
                report.remembered += 1
        if due:
            begin(Ahead(source=source, projects=len(due), effort=services.downloads.effort(len(due))))
            _Counting(services, target.collection, report, progress).ask(list(due), until)
    return report


def _remember(report: EnrichmentReport, fresh: Sequence[Standing], source: str) -> None:
    for each in fresh:
        if each.is_missing:
            report.miss(each.name, f"{source} did not know it when it was last asked")
        else:
            report.enriched += 1
            report.remembered += 1
    if fresh:
        report.notices.append(
            f"{source} was asked about {len(fresh)} projects within the last {FRESH // 3600} hours, and was not asked "
            "about them again; --all does it all the same"
        )


@dataclass
class _Counting:
    """Asks the source and writes what it says into one collection.

    `_unanswered` are the failures since the last answer. They are the projects' own once another answer comes; where
    none does, it is the source that has failed, and no list of names would tell more.
    """

    services: Services
    collection: str
    report: EnrichmentReport
    progress: Progress
    _unanswered: dict[str, AggregatorError] = field(default_factory=dict)
    _has_answered: bool = False

    def ask(self, names: Sequence[str], until: float) -> None:
        """Ask about projects until that moment; raises `Unavailable` where the source is down."""
        done, remaining = 0, dict.fromkeys(names)
        self.progress("counting", done, len(names))
        with closing(self.services.downloads.counts(names)) as batches:
            for batch in batches:
                self._take(batch)
                done += len(batch)
                for count in batch:
                    remaining.pop(count.name, None)
                self.progress("counting", done, len(names))
                if len(self._unanswered) >= SILENCE or self.services.now() >= until:
                    break
        if self._unanswered and (len(self._unanswered) >= SILENCE or not self._has_answered):
            *_, last = self._unanswered.values()
            raise Unavailable(f"{self.services.downloads.source} does not answer: {last}")
        self._blame_projects()
        for name in remaining:
            self.report.postpone(name, "the time of this run was up")

    def _take(self, batch: Sequence[Count]) -> None:
        """Write what came of one request."""
        index, now, source = self.services.index, int(self.services.now()), self.services.downloads.source
        held = index.enrichments(self.collection, [count.name for count in batch])
        fields: dict[str, ProjectFields] = {}
        failures: dict[str, AggregatorError] = {}
        for count in batch:
            if count.name not in held:  # it has left the collection meanwhile
                continue
            known = held[count.name].downloads
            match count.answer:
                case Downloads() as counted:
                    fields[count.name] = joined(recorded(counted, source=source, now=now), known)
                    self.report.enriched += 1
                case NotFound() as unknown:
                    fields[count.name] = unknown_to(source, known, now=now)
                    self.report.miss(count.name, unknown)
                case failure:
                    failures[count.name] = failure
        index.update(self.collection, fields)
        self._unanswered |= failures
        if fields:
            self._has_answered = True
            self._blame_projects()

    def _blame_projects(self) -> None:
        for name, failure in self._unanswered.items():
            self.report.fail(name, failure)
        self._unanswered.clear()
