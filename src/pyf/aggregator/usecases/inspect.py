"""Look at one project once, and bring every collection in line that holds it or that it belongs to."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

from msgspec.structs import replace

from ..domain.errors import NotFound, Unavailable
from ..domain.membership import judge
from ..domain.profile import Filter, matches
from ..domain.project import Project, ProjectStatus, normalized
from ..domain.schema import RegistryFields
from ..ports import PackageRegistry, Reading, Serials, Services, Standing, Wanted, whatever_it_is
from .held import judged
from .intake import Intake
from .report import Report, WritingReport
from .target import Target, existing

# Before the registry's own answer tells what its feed has announced, minutes may pass: a cache stands in between.
STALE = "the answer does not tell of {version} yet"


@dataclass
class InspectionReport(WritingReport):
    """What a look at the project `collection` names did: collections that it was written to, and those that it left.

    `is_known` says that it was held just like that and nobody was asked; `is_stale` that what was announced is not in
    the registry's answer yet.
    """

    indexed: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    is_known: bool = False
    is_stale: bool = False

    @property
    def is_whole(self) -> bool:
        return not self.is_stale and super().is_whole

    @property
    def wants_another_turn(self) -> bool:
        return self.is_stale or super().wants_another_turn

    def take_over(self, part: Report, collection: str) -> None:
        """Add what happened in one collection."""
        self.indexed += [collection] * bool(part.indexed)
        self.removed += [collection] * bool(part.removed)
        self.documents += part.documents
        self.rejected += part.rejected
        self.reasons |= part.reasons
        self.failed += [name for name in part.failed if name not in self.failed]
        self.stopped_by = self.stopped_by or part.stopped_by


def inspect(
    services: Services, targets: Sequence[Target], name: str, *, version: str = "", anew: bool = False
) -> InspectionReport:
    """Read a project, and write it to each collection of `targets` that it belongs to; any spelling will do.

    It leaves those that it belongs to no more, or that are told by two witnesses that it is gone. With a `version`
    nobody is asked where every collection that holds the project has that one, without it where any holds the
    project; unless `anew`. One request for a stranger, and one for each release that no collection knows.
    A collection that was dropped meanwhile is left out.
    """
    name = normalized(name)
    report = InspectionReport("inspect", name)
    with report.covering(services):
        held = {target.collection: tuple(_held(services, target, name)) for target in targets}
        if not anew and _is_known(targets, held, name, version):
            report.is_known = True
            return report
        reading = _look(services, targets, held.values(), name)
        concerned = [target for target in targets if held[target.collection] or _admits(target, reading.answer, name)]
        if version and _is_behind(reading, version):
            report.is_stale = True
            report.reasons[name] = STALE.format(version=version)
        once = _Once(services.registry, reading)
        for target in concerned:
            part = _bring_in(replace(services, registry=once), target, reading, held[target.collection])
            report.take_over(part, target.collection)
        report.is_stale &= not (report.removed or once.is_quarantined)
    return report


def _held(services: Services, target: Target, name: str) -> Sequence[RegistryFields]:
    try:
        return services.index.held(target.collection, [name]).get(name, ())
    except NotFound:
        return ()


def _is_known(
    targets: Sequence[Target], held: Mapping[str, tuple[RegistryFields, ...]], name: str, version: str
) -> bool:
    """Tell whether a look would find nothing: all that could have it have it, whole, and at that version."""
    holdings = [fields for fields in held.values() if fields]
    if not holdings or not all(_is_whole(fields, version) for fields in holdings):
        return False
    newest = next((fields for fields in holdings[0] if fields.is_newest), holdings[0][0])
    return all(
        held[target.collection] or judged(_filter_of(target), newest).because is None
        for target in targets
        if name not in _filter_of(target).exclude
    )


def _is_whole(held: tuple[RegistryFields, ...], version: str) -> bool:
    """A project of which a release could not be read is held with serial 0."""
    return all(f.last_serial for f in held) and (not version or version in {f.version for f in held})


def _look(
    services: Services, targets: Sequence[Target], held: Iterable[tuple[RegistryFields, ...]], name: str
) -> Reading:
    """Read the project, of its releases those that any holder lacks; raises `Unavailable` where no answer comes."""
    composition = services.policy.composition
    known = [frozenset(f.version for f in fields if f.composed_with == composition) for fields in held if fields]
    wanted = Wanted(name=name, known=frozenset.intersection(*known) if known else frozenset())

    def is_worth_it(project: Project) -> bool:
        return any(_admits(target, project, name) for target in targets)

    (reading,) = services.registry.read([wanted], is_worth_it=is_worth_it)
    if not isinstance(reading.answer, Project | NotFound):
        raise reading.answer
    return reading


def _admits(target: Target, answer: object, name: str) -> bool:
    metadata = answer.newest.metadata if isinstance(answer, Project) else None
    return metadata is not None and judge(_filter_of(target), name, metadata).because is not None


def _is_behind(reading: Reading, version: str) -> bool:
    return not isinstance(reading.answer, Project) or version not in {r.version for r in reading.answer.releases}


def _bring_in(services: Services, target: Target, reading: Reading, held: Sequence[RegistryFields]) -> Report:
    report = Report("inspect", target.collection)
    # What a failure in one collection means for the others is theirs to find out.
    with report.covering(services):
        try:
            with _right(services, target, reading):
                intake = Intake(
                    services,
                    target.collection,
                    _filter_of(target),
                    report,
                    as_of=max((f.last_serial for f in held), default=0),
                )
                intake.take([reading.name])
                intake.remove_departed(allow_many=False)
        except NotFound:  # it was dropped meanwhile
            report.notices.append(f"there is no collection {target.collection} any more")
    return report


def _right(services: Services, target: Target, reading: Reading) -> AbstractContextManager[None]:
    """Return the right to change what the collection remembers, where that is going to change; else nothing is needed.

    A run on the whole collection does not keep single projects out: which of the two answers was older shows in its
    serial, and the next run on the journal puts right what went wrong.
    """
    answer = reading.answer
    metadata = answer.newest.metadata if isinstance(answer, Project) else None
    shown = {c for c in metadata.classifiers if matches(c, _filter_of(target).classifiers)} if metadata else set()
    if shown <= set(existing(services, target).seen_classifiers):
        return nullcontext()
    return services.admin.exclusive(target.collection)


def _filter_of(target: Target) -> Filter:
    return target.filter or Filter()


class _Once:
    """A registry that tells of one project what it has told already, wherever that is enough."""

    def __init__(self, registry: PackageRegistry, reading: Reading) -> None:
        self._registry = registry
        self._reading = reading
        self._standing: Standing | None = None

    @property
    def is_quarantined(self) -> bool:
        """Whether the second witness, if anybody asked it, says that there is nothing to see for now."""
        return self._standing is not None and self._standing.answer is ProjectStatus.QUARANTINED

    def browse(self, classifiers: Iterable[str]) -> Iterator[tuple[str, frozenset[str]]]:
        return self._registry.browse(classifiers)

    def serials(self) -> Serials:
        return self._registry.serials()

    def read(
        self, wanted: Iterable[Wanted], *, is_worth_it: Callable[[Project], bool] = whatever_it_is
    ) -> Iterator[Reading]:
        for one in wanted:
            if self._is_enough_for(one, is_worth_it):
                yield self._reading
            else:
                yield from self._registry.read([one], is_worth_it=is_worth_it)

    def standings(self, names: Iterable[str]) -> Iterator[Standing]:
        for name in names:
            if self._standing is None:
                (self._standing,) = self._registry.standings([name])
            yield self._standing

    def _is_enough_for(self, one: Wanted, is_worth_it: Callable[[Project], bool]) -> bool:
        """A collection that does not hold what others do needs the releases that were not read on their account."""
        answer = self._reading.answer
        if not isinstance(answer, Project) or not is_worth_it(answer):
            return True
        unread = {r.version for r in answer.releases if r.metadata is None}
        return unread <= {*one.known, *self._reading.failed_versions}


def worth_repeating(report: InspectionReport) -> Unavailable | None:
    """Return why another look is worth it later, None where it is not."""
    if isinstance(report.stopped_by, Unavailable):
        return report.stopped_by
    if report.is_stale or report.failed:
        return Unavailable(f"{report.collection}: {report.reasons[report.collection]}")
    return None
