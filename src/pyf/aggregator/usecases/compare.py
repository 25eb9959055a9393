"""Tell by serials alone which projects moved since they were read: one request instead of one a project."""

from collections.abc import Collection, Mapping

from msgspec import Struct

from ..domain.collection import ProjectState
from ..domain.project import ProjectStatus
from ..ports import Serials


class ReadPlan(Struct, frozen=True, kw_only=True):
    """What a comparison found: projects to read, by normalised name and sorted, and the serial each must reach."""

    names: tuple[str, ...]
    min_serials: Mapping[str, int]


def compare_serials(
    candidates: Collection[str],
    project_states: Mapping[str, ProjectState],
    non_members: Mapping[str, int],
    serials: Serials,
    *,
    document_version: int,
) -> ReadPlan:
    """Compare candidates and everything held with the registry's serials.

    `judged` holds the candidates that were found not to belong, and at which serial. What is held and no candidate
    any more is read as well: whether it leaves, only its own document says.
    """
    registry_serials = serials.by_name
    new_names = (name for name in candidates if name not in project_states and not _is_known_non_member(name, non_members, registry_serials))
    outdated_names = (
        name
        for name, project_state in project_states.items()
        if name not in candidates or _has_changed(project_state, registry_serials) or project_state.document_version != document_version
    )
    names = tuple(sorted({*new_names, *outdated_names}))
    return ReadPlan(names=names, min_serials={name: _get_min_serial(name, project_states, serials) for name in names})


def _get_min_serial(name: str, project_states: Mapping[str, ProjectState], serials: Serials) -> int:
    """Of what is held and not listed, a document that is no newer than the list is one that a cache has kept."""
    return serials.by_name.get(name, serials.last_serial + 1 if name in project_states else 0)


def _is_known_non_member(name: str, non_members: Mapping[str, int], registry_serials: Mapping[str, int]) -> bool:
    """A project that the list leaves out has not moved as far as anybody can tell: it is absent or quarantined."""
    return name in non_members and non_members[name] >= registry_serials.get(name, 0)


def _has_changed(project_state: ProjectState, registry_serials: Mapping[str, int]) -> bool:
    """A quarantined project is not listed; that it is free again shows in its being listed again."""
    if project_state.name_normalized not in registry_serials:
        return project_state.project_status != ProjectStatus.QUARANTINED
    return registry_serials[project_state.name_normalized] > project_state.last_serial
