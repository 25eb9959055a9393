"""A fake registry that responds, counts requests and fails as a real one does."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Literal

from msgspec.structs import replace

from ..domain.documents.project import Project, ProjectStatus, Release, normalize_name
from ..domain.errors import AggregatorError, NotFound, Unavailable
from ..ports import ChangelogEntry, FeedEntry, ProjectRequest, ProjectResult, Serials, SimplePageStatus, always

PROJECTS_IN_FEED = 40
RELEASES_IN_FEED = 100


class FakePackageRegistry:
    """A fake of `PackageRegistry`, `Changelog`, `ReleaseFeed` and `RequestCounter`.

    Projects have the metadata of all releases; with `descriptions="newest"` only the newest release has its README.
    Failures may be changed at any time.

    Attributes:
        unavailable: Projects whose requests fail.
        unavailable_versions: Pairs of project and version whose requests fail.
        failing_methods: Names of methods that fail completely.
        statuses: Statuses of projects that are not active.
    """

    def __init__(
        self,
        projects: Iterable[Project] = (),
        *,
        unavailable: Collection[str] = (),
        unavailable_versions: Collection[tuple[str, str]] = (),
        failing_methods: Collection[str] = (),
        statuses: Mapping[str, ProjectStatus] | None = None,
        descriptions: Literal["newest", "all"] = "newest",
        page_size: int = 50_000,
    ) -> None:
        self.unavailable = set(unavailable)
        self.unavailable_versions = set(unavailable_versions)
        self.failing_methods = set(failing_methods)
        self.statuses = dict(statuses or {})
        self.page_size = page_size
        self._all_readmes = descriptions == "all"
        self._projects: dict[str, Project] = {}
        self._changelog: list[ChangelogEntry] = []
        self._request_count = 0
        for project in sorted(projects, key=lambda project: project.last_serial):
            self.publish(project)

    def publish(self, project: Project) -> None:
        """Add or replace a project, whose serial must be the highest."""
        version = project.newest_release.version if project.releases else ""
        timestamp = max((release.upload_timestamp for release in project.releases), default=0)
        self._record_change(
            project.normalized_name, version, timestamp, "new release" if version else "create", project.last_serial
        )
        self._projects[project.normalized_name] = project

    def remove(self, name: str, serial: int) -> None:
        """Remove a project; the serial must be the highest."""
        self._record_change(normalize_name(name), "", 0, "remove project", serial)
        del self._projects[normalize_name(name)]

    def browse_classifiers(self, classifiers: Iterable[str]) -> Iterator[tuple[str, frozenset[str]]]:
        for classifier in classifiers:
            self._count_request("browse")
            names = (name for name, project in self._projects.items() if _has_classifier(project, classifier))
            yield classifier, frozenset(names)

    def fetch_serials(self) -> Serials:
        self._count_request("serials")
        visible_names = (name for name in self._projects if self._get_status(name) is not ProjectStatus.QUARANTINED)
        return Serials(
            last_serial=self._get_last_serial(), by_name={n: self._projects[n].last_serial for n in visible_names}
        )

    def read_projects(
        self, requests: Iterable[ProjectRequest], *, needs_releases: Callable[[Project], bool] = always
    ) -> Iterator[ProjectResult]:
        for request in requests:
            self._request_count += 1
            try:
                project = self._get_visible_project(normalize_name(request.name))
            except AggregatorError as error:
                yield ProjectResult(name=request.name, outcome=error)
                continue
            if not needs_releases(newest_only := _keep_newest_metadata(project)):
                yield ProjectResult(name=request.name, outcome=newest_only)
                continue
            failed_versions: dict[str, AggregatorError] = {}
            releases = tuple(
                self._build_release(project, release, request.known_versions, failed_versions)
                for release in project.releases
            )
            yield ProjectResult(
                name=request.name, outcome=replace(project, releases=releases), failed_versions=failed_versions
            )

    def check_simple_pages(self, names: Iterable[str]) -> Iterator[SimplePageStatus]:
        for name in names:
            self._request_count += 1
            try:
                project = self._get_project(normalize_name(name))
            except AggregatorError as error:
                yield SimplePageStatus(name=name, outcome=error)
                continue
            status = self._get_status(project.normalized_name)
            is_empty = status is ProjectStatus.QUARANTINED or not any(release.files for release in project.releases)
            yield SimplePageStatus(name=name, outcome=status, is_empty=is_empty)

    def fetch_last_serial(self) -> int:
        self._count_request("last_serial")
        return self._get_last_serial()

    def fetch_since(self, serial: int) -> Sequence[ChangelogEntry]:
        self._count_request("since")
        return [entry for entry in self._changelog if entry.serial > serial][: self.page_size]

    def fetch_newest_projects(self) -> Sequence[FeedEntry]:
        self._count_request("newest_projects")
        entries = (
            FeedEntry(name=name, version="", published=min(filter(None, timestamps)))
            for name, project in self._projects.items()
            if any(timestamps := [release.upload_timestamp for release in project.releases])
        )
        return sorted(entries, key=_to_publication_key)[:PROJECTS_IN_FEED]

    def fetch_newest_releases(self) -> Sequence[FeedEntry]:
        self._count_request("newest_releases")
        entries = (
            FeedEntry(name=name, version=release.version, published=release.upload_timestamp)
            for name, project in self._projects.items()
            for release in project.releases
            if release.upload_timestamp
        )
        return sorted(entries, key=_to_publication_key)[:RELEASES_IN_FEED]

    def count(self) -> int:
        return self._request_count

    def _count_request(self, method: str) -> None:
        self._request_count += 1
        if method in self.failing_methods:
            raise Unavailable(f"{method}: the registry does not respond")

    def _record_change(self, name: str, version: str, timestamp: int, action: str, serial: int) -> None:
        if serial < self._get_last_serial():
            raise ValueError(f"serial {serial} comes after {self._get_last_serial()}")
        entry = ChangelogEntry(name=name, version=version, timestamp=timestamp, action=action, serial=serial)
        self._changelog.append(entry)

    def _get_last_serial(self) -> int:
        return self._changelog[-1].serial if self._changelog else 0

    def _get_status(self, name: str) -> ProjectStatus:
        return {normalize_name(spelling): status for spelling, status in self.statuses.items()}.get(
            name, ProjectStatus.ACTIVE
        )

    def _get_project(self, name: str) -> Project:
        if name in map(normalize_name, self.unavailable):
            raise Unavailable(f"{name}: the registry does not respond")
        if name not in self._projects:
            raise NotFound(f"{name}: no such project")
        return self._projects[name]

    def _get_visible_project(self, name: str) -> Project:
        project = self._get_project(name)
        if not project.releases or self._get_status(name) is ProjectStatus.QUARANTINED:
            raise NotFound(f"{name}: no document")
        return project

    def _build_release(
        self,
        project: Project,
        release: Release,
        known_versions: Collection[str],
        failed_versions: dict[str, AggregatorError],
    ) -> Release:
        """Return a release as reading it gives it; count its requests and collect its failures."""
        if release == project.newest_release or release.metadata is None:
            return release
        if release.version in known_versions:
            return replace(release, metadata=None, vulnerabilities=())
        self._request_count += 1
        if (project.normalized_name, release.version) in {
            (normalize_name(name), version) for name, version in self.unavailable_versions
        }:
            failed_versions[release.version] = Unavailable(
                f"{project.name} {release.version}: the registry does not respond"
            )
            return replace(release, metadata=None, vulnerabilities=())
        return release if self._all_readmes else replace(release, metadata=replace(release.metadata, description=""))


def _keep_newest_metadata(project: Project) -> Project:
    """Return a project as its own JSON has it; for releases without files only the newest one has metadata."""
    releases = (
        release
        if release == project.newest_release or not release.files
        else replace(release, metadata=None, vulnerabilities=())
        for release in project.releases
    )
    return replace(project, releases=tuple(releases))


def _has_classifier(project: Project, classifier: str) -> bool:
    return any(release.metadata and classifier in release.metadata.classifiers for release in project.releases)


def _to_publication_key(entry: FeedEntry) -> int:
    return -entry.published
