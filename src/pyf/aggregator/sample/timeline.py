"""What projects were like before: the registry's caches serve it for a while."""

from collections.abc import Mapping

from .project import Project


class ProjectHistory:
    """Every state that a project was in, with the registry's serial at which it got there; None is "not there"."""

    def __init__(self, projects: Mapping[str, Project], serial: int) -> None:
        self._first_serial = serial
        self._states: dict[str, list[tuple[int, Project | None]]] = {
            name: [(serial, project)] for name, project in projects.items()
        }

    def add(self, name: str, serial: int, project: Project | None) -> None:
        """Remember what a project has become."""
        self._states.setdefault(name, [(self._first_serial, None)]).append((serial, project))

    def get_before(self, name: str, changes: int) -> Project | None:
        """Return a project as it was so many changes ago, or at the beginning if there were fewer."""
        states = self._states.get(name, [(0, None)])
        return states[max(len(states) - 1 - changes, 0)][1]

    def list_at(self, serial: int) -> tuple[int, list[Project]]:
        """Return all projects as they were at a serial, by normalised name, and the serial that was used."""
        effective_serial = max(serial, self._first_serial)
        latest = (
            next(project for since, project in reversed(states) if since <= effective_serial)
            for _, states in sorted(self._states.items())
        )
        return effective_serial, [project for project in latest if project is not None]
