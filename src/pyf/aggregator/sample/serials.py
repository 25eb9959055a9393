"""What the journal can know of the time before the sample began: one change of each project."""

from dataclasses import replace

from .journal import ChangelogRow
from .project import Project


def assign_serials(projects: list[Project]) -> list[Project]:
    """Give the projects that have no serial one above all others, in the order of their last release."""
    highest = max((project.last_serial for project in projects), default=0)
    without_serial = sorted((p for p in projects if not p.last_serial), key=lambda p: (_get_last_release_time(p), p.name))
    renumbered = {id(p): replace(p, last_serial=highest + n) for n, p in enumerate(without_serial, start=1)}
    return [renumbered.get(id(project), project) for project in projects]


def build_past_change(project: Project) -> ChangelogRow:
    """Return the change that must have given the project its serial."""
    serial, timestamp = project.last_serial, int(_get_last_release_time(project))
    if project.status == "quarantined":
        return ChangelogRow(project.name, None, timestamp, "project quarantined", serial)
    latest = max(project.releases.values(), key=lambda release: release.created, default=None)
    if latest is None:
        return ChangelogRow(project.name, None, timestamp, "create", serial)
    return ChangelogRow(project.name, latest.version, timestamp, "new release", serial)


def _get_last_release_time(project: Project) -> float:
    return max((release.created for release in project.releases.values()), default=0.0)
