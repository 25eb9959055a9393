"""Copy a collection into another one while it is in use: until they are equal, and once more when it is replaced."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from msgspec import UNSET

from ..domain.errors import Unavailable
from ..domain.merging import later_read
from ..ports import IndexAdmin, PackageIndex, ProjectDocuments, Services
from .report import Progress, TransferReport, unwatched

# Packages that are copied in one step, and how often a collection that is being written to is compared.
AT_ONCE = 500
MOST_PASSES = 10


@dataclass
class Copy:
    """Copies what `source` holds into `target`, which nobody else writes to until it takes the other's place.

    `_when_equal` has the fingerprint of each package as both had it when they were last found equal: by it a later
    difference tells on which side something was written.
    """

    services: Services
    source: str
    target: str
    report: TransferReport
    progress: Progress = unwatched
    _when_equal: Mapping[str, int] = field(default_factory=dict)

    def until_equal(self) -> None:
        """Copy what differs until nothing does: every package, every document, every tombstone.

        Raises `Unavailable` where the source is written to faster than it is copied, or the target refuses documents.
        """
        for _ in range(MOST_PASSES):
            there, here = self.index.fingerprints(self.source), self.index.fingerprints(self.target)
            self.report.found = len(there)
            self._copy(sorted(name for name in there.keys() | here.keys() if there.get(name) != here.get(name)))
            self.admin.copy_tombstones(self.source, self.target)
            if self.report.rejected:
                raise Unavailable(f"{self.target} refuses {len(self.report.rejected)} documents of {self.source}")
            if there == here:
                self._when_equal = there
                self.report.copied, self.report.documents = len(there), self._count_documents()
                return
        raise Unavailable(f"{self.source} is written to faster than it can be copied: try again later")

    def catch_up(self) -> None:
        """Bring over what was written to the source after both were equal; what the target has got since stays.

        Called when the target has taken the source's place, so that both may have been written to in between.
        """
        there = self.index.fingerprints(self.source)
        late = [name for name in sorted(there) if there[name] != self._when_equal.get(name)]
        gone = [name for name in self._when_equal if name not in there]
        if late or gone:
            here = self.index.fingerprints(self.target)
            untouched = {name for name in (*late, *gone) if here.get(name) == self._when_equal.get(name)}
            self._copy([name for name in (*late, *gone) if name in untouched])
            self._put_later_read([name for name in late if name not in untouched and here.get(name) != there[name]])
            self.admin.carry_over(self.source, self.target)
        self.admin.copy_tombstones(self.source, self.target)

    @property
    def index(self) -> PackageIndex:
        return self.services.index

    @property
    def admin(self) -> IndexAdmin:
        return self.services.admin

    def _copy(self, names: Sequence[str]) -> None:
        done = 0
        for some in _batches(names):
            self.report.reject(self.admin.copy_packages(self.source, self.target, some))
            done += len(some)
            self.progress("copying", done, len(names))

    def _put_later_read(self, names: Sequence[str]) -> None:
        """Write packages that both sides have got anew, where the source has read them later."""
        for some in _batches(names):
            there, here = self.index.held(self.source, some), self.index.held(self.target, some)
            later = [
                ProjectDocuments(name_normalized=name, documents=tuple(documents))
                for name, documents in there.items()
                if later_read(documents) > later_read(here.get(name, ()))
            ]
            if later:
                self.report.reject(self.index.put(self.target, later))

    def _count_documents(self) -> int:
        return sum(info.documents for info in self.admin.collections() if info.name == self.target)


def bring_scores(index: PackageIndex, source: str, target: str, names: Sequence[str], *, keep: bool = False) -> None:
    """Give projects of the target the scores that they have at the source; with `keep` only those without one.

    `carry_over` leaves scores out: a rebuild works them out from its own documents. A copy has no other ones.
    """
    here = index.enrichments(target, names)
    scores = {
        name: there.health
        for name, there in index.enrichments(source, names).items()
        if there.health is not UNSET and name in here and (not keep or here[name].health is UNSET)
    }
    late = {name: health for name, health in scores.items() if here[name].health != health}
    if late:
        index.update(target, late)


def _batches(names: Iterable[str]) -> Iterable[list[str]]:
    remaining = iter(names)
    while some := list(islice(remaining, AT_ONCE)):
        yield some
