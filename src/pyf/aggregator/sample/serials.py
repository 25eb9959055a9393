"""What the journal can know of the time before the sample began: one change of each project."""

from dataclasses import replace

from .journal import Row
from .project import Project


def with_serials(projects: list[Project]) -> list[Project]:
    """Give the projects that have no serial one above all others, in the order of their last release."""
    highest = max((project.last_serial for project in projects), default=0)
    unnumbered = sorted((p for p in projects if not p.last_serial), key=lambda p: (_touched(p), p.name))
    numbered = {id(p): replace(p, last_serial=highest + n) for n, p in enumerate(unnumbered, start=1)}
    return [numbered.get(id(project), project) for project in projects]


def past_change(project: Project) -> Row:
    """Return the change that must have given the project its serial."""
    serial, moment = project.last_serial, int(_touched(project))
    if project.status == "quarantined":
        return Row(project.name, None, moment, "project quarantined", serial)
    latest = max(project.releases.values(), key=lambda release: release.created, default=None)
    if latest is None:
        return Row(project.name, None, moment, "create", serial)
    return Row(project.name, latest.version, moment, "new release", serial)


def _touched(project: Project) -> float:
    return max((release.created for release in project.releases.values()), default=0.0)
