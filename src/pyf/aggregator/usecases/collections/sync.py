"""Copy a collection into another one while it is in use: until they are equal, and once more when it is replaced."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from msgspec import UNSET

from ...domain.documents.document import to_recency_key
from ...domain.errors import Unavailable
from ...ports import Dependencies, IndexAdmin, PackageIndex, ProjectDocuments
from ..report import ProgressCallback, TransferReport, no_progress

# Packages that are copied in one step, and how often a collection that is being written to is compared.
SYNC_BATCH = 500
MAX_PASSES = 10


@dataclass
class CollectionSync:
    """Copies what `source` holds into `target`, which nobody else writes to until it takes the other's place.

    `_when_equal` has the fingerprint of each package as both had it when they were last found equal: by it a later
    difference tells on which side something was written.
    """

    deps: Dependencies
    source: str
    target: str
    report: TransferReport
    progress: ProgressCallback = no_progress
    _last_equal: Mapping[str, int] = field(default_factory=dict)

    def run(self) -> None:
        """Copy what differs until nothing does: every package, every document, every tombstone.

        Raises `Unavailable` where the source is written to faster than it is copied, or the target refuses documents.
        """
        for _ in range(MAX_PASSES):
            there, here = self.index.fingerprints(self.source), self.index.fingerprints(self.target)
            self.report.found = len(there)
            self._copy(sorted(name for name in there.keys() | here.keys() if there.get(name) != here.get(name)))
            self.admin.copy_tombstones(self.source, self.target)
            if self.report.rejected:
                raise Unavailable(f"{self.target} refuses {len(self.report.rejected)} documents of {self.source}")
            if there == here:
                self._last_equal = there
                self.report.copied, self.report.documents = len(there), self._count_documents()
                return
        raise Unavailable(f"{self.source} is written to faster than it can be copied: try again later")

    def replay(self) -> None:
        """Bring over what was written to the source after both were equal; what the target has got since stays.

        Called when the target has taken the source's place, so that both may have been written to in between.
        """
        source_documents = self.index.fingerprints(self.source)
        late = [name for name in sorted(source_documents) if source_documents[name] != self._last_equal.get(name)]
        gone = [name for name in self._last_equal if name not in source_documents]
        if late or gone:
            target_documents = self.index.fingerprints(self.target)
            untouched = {name for name in (*late, *gone) if target_documents.get(name) == self._last_equal.get(name)}
            self._copy([name for name in (*late, *gone) if name in untouched])
            self._put_later_read(
                [
                    name
                    for name in late
                    if name not in untouched and target_documents.get(name) != source_documents[name]
                ]
            )
            self.admin.copy_enrichments(self.source, self.target)
        self.admin.copy_tombstones(self.source, self.target)

    @property
    def index(self) -> PackageIndex:
        return self.deps.index

    @property
    def admin(self) -> IndexAdmin:
        return self.deps.admin

    def _copy(self, names: Sequence[str]) -> None:
        done = 0
        for some in _batch_names(names):
            self.report.add_rejections(self.admin.copy_packages(self.source, self.target, some))
            done += len(some)
            self.progress("copying", done, len(names))

    def _put_later_read(self, names: Sequence[str]) -> None:
        """Write packages that both sides have got anew, where the source has read them later."""
        for some in _batch_names(names):
            there, here = self.index.get_documents(self.source, some), self.index.get_documents(self.target, some)
            later = [
                ProjectDocuments(name_normalized=name, documents=tuple(documents))
                for name, documents in there.items()
                if to_recency_key(documents) > to_recency_key(here.get(name, ()))
            ]
            if later:
                self.report.add_rejections(self.index.put(self.target, later))

    def _count_documents(self) -> int:
        return sum(info.documents for info in self.admin.list_collections() if info.name == self.target)


def copy_scores(
    index: PackageIndex, source: str, target: str, names: Sequence[str], *, keep_existing: bool = False
) -> None:
    """Give projects of the target the scores that they have at the source; with `keep` only those without one.

    `carry_over` leaves scores out: a rebuild works them out from its own documents. A copy has no other ones.
    """
    target_enrichments = index.get_enrichments(target, names)
    scores = {
        name: source_enrichments.health
        for name, source_enrichments in index.get_enrichments(source, names).items()
        if source_enrichments.health is not UNSET
        and name in target_enrichments
        and (not keep_existing or target_enrichments[name].health is UNSET)
    }
    changed_scores = {name: health for name, health in scores.items() if target_enrichments[name].health != health}
    if changed_scores:
        index.update(target, changed_scores)


def _batch_names(names: Iterable[str]) -> Iterable[list[str]]:
    remaining = iter(names)
    while batch := list(islice(remaining, SYNC_BATCH)):
        yield batch
