"""Copy a collection into another one while it is in use: until they are equal, and once more when it is replaced."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from msgspec import UNSET
from msgspec.json import encode

from ...domain.documents.document import to_recency_key
from ...domain.documents.schema import RegistryFields
from ...domain.errors import Unavailable
from ...ports import Dependencies, IndexAdmin, PackageIndex, ProjectDocuments
from ..report import ProgressCallback, TransferReport, no_progress

# Projects that are compared in one step, and how often a collection that is being written to is gone through.
SYNC_BATCH = 100
MAX_PASSES = 10

Documents = Sequence[RegistryFields]


@dataclass
class CollectionSync:
    """Copies what `source` holds into `target`, which nobody else writes to until it takes the other's place.

    `_when_equal` has a fingerprint of the documents of each project as both had them when they were last found equal:
    by it a later difference tells on which side something was written.
    """

    deps: Dependencies
    source: str
    target: str
    report: TransferReport
    progress: ProgressCallback = no_progress
    _last_equal: dict[str, int] = field(default_factory=dict)

    def run(self) -> None:
        """Copy what differs until nothing does: every project, every document, every tombstone.

        Raises `Unavailable` where the source is written to faster than it is copied, or the target refuses documents.
        """
        for _ in range(MAX_PASSES):
            self.admin.copy_enrichments(self.source, self.target)
            changed_count = self._copy_differences()
            if self.report.rejected:
                raise Unavailable(f"{self.target} refuses {len(self.report.rejected)} documents of {self.source}")
            if not changed_count:
                self.admin.copy_enrichments(self.source, self.target)
                return
        raise Unavailable(f"{self.source} is written to faster than it can be copied: try again later")

    def replay(self) -> None:
        """Bring over what was written to the source after both were equal; what the target has got since stays.

        Called when the target has taken the source's place, so that both may have been written to in between.
        """
        names: set[str] = set()
        for batch in _batch_names(_iter_names(self.index, self.source)):
            source_documents, target_documents = self._read_pair(batch)
            names.update(source_documents)
            self._write(
                {
                    name: documents
                    for name, documents in source_documents.items()
                    if self._is_newer_at_source(name, documents, target_documents)
                }
            )
        for batch in _batch_names(name for name in self._last_equal if name not in names):
            target_documents = self.index.get_documents(self.target, batch)
            self._remove(
                name for name in batch if _compute_fingerprint(target_documents.get(name)) == self._last_equal[name]
            )
        self.admin.copy_enrichments(self.source, self.target)

    @property
    def index(self) -> PackageIndex:
        return self.deps.index

    @property
    def admin(self) -> IndexAdmin:
        return self.deps.admin

    def _is_newer_at_source(
        self, name: str, source_documents: Documents, target_documents: Mapping[str, Documents]
    ) -> bool:
        """Tell whether the source's documents of a project were written later than the target's."""
        last_equal, source_fingerprint, target_fingerprint = (
            self._last_equal.get(name, 0),
            _compute_fingerprint(source_documents),
            _compute_fingerprint(target_documents.get(name)),
        )
        if source_fingerprint in (last_equal, target_fingerprint):
            return False
        return target_fingerprint == last_equal or to_recency_key(source_documents) > to_recency_key(
            target_documents.get(name, ())
        )

    def _copy_differences(self) -> int:
        """Make the target what the source is, and return how many projects differed."""
        changed_count, compared_count, fingerprints = 0, 0, dict[str, int]()
        for batch in _batch_names(_iter_names(self.index, self.source)):
            source_documents, target_documents = self._read_pair(batch)
            source_fingerprints = {name: _compute_fingerprint(source_documents.get(name)) for name in batch}
            different = {
                name: source_documents.get(name, ())
                for name in batch
                if source_fingerprints[name] != _compute_fingerprint(target_documents.get(name))
            }
            self._write(different)
            copy_scores(self.index, self.source, self.target, batch)
            fingerprints |= source_fingerprints
            changed_count += len(different)
            compared_count += len(batch)
            self.progress("copying", compared_count, None)
        for batch in _batch_names(_iter_names(self.index, self.target)):
            changed_count += self._remove(name for name in batch if name not in fingerprints)
        self._last_equal = fingerprints
        self.report.found = len(fingerprints)
        return changed_count

    def _read_pair(self, names: Sequence[str]) -> tuple[Mapping[str, Documents], Mapping[str, Documents]]:
        return self.index.get_documents(self.source, names), self.index.get_documents(self.target, names)

    def _write(self, projects: Mapping[str, Documents]) -> None:
        enrichments = self.index.get_enrichments(self.source, projects)
        written = [
            ProjectDocuments(
                name_normalized=name,
                documents=tuple(documents),
                health=enrichments[name].health if name in enrichments else UNSET,
            )
            for name, documents in projects.items()
            if documents
        ]
        if written:
            self.report.add_rejections(self.index.put(self.target, written))
            self.report.copied += len(written)
            self.report.documents += sum(len(project.documents) for project in written)
        # What has gone since its name was read is found by the next pass.

    def _remove(self, names: Iterable[str]) -> int:
        """Remove from the target what has left the source, with the tombstone that it has left there."""
        removed_names = list(names)
        tombstones = [tombstone for name in removed_names if (tombstone := self.index.get_tombstone(self.source, name))]
        self.index.remove(self.target, tombstones)
        names_with_tombstone = {stone.name for stone in tombstones}
        empty_projects = [
            ProjectDocuments(name_normalized=name, documents=())
            for name in removed_names
            if name not in names_with_tombstone
        ]
        if empty_projects:
            self.index.put(self.target, empty_projects)
        return len(removed_names)


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


def _iter_names(index: PackageIndex, collection: str) -> Iterator[str]:
    return (project_state.name_normalized for project_state in index.project_states(collection))


def _batch_names(names: Iterable[str]) -> Iterator[list[str]]:
    remaining = iter(names)
    while batch := list(islice(remaining, SYNC_BATCH)):
        yield batch


def _compute_fingerprint(documents: Documents | None) -> int:
    """Return a number that is the same for the same documents in whatever order, 0 for none; this process' own."""
    if not documents:
        return 0
    return hash(encode(sorted(documents, key=lambda document: document.version))) or 1
