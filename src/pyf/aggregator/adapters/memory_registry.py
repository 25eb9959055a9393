"""A registry in memory, for tests of what is built on one: it answers, counts and fails as a real one does."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Literal

from msgspec.structs import replace

from ..domain.errors import AggregatorError, NotFound, Unavailable
from ..domain.project import Project, ProjectStatus, normalized
from ..domain.release import Release
from ..ports import FeedEntry, JournalEntry, Reading, Serials, Standing, Wanted, whatever_it_is

PROJECTS_IN_FEED = 40
RELEASES_IN_FEED = 100


class MemoryRegistry:
    """A `PackageRegistry` with its `ChangeJournal`, `ReleaseFeed` and `RequestMeter`.

    The projects come with the metadata of all releases; with `descriptions` = "newest" only the newest release of a
    project is given with its README. What goes wrong may be changed at any time: `down` are projects about which no
    answer comes, `down_versions` (project, version) pairs without an answer, `refusing` the names of methods that
    fail as a whole. `statuses` are those of projects that are not active.
    """

    def __init__(
        self,
        projects: Iterable[Project] = (),
        *,
        down: Collection[str] = (),
        down_versions: Collection[tuple[str, str]] = (),
        refusing: Collection[str] = (),
        statuses: Mapping[str, ProjectStatus] | None = None,
        descriptions: Literal["newest", "all"] = "newest",
        page_size: int = 50_000,
    ) -> None:
        self.down = set(down)
        self.down_versions = set(down_versions)
        self.refusing = set(refusing)
        self.statuses = dict(statuses or {})
        self.page_size = page_size
        self._all_readmes = descriptions == "all"
        self._projects: dict[str, Project] = {}
        self._journal: list[JournalEntry] = []
        self._asked = 0
        for project in sorted(projects, key=lambda project: project.last_serial):
            self.publish(project)

    def publish(self, project: Project) -> None:
        """Put a project in the place of its former self; no change may have a higher serial."""
        version = project.newest.version if project.releases else ""
        moment = max((release.upload_timestamp for release in project.releases), default=0)
        self._note(
            project.normalized_name, version, moment, "new release" if version else "create", project.last_serial
        )
        self._projects[project.normalized_name] = project

    def withdraw(self, name: str, serial: int) -> None:
        """Remove a project; no change may have a higher serial."""
        self._note(normalized(name), "", 0, "remove project", serial)
        del self._projects[normalized(name)]

    def browse(self, classifiers: Iterable[str]) -> Iterator[tuple[str, frozenset[str]]]:
        for classifier in classifiers:
            self._ask("browse")
            carriers = (name for name, project in self._projects.items() if _ever_carried(project, classifier))
            yield classifier, frozenset(carriers)

    def serials(self) -> Serials:
        self._ask("serials")
        shown = (n for n in self._projects if self._status(n) is not ProjectStatus.QUARANTINED)
        return Serials(last_serial=self._last_serial(), by_name={n: self._projects[n].last_serial for n in shown})

    def read(
        self, wanted: Iterable[Wanted], *, is_worth_it: Callable[[Project], bool] = whatever_it_is
    ) -> Iterator[Reading]:
        for one in wanted:
            self._asked += 1
            try:
                project = self._shown(normalized(one.name))
            except AggregatorError as error:
                yield Reading(name=one.name, answer=error)
                continue
            if not is_worth_it(glimpse := _glimpsed(project)):
                yield Reading(name=one.name, answer=glimpse)
                continue
            failed: dict[str, AggregatorError] = {}
            releases = tuple(self._released(project, release, one.known, failed) for release in project.releases)
            yield Reading(name=one.name, answer=replace(project, releases=releases), failed_versions=failed)

    def standings(self, names: Iterable[str]) -> Iterator[Standing]:
        for name in names:
            self._asked += 1
            try:
                project = self._present(normalized(name))
            except AggregatorError as error:
                yield Standing(name=name, answer=error)
                continue
            status = self._status(project.normalized_name)
            is_hidden = status is ProjectStatus.QUARANTINED or not any(release.files for release in project.releases)
            yield Standing(name=name, answer=status, is_empty=is_hidden)

    def last_serial(self) -> int:
        self._ask("last_serial")
        return self._last_serial()

    def since(self, serial: int) -> Sequence[JournalEntry]:
        self._ask("since")
        return [entry for entry in self._journal if entry.serial > serial][: self.page_size]

    def newest_projects(self) -> Sequence[FeedEntry]:
        self._ask("newest_projects")
        entries = (
            FeedEntry(name=name, version="", published=min(filter(None, moments)))
            for name, project in self._projects.items()
            if any(moments := [release.upload_timestamp for release in project.releases])
        )
        return sorted(entries, key=_latest_first)[:PROJECTS_IN_FEED]

    def newest_releases(self) -> Sequence[FeedEntry]:
        self._ask("newest_releases")
        entries = (
            FeedEntry(name=name, version=release.version, published=release.upload_timestamp)
            for name, project in self._projects.items()
            for release in project.releases
            if release.upload_timestamp
        )
        return sorted(entries, key=_latest_first)[:RELEASES_IN_FEED]

    def count(self) -> int:
        return self._asked

    def _ask(self, method: str) -> None:
        self._asked += 1
        if method in self.refusing:
            raise Unavailable(f"{method}: the registry does not answer")

    def _note(self, name: str, version: str, timestamp: int, action: str, serial: int) -> None:
        if serial < self._last_serial():
            raise ValueError(f"serial {serial} comes after {self._last_serial()}")
        entry = JournalEntry(name=name, version=version, timestamp=timestamp, action=action, serial=serial)
        self._journal.append(entry)

    def _last_serial(self) -> int:
        return self._journal[-1].serial if self._journal else 0

    def _status(self, name: str) -> ProjectStatus:
        return {normalized(n): status for n, status in self.statuses.items()}.get(name, ProjectStatus.ACTIVE)

    def _present(self, name: str) -> Project:
        if name in map(normalized, self.down):
            raise Unavailable(f"{name}: the registry does not answer")
        if name not in self._projects:
            raise NotFound(f"{name}: no such project")
        return self._projects[name]

    def _shown(self, name: str) -> Project:
        project = self._present(name)
        if not project.releases or self._status(name) is ProjectStatus.QUARANTINED:
            raise NotFound(f"{name}: no document")
        return project

    def _released(
        self, project: Project, release: Release, known: Collection[str], failed: dict[str, AggregatorError]
    ) -> Release:
        """Return a release as reading the project gives it; what it takes and what fails is noted."""
        if release == project.newest or release.metadata is None:
            return release
        if release.version in known:
            return replace(release, metadata=None, vulnerabilities=())
        self._asked += 1
        if (project.normalized_name, release.version) in {
            (normalized(n), version) for n, version in self.down_versions
        }:
            failed[release.version] = Unavailable(f"{project.name} {release.version}: the registry does not answer")
            return replace(release, metadata=None, vulnerabilities=())
        return release if self._all_readmes else replace(release, metadata=replace(release.metadata, description=""))


def _glimpsed(project: Project) -> Project:
    """Return a project as its own document alone tells it; of releases without files metadata tells who is newest."""
    releases = (
        r if r == project.newest or not r.files else replace(r, metadata=None, vulnerabilities=())
        for r in project.releases
    )
    return replace(project, releases=tuple(releases))


def _ever_carried(project: Project, classifier: str) -> bool:
    return any(release.metadata and classifier in release.metadata.classifiers for release in project.releases)


def _latest_first(entry: FeedEntry) -> int:
    return -entry.published
