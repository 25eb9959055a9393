"""Copy a collection that is in use: until both are equal, and once more when the copy has replaced it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from msgspec import UNSET

from ...domain.batching import batched
from ...domain.documents.document import to_recency_key
from ...domain.errors import Unavailable
from ...ports import Dependencies, IndexAdmin, PackageIndex, ProjectDocuments
from ..report import ProgressCallback, TransferReport, no_progress

# Packages copied in one step, and how often a collection that is being written to is compared.
SYNC_BATCH = 500
MAX_PASSES = 10


@dataclass
class CollectionSync:
    """Copies `source` to `target`, which no other run writes to until it replaces the source.

    `_last_equal` has the fingerprint of each package when both collections were last equal: it shows on which side a
    later difference was written.
    """

    deps: Dependencies
    source: str
    target: str
    report: TransferReport
    progress: ProgressCallback = no_progress
    _last_equal: Mapping[str, int] = field(default_factory=dict)

    def run(self) -> None:
        """Copy packages, documents and tombstones until nothing differs.

        Raises:
            Unavailable: If the source is written to faster than it is copied, or the target rejects documents.
        """
        for _ in range(MAX_PASSES):
            source, target = self.index.read_fingerprints(self.source), self.index.read_fingerprints(self.target)
            self.report.found = len(source)
            self._copy(sorted(name for name in source.keys() | target.keys() if source.get(name) != target.get(name)))
            self.admin.copy_tombstones(self.source, self.target)
            if self.report.rejected:
                raise Unavailable(f"{self.target} rejects {len(self.report.rejected)} documents of {self.source}")
            if source == target:
                self._last_equal = source
                self.report.copied, self.report.documents = len(source), self._count_documents()
                return
        raise Unavailable(f"{self.source} is written to faster than it can be copied. Try again later.")

    def replay(self) -> None:
        """Copy what was written to the source after both were equal, and keep later writes to the target.

        Called after the target has replaced the source, so that both may have been written to.
        """
        source = self.index.read_fingerprints(self.source)
        changed = [name for name in sorted(source) if source[name] != self._last_equal.get(name)]
        removed = [name for name in self._last_equal if name not in source]
        if changed or removed:
            target = self.index.read_fingerprints(self.target)
            untouched = {name for name in (*changed, *removed) if target.get(name) == self._last_equal.get(name)}
            self._copy([name for name in (*changed, *removed) if name in untouched])
            self._put_later_read(
                [name for name in changed if name not in untouched and target.get(name) != source[name]]
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
        done_count = 0
        for batch in batched(names, SYNC_BATCH):
            self.report.add_rejections(self.admin.copy_packages(self.source, self.target, batch))
            done_count += len(batch)
            self.progress("copying package", done_count, len(names))

    def _put_later_read(self, names: Sequence[str]) -> None:
        """Copy packages that were written on both sides, if the source has read them later."""
        for batch in batched(names, SYNC_BATCH):
            source, target = self.index.get_documents(self.source, batch), self.index.get_documents(self.target, batch)
            later = [
                ProjectDocuments(name_normalized=name, documents=tuple(documents))
                for name, documents in source.items()
                if to_recency_key(documents) > to_recency_key(target.get(name, ()))
            ]
            if later:
                self.report.add_rejections(self.index.put(self.target, later))

    def _count_documents(self) -> int:
        return sum(info.documents for info in self.admin.list_collections() if info.name == self.target)


def copy_scores(
    index: PackageIndex, source: str, target: str, names: Sequence[str], *, keep_existing: bool = False
) -> None:
    """Copy the scores of packages, which `copy_enrichments` leaves out: a rebuild computes its own, a copy does not.

    Args:
        keep_existing: Copy only to packages without a score.
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
