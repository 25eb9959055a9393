"""Copy a collection into another one while it is in use: until they are equal, and once more when it is replaced."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from msgspec import UNSET
from msgspec.json import encode

from ..domain.errors import Unavailable
from ..domain.merging import later_read
from ..domain.schema import RegistryFields
from ..ports import IndexAdmin, PackageIndex, ProjectDocuments, Services
from .report import Progress, TransferReport, unwatched

# Projects that are compared in one step, and how often a collection that is being written to is gone through.
AT_ONCE = 100
MOST_PASSES = 10

Documents = Sequence[RegistryFields]


@dataclass
class Copy:
    """Copies what `source` holds into `target`, which nobody else writes to until it takes the other's place.

    `_when_equal` has a fingerprint of the documents of each project as both had them when they were last found equal:
    by it a later difference tells on which side something was written.
    """

    services: Services
    source: str
    target: str
    report: TransferReport
    progress: Progress = unwatched
    _when_equal: dict[str, int] = field(default_factory=dict)

    def until_equal(self) -> None:
        """Copy what differs until nothing does: every project, every document, every tombstone.

        Raises `Unavailable` where the source is written to faster than it is copied, or the target refuses documents.
        """
        for _ in range(MOST_PASSES):
            self.admin.carry_over(self.source, self.target)
            changed = self._pass()
            if self.report.rejected:
                raise Unavailable(f"{self.target} refuses {len(self.report.rejected)} documents of {self.source}")
            if not changed:
                self.admin.carry_over(self.source, self.target)
                return
        raise Unavailable(f"{self.source} is written to faster than it can be copied: try again later")

    def catch_up(self) -> None:
        """Bring over what was written to the source after both were equal; what the target has got since stays.

        Called when the target has taken the source's place, so that both may have been written to in between.
        """
        names: set[str] = set()
        for some in _batches(_names(self.index, self.source)):
            there, here = self._both(some)
            names.update(there)
            self._put({name: documents for name, documents in there.items() if self._is_due(name, documents, here)})
        for some in _batches(name for name in self._when_equal if name not in names):
            here = self.index.held(self.target, some)
            self._remove(name for name in some if _fingerprint(here.get(name)) == self._when_equal[name])
        self.admin.carry_over(self.source, self.target)

    @property
    def index(self) -> PackageIndex:
        return self.services.index

    @property
    def admin(self) -> IndexAdmin:
        return self.services.admin

    def _is_due(self, name: str, there: Documents, here: Mapping[str, Documents]) -> bool:
        """Tell whether the source's documents of a project were written later than the target's."""
        then, now_there, now_here = self._when_equal.get(name, 0), _fingerprint(there), _fingerprint(here.get(name))
        if now_there in (then, now_here):
            return False
        return now_here == then or later_read(there) > later_read(here.get(name, ()))

    def _pass(self) -> int:
        """Make the target what the source is, and return how many projects differed."""
        changed, done, prints = 0, 0, dict[str, int]()
        for some in _batches(_names(self.index, self.source)):
            there, here = self._both(some)
            now = {name: _fingerprint(there.get(name)) for name in some}
            different = {name: there.get(name, ()) for name in some if now[name] != _fingerprint(here.get(name))}
            self._put(different)
            bring_scores(self.index, self.source, self.target, some)
            prints |= now
            changed += len(different)
            done += len(some)
            self.progress("copying", done, None)
        for some in _batches(_names(self.index, self.target)):
            changed += self._remove(name for name in some if name not in prints)
        self._when_equal = prints
        self.report.found = len(prints)
        return changed

    def _both(self, names: Sequence[str]) -> tuple[Mapping[str, Documents], Mapping[str, Documents]]:
        return self.index.held(self.source, names), self.index.held(self.target, names)

    def _put(self, projects: Mapping[str, Documents]) -> None:
        others = self.index.enrichments(self.source, projects)
        made = [
            ProjectDocuments(
                name_normalized=name,
                documents=tuple(documents),
                health=others[name].health if name in others else UNSET,
            )
            for name, documents in projects.items()
            if documents
        ]
        if made:
            self.report.reject(self.index.put(self.target, made))
            self.report.copied += len(made)
            self.report.documents += sum(len(project.documents) for project in made)
        # What has gone since its name was read is found by the next pass.

    def _remove(self, names: Iterable[str]) -> int:
        """Remove from the target what has left the source, with the tombstone that it has left there."""
        gone = list(names)
        stones = [stone for name in gone if (stone := self.index.tombstone(self.source, name))]
        self.index.remove(self.target, stones)
        buried = {stone.name for stone in stones}
        without = [ProjectDocuments(name_normalized=name, documents=()) for name in gone if name not in buried]
        if without:
            self.index.put(self.target, without)
        return len(gone)


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


def _names(index: PackageIndex, collection: str) -> Iterator[str]:
    return (holding.name_normalized for holding in index.holdings(collection))


def _batches(names: Iterable[str]) -> Iterator[list[str]]:
    remaining = iter(names)
    while some := list(islice(remaining, AT_ONCE)):
        yield some


def _fingerprint(documents: Documents | None) -> int:
    """Return a number that is the same for the same documents in whatever order, 0 for none; this process' own."""
    if not documents:
        return 0
    return hash(encode(sorted(documents, key=lambda document: document.version))) or 1
