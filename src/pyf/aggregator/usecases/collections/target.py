"""Say which collection a run works on, and open it: the alias people use, and the numbered collection behind it."""

from collections.abc import Iterable
from datetime import UTC, datetime

from msgspec import Struct
from msgspec.structs import replace

from ...domain.collection import CollectionState
from ...domain.documents.project import normalize_name
from ...domain.errors import Invalid, NotFound
from ...domain.membership.profile import Filter
from ...ports import Dependencies, IndexAdmin
from .alias_swap import clear_rebuild_marks, drop_replaced


class Target(Struct, frozen=True, kw_only=True):
    """A collection by the name that people use, and the filter that shall fill it.

    `filter` is None where the caller named none: the one that the collection remembers then holds.
    """

    collection: str
    filter: Filter | None = None


class Scope(Struct, frozen=True, kw_only=True):
    """What a run is limited to: so many projects, and those whose name has `name_part` in it."""

    limit: int | None = None
    name_part: str = ""

    @property
    def is_restricted(self) -> bool:
        """Whether the run looks at a part only, so that it can't say that all changes up to a serial are in."""
        return self.limit is not None or bool(self.name_part)


def resolve_filter(deps: Dependencies, target: Target, default: Filter) -> Filter:
    """Return the filter of a collection that may or may not exist.

    Raises `Invalid` where the caller names another one than the collection remembers: its projects would leave.
    """
    if deps.admin.resolve(target.collection) is None:
        return target.filter or default
    stored_filter = deps.index.get_state(target.collection).filter
    if stored_filter == Filter():  # which admits nothing: everything would leave
        raise Invalid(
            f"collection {target.collection} was not filled by this program: name its profile with -p, and take it "
            "over with -f --recreate-collection"
        )
    if target.filter is None or is_same_filter(target.filter, stored_filter):
        return target.filter or stored_filter
    raise Invalid(
        f"collection {target.collection} is filled by {stored_filter.label}, not by {target.filter.label}: "
        "choose another one with -t, or refill it with -f --recreate-collection"
    )


def with_filter(state: CollectionState, filter_: Filter) -> CollectionState:
    """Return the state of a collection that this filter fills from now on.

    A cursor says that everything up to it is in. Of what another filter would have let in it says nothing.
    """
    cursor = state.cursor if filter_.admits_same_as(state.filter) else None
    return replace(state, filter=filter_, cursor=cursor)


def is_same_filter(requested: Filter, stored: Filter) -> bool:
    """Tell whether two filters are the same; a profile may gain classifiers and is the same one all the same."""
    return requested.profile == stored.profile if requested.profile else requested.key == stored.key


def require_state(deps: Dependencies, target: Target) -> CollectionState:
    """Return the state of a collection; raises `NotFound`, naming the command to run first, where there is none."""
    try:
        return deps.index.get_state(target.collection)
    except NotFound as error:
        message = f"there is no collection {target.collection} yet: fill it first with {_format_fetch_command(target)}"
        raise NotFound(message) from error


def build_not_found_error(deps: Dependencies, target: Target, name: str) -> NotFound:
    """Return the answer for a project that a collection does not hold, with what is known of its leaving."""
    tombstone = deps.index.get_tombstone(target.collection, name)
    if tombstone is None:
        return NotFound(f"{name} is not in the collection {target.collection}")
    removed_at = datetime.fromtimestamp(tombstone.removed_at, UTC)
    return NotFound(
        f"{name} left the collection {target.collection} on {removed_at:%Y-%m-%d %H:%M} UTC: {tombstone.reason}"
    )


def _format_fetch_command(target: Target) -> str:
    filter_ = target.filter or Filter()
    if filter_.profile:
        target_option = "" if filter_.profile == target.collection else f" -t {target.collection}"
        return f"pyfaggregator -f -p {filter_.profile}{target_option}"
    everything_option = " --no-plone-filter" if filter_.everything else ""
    classifier_options = "".join(f' -ft "{classifier}"' for classifier in filter_.classifiers)
    return f"pyfaggregator -f{everything_option}{classifier_options} -t {target.collection}"


def create_with_alias(admin: IndexAdmin, alias: str, state: CollectionState) -> str:
    """Create the first collection of an alias, `plone-1` for `plone`, and return its name."""
    name = find_next_name(admin, alias)
    admin.create(name, state, alias=alias)
    return name


def create_named(admin: IndexAdmin, name: str, state: CollectionState) -> str:
    """Create a collection under a name that a user chose, and return its own name.

    It is numbered and has that name as its alias, as a fetch would have made it, unless the name is numbered itself.
    """
    if to_base_name(name):
        admin.create(name, state)
        return name
    return create_with_alias(admin, name, state)


def find_next_name(admin: IndexAdmin, alias: str) -> str:
    """Return the first name of `plone-1`, `plone-2`, … above all that exist."""
    numbered = (each.name for each in admin.list_collections() if to_base_name(each.name) == alias)
    number = max((int(name.rpartition("-")[2]) for name in numbered), default=0) + 1
    while admin.resolve(f"{alias}-{number}") is not None:  # on a server that others use, not a collection of packages
        number += 1
    return f"{alias}-{number}"


def is_leftover(deps: Dependencies, collection: str, state: CollectionState) -> bool:
    """Tell whether a collection is being built to take another one's place, or is what is left of that."""
    return bool(state.rebuild_of) and deps.admin.resolve(state.rebuild_of) != collection


def reject_leftover(deps: Dependencies, name: str) -> None:
    """Raise `Invalid` for a name that leads to a leftover: whatever is put into one is going to be cleared away."""
    collection = deps.admin.resolve(name)
    if collection is not None and is_leftover(deps, collection, deps.index.get_state(collection)):
        raise Invalid(
            f"{collection} is being built to take another collection's place, or was left by a run that failed"
        )


def require_native(deps: Dependencies, name: str) -> None:
    """Raise `Invalid` for a collection that another program has made, naming what takes it over."""
    if deps.admin.resolve(name) is not None and deps.admin.foreign_fields(name) is not None:
        raise Invalid(
            f"{name} was made by another program, whose documents are not of this schema: pyfaggregator -f -t {name} "
            "--recreate-collection, with -p and the profile that fills it, takes it over"
        )


def to_base_name(collection: str) -> str:
    """Return `plone` for `plone-2`, "" for a name that has no number."""
    base_name, _, number = collection.rpartition("-")
    return base_name if number.isascii() and number.isdigit() else ""


def is_unaliased(deps: Dependencies, name: str) -> bool:
    """Tell whether a name is that of a collection itself, so that it has to become an alias to be recreated.

    Raises `Invalid` for `plone-1` where `plone` leads there: it is `plone` that is to be recreated.
    """
    is_collection, base_name = deps.admin.resolve(name) == name, to_base_name(name)
    if is_collection and base_name and deps.admin.resolve(base_name) == name:
        raise Invalid(f"{name} is the collection behind {base_name}: recreate {base_name}")
    return is_collection


def clear_leftovers(deps: Dependencies, alias: str) -> None:
    """Take up or drop what a rebuild that was killed has left beside the collection behind the alias.

    A complete one takes the alias up where that leads nowhere: its rebuild died on the way from one to the other. Of
    the collection that the alias leads to only the marks are removed.
    """
    for collection in deps.admin.list_collections():
        state = deps.index.get_state(collection.name)
        if state.rebuild_of != alias:
            continue
        live = deps.admin.resolve(alias)
        if live is None and state.is_verified:
            deps.admin.set_alias(alias, collection.name)
            live = collection.name
        if live == collection.name:  # it would be taken for a leftover as soon as somebody moves the alias
            clear_rebuild_marks(deps, collection.name)
        elif live is None:
            deps.admin.drop(collection.name)
        else:  # it may have been the live one until a moment ago
            deps.admin.copy_enrichments(collection.name, live)
            drop_replaced(deps, collection.name, live)


def filter_names(names: Iterable[str], scope: Scope) -> list[str]:
    """Keep the normalised names that hold `name_part`: normalised too, it fits every spelling of theirs."""
    name_part = normalize_name(scope.name_part)
    return [name for name in names if name_part in name]
