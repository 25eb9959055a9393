"""Resolve the collection and the filter that a run works with."""

from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from ...domain.collection import CollectionState, Tombstone
from ...domain.documents.project import normalize_name
from ...domain.errors import Invalid, NotFound
from ...domain.membership.profile import Filter
from ...domain.text import format_time
from ...ports import Dependencies


class Target(Struct, frozen=True, kw_only=True):
    """A collection by its public name, and the filter that fills it.

    Attributes:
        filter: None for the filter that the collection was filled with.
    """

    collection: str
    filter: Filter | None = None


class Scope(Struct, frozen=True, kw_only=True):
    """The part of a collection that a run covers.

    Attributes:
        limit: Packages at most.
        name_part: What the names of the packages contain.
    """

    limit: int | None = None
    name_part: str = ""

    @property
    def is_restricted(self) -> bool:
        """Whether the run covers a part only: then it can't confirm that all changes up to a serial are in."""
        return self.limit is not None or bool(self.name_part)


def filter_names(names: Iterable[str], scope: Scope) -> list[str]:
    """Return the normalized names that contain `name_part`, in any spelling."""
    name_part = normalize_name(scope.name_part)
    return [name for name in names if name_part in name]


def resolve_filter(deps: Dependencies, target: Target, default: Filter) -> Filter:
    """Return the filter of a collection, whether or not it exists.

    Without a requested filter it is the stored one, as the profile defines it now.

    Raises:
        Invalid: If the collection was filled with another filter: the run would remove its packages.
    """
    if deps.admin.resolve(target.collection) is None:
        return target.filter or default
    stored_filter = deps.index.get_state(target.collection).filter
    if stored_filter == Filter():  # it admits nothing, so a run would remove everything
        raise Invalid(
            f"Collection {target.collection} was not filled by this program. To take it over, run: "
            f"{_format_rebuild_command(target.collection, Filter())}"
        )
    if target.filter is None:
        return to_current_filter(stored_filter, default)
    if is_same_filter(target.filter, stored_filter):
        return target.filter
    raise Invalid(
        f"Collection {target.collection} is filled with {stored_filter.label}, not with {target.filter.label}. "
        f"Choose another collection with -t, or run: {_format_rebuild_command(target.collection, target.filter)}"
    )


def to_current_filter(stored: Filter, default: Filter) -> Filter:
    """Return a stored filter as `default` defines it now, if both are of the same profile."""
    return default if default.profile and default.profile == stored.profile else stored


def with_filter(state: CollectionState, filter_: Filter) -> CollectionState:
    """Return the state of a collection that this filter fills from now on.

    The cursor is reset if the filter admits other packages: it does not cover their changes.
    """
    cursor = state.cursor if filter_.admits_same_as(state.filter) else None
    return replace(state, filter=filter_, cursor=cursor)


def is_same_filter(requested: Filter, stored: Filter) -> bool:
    """Return whether two filters are the same; a profile stays the same if its classifiers change."""
    return requested.profile == stored.profile if requested.profile else requested.key == stored.key


def require_state(deps: Dependencies, target: Target) -> CollectionState:
    """Return the state of a collection; raises `NotFound` with the command that creates it if it does not exist."""
    try:
        return deps.index.get_state(target.collection)
    except NotFound as error:
        message = f"Collection {target.collection} does not exist. Create it with: {_format_fetch_command(target)}"
        raise NotFound(message) from error


def build_not_found_error(deps: Dependencies, target: Target, name: str) -> NotFound:
    """Return the error for a package that a collection does not have, with the reason if it was removed."""
    tombstone = deps.index.get_tombstone(target.collection, name)
    if tombstone is None:
        return NotFound(f"{name} is not in the collection {target.collection}")
    return NotFound(f"{name} was removed from the collection {target.collection} {format_removal(tombstone)}")


def format_removal(tombstone: Tombstone) -> str:
    """Return when a package was removed, and why."""
    return f"on {format_time(tombstone.removed_at)}: {tombstone.reason}"


def _format_fetch_command(target: Target) -> str:
    filter_ = target.filter or Filter()
    target_option = "" if filter_.profile == target.collection else f" -t {target.collection}"
    return f"pyf fetch{_format_filter_options(filter_)}{target_option}"


def _format_rebuild_command(collection: str, filter_: Filter) -> str:
    return f"pyf collection rebuild {collection} --from-pypi{_format_filter_options(filter_)}"


def _format_filter_options(filter_: Filter) -> str:
    if filter_.everything:
        return " --all-projects"
    classifier_options = "".join(f' --classifier "{classifier}"' for classifier in filter_.classifiers)
    return f" -p {filter_.profile}" if filter_.profile else classifier_options or " -p PROFILE"
