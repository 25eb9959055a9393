"""A registry in memory that changes as a real one does, with its changelog and its history.

Every change replaces a project by a new value, and earlier values are kept, so that services can serve stale
responses. One thread may make changes while others read.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from threading import RLock
from typing import Any

from packaging.utils import canonicalize_name

from .changelog import Changelog, ChangelogRow, assign_serials, build_past_change
from .project import Json, Project, Release, build_empty_info, build_file, parse_project


class ProjectHistory:
    """Every state of a project, with the registry's serial of that change; None means that it does not exist."""

    def __init__(self, projects: Mapping[str, Project], serial: int) -> None:
        self._first_serial = serial
        self._states: dict[str, list[tuple[int, Project | None]]] = {
            name: [(serial, project)] for name, project in projects.items()
        }

    def add(self, name: str, serial: int, project: Project | None) -> None:
        """Record the new state of a project."""
        self._states.setdefault(name, [(self._first_serial, None)]).append((serial, project))

    def get_before(self, name: str, changes: int) -> Project | None:
        """Return a project as it was some changes ago, or at the beginning if there were fewer."""
        states = self._states.get(name, [(0, None)])
        return states[max(len(states) - 1 - changes, 0)][1]

    def list_at(self, serial: int) -> tuple[int, list[Project]]:
        """Return all projects as they were at a serial, by normalized name, and the serial that was used."""
        effective_serial = max(serial, self._first_serial)
        latest = (
            next(project for since, project in reversed(states) if since <= effective_serial)
            for _, states in sorted(self._states.items())
        )
        return effective_serial, [project for project in latest if project is not None]


class FakeRegistry:
    """All projects of a registry, built from documents in the format of PyPI's JSON (see `parse_project`).

    `clock` returns the Unix time of changes. A document without a serial gets one above all others. A change of a
    missing project or release raises `KeyError`, an impossible one `ValueError`. Names may have any spelling; the
    changelog has the display name.
    """

    def __init__(self, documents: Iterable[Json] = (), *, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._lock = RLock()
        projects = assign_serials([parse_project(document) for document in documents])
        self._changelog = Changelog(build_past_change(project) for project in projects)
        self._projects = {project.normalized_name: project for project in projects}
        self._history = ProjectHistory(self._projects, self._changelog.last_serial)
        self.revision = 0
        """A number that grows with every change, including those that are not in the changelog."""

    # Read

    @property
    def last_serial(self) -> int:
        """The serial of the newest change; that change is visible once the serial is."""
        with self._lock:
            return self._changelog.last_serial

    def get_project(self, name: str, *, changes_ago: int = 0) -> Project | None:
        """Return a project by its normalized name, as it was some changes ago; None if it did not exist."""
        if not changes_ago:
            return self._projects.get(name)
        with self._lock:
            return self._history.get_before(name, changes_ago)

    def list_projects(self) -> list[Project]:
        """Return all projects by normalized name."""
        with self._lock:
            return [self._projects[name] for name in sorted(self._projects)]

    def list_projects_at(self, serial: int) -> tuple[int, list[Project]]:
        """Return the projects as they were at a serial, and that serial: never one before the beginning."""
        with self._lock:
            return self._history.list_at(serial)

    def get_changes(self, since: int) -> list[ChangelogRow]:
        """Return the oldest changes above a serial, up to one page."""
        with self._lock:
            return self._changelog.get_since(since)

    # Changes in the changelog

    def publish(
        self,
        name: str,
        version: str,
        *,
        info: Mapping[str, Any] | None = None,
        files: Sequence[str | Json] = ("sdist", "wheel"),
        owner: str = "",
    ) -> None:
        """Publish a release, and the project if it is new; `files` are kinds or complete descriptions.

        The metadata is that of the newest release with `info` over it. A new spelling of the name becomes the
        project's own. `owner` is the user that creates a new project.
        """
        with self._lock:
            entries: list[tuple[str | None, str]] = []
            project = self._projects.get(canonicalize_name(name))
            if project is None:
                project = Project(name=name, last_serial=0, info=build_empty_info(name, version), releases={})
                project = replace(project, created=self._clock(), roles=(("Owner", owner),) if owner else ())
                entries = [(None, "create"), *((None, f"add {role} {user}") for role, user in project.roles)]
            elif version in project.releases:
                raise ValueError(f"{name} {version} exists")
            newest = project.newest
            overrides = {**(newest.overrides if newest else {}), **(info or {})}
            release = Release(version=version, created=self._clock(), overrides=overrides)
            entries.append((version, "new release"))
            for file_spec in files:
                file = self._build_file(project, release, file_spec)
                release = replace(release, files=(*release.files, file))
                entries.append((version, _format_file_action(file)))
            releases = {**project.releases, version: release}
            self._commit(replace(project, name=name, releases=releases), *entries)

    def add_file(self, name: str, version: str, file: str | Json = "wheel", *, python_version: str = "py3") -> None:
        """Add a file to a release: its kind ("sdist" or "wheel", with a Python tag) or its complete description."""
        with self._lock:
            project, release = self._require_release(name, version)
            new_file = self._build_file(project, release, file, python_version)
            self._replace_release(
                project, replace(release, files=(*release.files, new_file)), _format_file_action(new_file)
            )

    def remove_file(self, name: str, version: str, filename: str) -> None:
        """Remove one file; the release stays, even without files."""
        with self._lock:
            project, release = self._require_release(name, version)
            remaining_files = tuple(file for file in release.files if file["filename"] != filename)
            if len(remaining_files) == len(release.files):
                raise KeyError(filename)
            self._replace_release(project, replace(release, files=remaining_files), f"remove file {filename}")

    def yank(self, name: str, version: str, reason: str | None = None) -> None:
        """Yank a release, with or without a reason."""
        self._set_yanked(name, version, True, reason)

    def unyank(self, name: str, version: str) -> None:
        """Unyank a release."""
        self._set_yanked(name, version, False, None)

    def remove_release(self, name: str, version: str) -> None:
        """Remove a release with its files; a project without releases stays."""
        with self._lock:
            project, _ = self._require_release(name, version)
            remaining_releases = {key: release for key, release in project.releases.items() if key != version}
            self._commit(replace(project, releases=remaining_releases), (version, "remove release"))

    def remove_project(self, name: str) -> None:
        """Remove a project with all releases; its name can be reused."""
        with self._lock:
            project = self._require_project(name)
            self._changelog.append(project.name, None, self._clock(), "remove project")
            self._store(project.normalized_name, None)

    def quarantine(self, name: str) -> None:
        """Quarantine a project: no document, no entry in the simple index, an empty simple page."""
        self._update_project(name, "project quarantined", status="quarantined")

    def clear_quarantine(self, name: str) -> None:
        """End the quarantine of a project."""
        self._update_project(name, "project quarantine cleared", status="active")

    def add_role(self, name: str, user: str, role: str = "Maintainer") -> None:
        """Give a user a role: "Owner" or "Maintainer"."""
        with self._lock:
            roles = (*self._require_project(name).roles, (role, user))
            self._update_project(name, f"add {role} {user}", roles=roles)

    def remove_role(self, name: str, user: str, role: str = "Maintainer") -> None:
        """Remove a role."""
        with self._lock:
            roles = list(self._require_project(name).roles)
            if (role, user) not in roles:
                raise KeyError((role, user))
            roles.remove((role, user))
            self._update_project(name, f"remove {role} {user}", roles=tuple(roles))

    def add_filler_changes(self, count: int = 1) -> None:
        """Record changes of filler projects, in constant time."""
        with self._lock:
            self._changelog.append_filler(count, self._clock())
            self.revision += 1

    # Changes that are not in the changelog

    def archive(self, name: str) -> None:
        """Mark a project as archived; no serial changes."""
        self._update_project(name, None, status="archived")

    def unarchive(self, name: str) -> None:
        """Mark a project as active; no serial changes."""
        self._update_project(name, None, status="active")

    def set_vulnerabilities(self, name: str, advisories: Iterable[Json]) -> None:
        """Replace the advisories of a project (`id`, `aliases`, `fixed_in`…); no serial changes."""
        self._update_project(name, None, vulnerabilities=tuple(advisories))

    # How

    def _require_project(self, name: str) -> Project:
        project = self._projects.get(canonicalize_name(name))
        if project is None:
            raise KeyError(name)
        return project

    def _require_release(self, name: str, version: str) -> tuple[Project, Release]:
        project = self._require_project(name)
        return project, project.releases[version]

    def _build_file(self, project: Project, release: Release, file: str | Json, python_version: str = "py3") -> Json:
        if isinstance(file, str):
            required = project.build_info(release).get("requires_python")
            file = build_file(
                project.name, release.version, file,
                upload_time=self._clock(), requires_python=required, python_version=python_version,
            )  # fmt: skip
        if any(existing["filename"] == file["filename"] for existing in release.files):
            raise ValueError(f"{file['filename']} exists")
        return {**file, "yanked": release.yanked, "yanked_reason": release.yanked_reason}

    def _set_yanked(self, name: str, version: str, yanked: bool, reason: str | None) -> None:
        with self._lock:
            project, release = self._require_release(name, version)
            files = tuple({**file, "yanked": yanked, "yanked_reason": reason} for file in release.files)
            changed = replace(release, files=files, yanked=yanked, yanked_reason=reason)
            self._replace_release(project, changed, "yank release" if yanked else "unyank release")

    def _replace_release(self, project: Project, release: Release, action: str) -> None:
        releases = {**project.releases, release.version: release}
        self._commit(replace(project, releases=releases), (release.version, action))

    def _update_project(self, name: str, action: str | None, **changes: Any) -> None:
        with self._lock:
            changed = replace(self._require_project(name), **changes)
            self._commit(changed, *([(None, action)] if action else []))

    def _commit(self, project: Project, *entries: tuple[str | None, str]) -> None:
        """Replace a project in one step, and add the entries to the changelog."""
        for version, action in entries:
            serial = self._changelog.append(project.name, version, self._clock(), action)
            project = replace(project, last_serial=serial)
        self._store(project.normalized_name, project)

    def _store(self, name: str, project: Project | None) -> None:
        if project is None:
            del self._projects[name]
        else:
            self._projects[name] = project
        self._history.add(name, self._changelog.last_serial, project)
        self.revision += 1


def _format_file_action(file: Json) -> str:
    return f"add {file['python_version']} file {file['filename']}"
