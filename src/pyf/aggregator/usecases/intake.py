"""Read projects and bring a collection in line with what each one answers; every run that reads goes through here."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from math import inf

from msgspec.structs import replace

from ..domain.collection import CollectionState, Tombstone
from ..domain.compose import Circumstances, documents, readme_of
from ..domain.errors import NotFound, Unavailable
from ..domain.membership import Because, judge
from ..domain.policy import Descriptions
from ..domain.profile import Filter, matches
from ..domain.project import Project, ProjectStatus
from ..domain.readme import Readme
from ..domain.schema import RegistryFields
from ..ports import ProjectDocuments, Reading, Rejection, Rendering, Services, Wanted
from . import rechecks
from .report import Progress, Report, unwatched
from .score import scored

# Projects are looked up in the index this many at a time, and rendered this far ahead of the writing.
LOOK_UP = 50
RENDER_AHEAD = 32

# A run that is killed has to judge so many projects again at most.
VERDICTS_AT_ONCE = 500

# So many projects in a row without an answer, and the registry is taken to be down: asking for thousands more,
# each with its retries, would take hours and tell nothing.
SILENCE = 50


@dataclass(frozen=True)
class _Arrived:
    """A project that belongs, with its READMEs on their way through the renderer."""

    reading: Reading
    project: Project
    because: Because
    readmes: Mapping[str, Readme]
    rendering: Rendering


@dataclass
class Intake:
    """Reads projects into one collection.

    `as_of` is the registry's serial at the start of the run: what was found absent was absent then. `expected`
    holds the serial that a project's answer must reach, by normalised name: an older answer is stale, and the
    project is asked for again later. `former` is the collection that this one is about to replace, if any: what that
    one holds may leave on the same terms only, and what can't be read for being quarantined is taken over from it.
    `enriched` is the collection whose enrichments the scores go by, if that is another one than the one written to.
    `statuses` are what the caller knows of projects' statuses, and since when (Unix
    seconds). From the moment `until` (Unix seconds) on no further project is begun with. With `shares_work` others read
    into the collection at the same time: what it remembers is left alone, and up to whoever reads last.
    """

    services: Services
    collection: str
    filter: Filter
    report: Report
    as_of: int
    expected: Mapping[str, int] = field(default_factory=dict)
    statuses: Mapping[str, tuple[ProjectStatus, int]] = field(default_factory=dict)
    former: str = ""
    enriched: str = ""
    progress: Progress = unwatched
    limit: int | None = None
    until: float = inf
    shares_work: bool = False
    total: int | None = None
    shown: set[str] = field(default_factory=set)
    overdue: dict[str, int] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)
    _leaving: list[Tombstone] = field(default_factory=list)
    _absent: dict[str, bool] = field(default_factory=dict)
    _held: dict[str, tuple[RegistryFields, ...]] = field(default_factory=dict)
    _verdicts: dict[str, int] = field(default_factory=dict)
    _batch: list[ProjectDocuments] = field(default_factory=list)
    _admitted: int = 0
    _silent: int = 0

    def take(self, names: Iterable[str]) -> None:
        """Read projects by normalised name and write those that belong, until `limit` are written or it is late.

        What is not there any more, or does not belong any more, is only noted: `remove_departed` removes it. What
        the filter excludes is not read.
        """
        remaining = (name for name in names if name not in self.filter.exclude)
        if self.limit is None:
            self._take(remaining)
            return
        while (left := self.limit - self._admitted) > 0 and (some := list(islice(remaining, left))):
            self._take(some)

    def put_out(self, excluded: Iterable[str]) -> None:
        """Note that excluded projects leave, those that are there; for this nobody is asked."""
        for name in self.services.index.held(self.former or self.collection, excluded):
            self._leave(name, f"{self.filter.label} excludes it: {self.filter.exclude[name]}")

    def remove_departed(self, *, allow_many: bool) -> None:
        """Remove what two witnesses say is gone and what says itself that it does not belong.

        More than a tenth of the collection (and more than 20 projects) at once is refused unless `allow_many`.
        """
        self._hear_second_witness()
        if not self._leaving:
            return
        held = sum(1 for _ in self.services.index.holdings(self.former or self.collection))
        if len(self._leaving) > max(20, held / 10) and not allow_many:
            self.report.refused = True
            self.report.notices.append(
                f"{len(self._leaving)} of {held} projects would leave the collection at once; nothing was removed. "
                "If that is right, run again with --allow-mass-removal"
            )
            return
        self.report.removed += self.services.index.remove(self.collection, self._leaving)
        self._leaving.clear()

    def settled(self, state: CollectionState) -> CollectionState:
        """Return the state with what this run has learned of classifiers and of projects to ask for again."""
        return replace(
            state,
            seen_classifiers=tuple(sorted({*state.seen_classifiers, *self.shown})),
            rechecks=rechecks.after(state.rechecks, self.taken, self.overdue, now=int(self.services.now())),
        )

    def _take(self, names: Iterable[str]) -> None:
        arrived: deque[_Arrived] = deque()
        try:
            for reading in self.services.registry.read(self._wanted(names), is_worth_it=self._belongs):
                self.taken.add(reading.name)
                self.progress("reading", len(self.taken), self.total)
                if (admitted := self._judged(reading)) is not None:
                    arrived.append(self._rendering(reading, *admitted))
                else:
                    self._held.pop(reading.name, None)
                while len(arrived) > RENDER_AHEAD:
                    self._write(arrived.popleft())
            while arrived:
                self._write(arrived.popleft())
        finally:
            self._flush()

    def _wanted(self, names: Iterable[str]) -> Iterator[Wanted]:
        remaining = iter(names)
        while some := list(islice(remaining, LOOK_UP)):
            if self._is_late():
                self.report.left += len(some)
                continue
            held = self.services.index.held(self.collection, some)
            for name in some:
                if self._is_late():
                    self.report.left += 1
                    continue
                fields = self._held[name] = tuple(held.get(name, ()))
                current = (f.version for f in fields if f.composed_with == self.services.policy.composition)
                yield Wanted(name=name, known=frozenset(current))

    def _is_late(self) -> bool:
        return self.services.now() >= self.until

    def _belongs(self, project: Project) -> bool:
        metadata = project.newest.metadata
        return metadata is not None and judge(self.filter, project.normalized_name, metadata).because is not None

    def _judged(self, reading: Reading) -> tuple[Project, Because] | None:
        """Return the project and why it belongs if it is to be written; take note of why it is not."""
        name, answer = reading.name, reading.answer
        if isinstance(answer, NotFound):
            self._absent[name] = self._was_held(name)
            return None
        if not isinstance(answer, Project):
            self._bear_silence(name, answer)
            return None
        self._silent = 0
        if answer.last_serial < self.expected.get(name, 0):
            self._postpone(name, answer.last_serial)
        if answer.last_serial < max((f.last_serial for f in self._held[name]), default=0):
            return None
        for version, error in reading.failed_versions.items():
            self.report.fail(name, f"release {version}: {error}")
        if (metadata := answer.newest.metadata) is None:
            return None
        verdict = judge(self.filter, name, metadata)
        if verdict.because is not None:
            self.shown.update(c for c in metadata.classifiers if matches(c, self.filter.classifiers))
            return answer, verdict.because
        self._verdicts[name] = answer.last_serial
        if self._was_held(name):
            newest = answer.newest.version
            self._leave(name, f"since {newest} it does not match {self.filter.label}: {verdict.words}")
        if len(self._verdicts) >= VERDICTS_AT_ONCE:
            self._remember_verdicts()
        return None

    def _bear_silence(self, name: str, error: Exception) -> None:
        self.report.fail(name, error)
        self._silent += 1
        if self._silent >= SILENCE:
            raise Unavailable(f"{SILENCE} projects in a row could not be read, the last one: {error}")

    def _postpone(self, name: str, serial: int) -> None:
        self.overdue[name] = self.expected.get(name, 0)
        self.report.postpone(name, f"the answer is of serial {serial}, the journal is at {self.expected.get(name, 0)}")

    def _rendering(self, reading: Reading, project: Project, because: Because) -> _Arrived:
        keep_all = self.services.policy.descriptions is Descriptions.ALL
        releases = project.releases if keep_all else (project.newest,)
        readmes = {r.version: readme for r in releases if (readme := readme_of(r)) is not None}
        return _Arrived(reading, project, because, readmes, self.services.renderer.render(tuple(readmes.values())))

    def _write(self, arrived: _Arrived) -> None:
        project, held = arrived.project, self._held.pop(arrived.reading.name)
        policy = self.services.policy
        made = documents(
            project,
            held={fields.version: fields for fields in held},
            rendered=dict(zip(arrived.readmes, arrived.rendering.result(), strict=True)),
            circumstances=self._circumstances(arrived, held),
            keep_descriptions=policy.descriptions is Descriptions.ALL,
        )
        outdated = any(fields.composed_with != policy.composition for fields in held)
        self.report.recomposed += outdated and max(f.last_serial for f in held) == project.last_serial
        self._batch.append(ProjectDocuments(name_normalized=arrived.reading.name, documents=made))
        if sum(len(project.documents) for project in self._batch) >= policy.batch_size:
            self._flush()

    def _circumstances(self, arrived: _Arrived, held: tuple[RegistryFields, ...]) -> Circumstances:
        name, now = arrived.reading.name, int(self.services.now())
        stored = (
            (ProjectStatus(held[0].project_status), held[0].status_checked) if held else (ProjectStatus.ACTIVE, now)
        )
        status, status_checked = self.statuses.get(name, stored)
        if status is ProjectStatus.QUARANTINED:  # then the registry would not have given the project's document
            status = ProjectStatus.ACTIVE
        return Circumstances(
            last_serial=0 if arrived.reading.failed_versions else arrived.project.last_serial,
            status=status,
            status_checked=status_checked,
            member_because=arrived.because.value,
            composition=self.services.policy.composition,
        )

    def _flush(self) -> None:
        """Write what was gathered; called on the way out of a failure, too."""
        if self._batch:
            if not self.shares_work:
                self._remember_shown()
            rejections = self._put(self._batch)
            self.services.verdicts.forget(self.filter.key, [project.name_normalized for project in self._batch])
            self.report.reject(rejections)
            self.report.indexed += len(self._batch)
            self.report.documents += sum(len(project.documents) for project in self._batch) - len(rejections)
            self._admitted += len(self._batch)
            self._batch.clear()
        self._remember_verdicts()

    def _remember_verdicts(self) -> None:
        if self._verdicts:
            self.services.verdicts.judge(self.filter.key, self._verdicts)
            self._verdicts.clear()

    def _put(self, projects: Sequence[ProjectDocuments]) -> Sequence[Rejection]:
        """Write projects with their scores; what others have written of them is looked up at the last moment."""
        names = [project.name_normalized for project in projects]
        enrichments = self.services.index.enrichments(self.enriched or self.collection, names)
        return self.services.index.put(self.collection, scored(self.services, projects, enrichments))

    def _remember_shown(self) -> None:
        """Note new classifiers before the documents that show them: once these are in, nobody reads them again."""
        state = self.services.index.state(self.collection)
        if not self.shown.issubset(state.seen_classifiers):
            seen = tuple(sorted({*state.seen_classifiers, *self.shown}))
            self.services.index.remember(self.collection, replace(state, seen_classifiers=seen))

    def _hear_second_witness(self) -> None:
        """Ask the simple index about the projects whose document is not there, and act on what both say."""
        now, absent = int(self.services.now()), self._absent
        gone = {}
        for standing in self.services.registry.standings(absent) if absent else ():
            name, answer = standing.name, standing.answer
            if answer is ProjectStatus.QUARANTINED:  # its page is empty, too
                gone[name] = self.as_of
                self._quarantine(name, now)
            elif isinstance(answer, NotFound) or standing.is_empty:
                gone[name] = self.as_of
                if absent[name]:
                    self._leave(name, "PyPI says in two places that it is gone")
            elif isinstance(answer, ProjectStatus):
                self.overdue[name] = self.expected.get(name, self.as_of)
                self.report.postpone(name, "its document is not there, and the simple index lists it")
            else:
                self.report.fail(name, answer)
        self._absent = {}
        self.services.verdicts.judge(self.filter.key, gone)

    def _leave(self, name: str, reason: str) -> None:
        self._leaving.append(Tombstone(name=name, removed_at=int(self.services.now()), reason=reason))

    def _was_held(self, name: str) -> bool:
        return bool(self._held[name] or (self.former and self.services.index.held(self.former, [name])))

    def _quarantine(self, name: str, now: int) -> None:
        held = self.services.index.held(self.former or self.collection, [name]).get(name, ())
        if held:
            marked = (replace(f, project_status=ProjectStatus.QUARANTINED.value, status_checked=now) for f in held)
            project = ProjectDocuments(name_normalized=name, documents=tuple(marked))
            self.report.reject(self._put([project]))
            self.report.indexed += 1
            self.report.documents += len(held)
