"""Say which collection a run works on, and open it: the alias people use, and the numbered collection behind it."""

from collections.abc import Iterable
from datetime import UTC, datetime

from msgspec import Struct
from msgspec.structs import replace

from ..domain.collection import CollectionState
from ..domain.errors import Invalid, NotFound
from ..domain.profile import Filter
from ..domain.project import normalized
from ..ports import IndexAdmin, Services
from .switch import retire, settle


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


def agreed_filter(services: Services, target: Target, default: Filter) -> Filter:
    """Return the filter of a collection that may or may not exist.

    Raises `Invalid` where the caller names another one than the collection remembers: its projects would leave.
    """
    if services.admin.resolve(target.collection) is None:
        return target.filter or default
    remembered = services.index.state(target.collection).filter
    if remembered == Filter():  # which admits nothing: everything would leave
        raise Invalid(
            f"collection {target.collection} was not filled by this program: name its profile with -p, and take it "
            "over with -f --recreate-collection"
        )
    if target.filter is None or is_same_filter(target.filter, remembered):
        return target.filter or remembered
    raise Invalid(
        f"collection {target.collection} is filled by {remembered.label}, not by {target.filter.label}: "
        "choose another one with -t, or refill it with -f --recreate-collection"
    )


def refilled(state: CollectionState, filter_: Filter) -> CollectionState:
    """Return the state of a collection that this filter fills from now on.

    A cursor says that everything up to it is in. Of what another filter would have let in it says nothing.
    """
    cursor = state.cursor if filter_.admits_as(state.filter) else None
    return replace(state, filter=filter_, cursor=cursor)


def is_same_filter(wanted: Filter, remembered: Filter) -> bool:
    """Tell whether two filters are the same; a profile may gain classifiers and is the same one all the same."""
    return wanted.profile == remembered.profile if wanted.profile else wanted.key == remembered.key


def existing(services: Services, target: Target) -> CollectionState:
    """Return the state of a collection; raises `NotFound`, naming the command to run first, where there is none."""
    try:
        return services.index.state(target.collection)
    except NotFound as error:
        message = f"there is no collection {target.collection} yet: fill it first with {_first_command(target)}"
        raise NotFound(message) from error


def not_held(services: Services, target: Target, name: str) -> NotFound:
    """Return the answer for a project that a collection does not hold, with what is known of its leaving."""
    tombstone = services.index.tombstone(target.collection, name)
    if tombstone is None:
        return NotFound(f"{name} is not in the collection {target.collection}")
    when = datetime.fromtimestamp(tombstone.removed_at, UTC)
    return NotFound(f"{name} left the collection {target.collection} on {when:%Y-%m-%d %H:%M} UTC: {tombstone.reason}")


def _first_command(target: Target) -> str:
    named = target.filter or Filter()
    if named.profile:
        own_name = "" if named.profile == target.collection else f" -t {target.collection}"
        return f"pyfaggregator -f -p {named.profile}{own_name}"
    everything = " --no-plone-filter" if named.everything else ""
    classifiers = "".join(f' -ft "{classifier}"' for classifier in named.classifiers)
    return f"pyfaggregator -f{everything}{classifiers} -t {target.collection}"


def create_behind_alias(admin: IndexAdmin, alias: str, state: CollectionState) -> str:
    """Create the first collection of an alias, `plone-1` for `plone`, and return its name."""
    name = next_numbered(admin, alias)
    admin.create(name, state, alias=alias)
    return name


def create_as_named(admin: IndexAdmin, name: str, state: CollectionState) -> str:
    """Create a collection under a name that a user chose, and return its own name.

    It is numbered and has that name as its alias, as a fetch would have made it, unless the name is numbered itself.
    """
    if stem_of(name):
        admin.create(name, state)
        return name
    return create_behind_alias(admin, name, state)


def next_numbered(admin: IndexAdmin, alias: str) -> str:
    """Return the first name of `plone-1`, `plone-2`, … above all that exist."""
    numbered = (each.name for each in admin.collections() if stem_of(each.name) == alias)
    number = max((int(name.rpartition("-")[2]) for name in numbered), default=0) + 1
    while admin.resolve(f"{alias}-{number}") is not None:  # on a server that others use, not a collection of packages
        number += 1
    return f"{alias}-{number}"


def is_leftover(services: Services, collection: str, state: CollectionState) -> bool:
    """Tell whether a collection is being built to take another one's place, or is what is left of that."""
    return bool(state.standby_for) and services.admin.resolve(state.standby_for) != collection


def check_lasting(services: Services, name: str) -> None:
    """Raise `Invalid` for a name that leads to a leftover: whatever is put into one is going to be cleared away."""
    found = services.admin.resolve(name)
    if found is not None and is_leftover(services, found, services.index.state(found)):
        raise Invalid(f"{found} is being built to take another collection's place, or was left by a run that failed")


def check_own(services: Services, name: str) -> None:
    """Raise `Invalid` for a collection that another program has made, naming what takes it over."""
    if services.admin.resolve(name) is not None and services.admin.foreign_fields(name) is not None:
        raise Invalid(
            f"{name} was made by another program, whose documents are not of this schema: pyfaggregator -f -t {name} "
            "--recreate-collection, with -p and the profile that fills it, takes it over"
        )


def stem_of(collection: str) -> str:
    """Return `plone` for `plone-2`, "" for a name that has no number."""
    stem, _, number = collection.rpartition("-")
    return stem if number.isascii() and number.isdigit() else ""


def gives_its_name_away(services: Services, name: str) -> bool:
    """Tell whether a name is that of a collection itself, so that it has to become an alias to be recreated.

    Raises `Invalid` for `plone-1` where `plone` leads there: it is `plone` that is to be recreated.
    """
    is_bare, stem = services.admin.resolve(name) == name, stem_of(name)
    if is_bare and stem and services.admin.resolve(stem) == name:
        raise Invalid(f"{name} is the collection behind {stem}: recreate {stem}")
    return is_bare


def clear_leftovers(services: Services, alias: str) -> None:
    """Take up or drop what a rebuild that was killed has left beside the collection behind the alias.

    A complete one takes the alias up where that leads nowhere: its rebuild died on the way from one to the other. Of
    the collection that the alias leads to only the marks are removed.
    """
    for collection in services.admin.collections():
        state = services.index.state(collection.name)
        if state.standby_for != alias:
            continue
        live = services.admin.resolve(alias)
        if live is None and state.is_proven:
            services.admin.point(alias, collection.name)
            live = collection.name
        if live == collection.name:  # it would be taken for a leftover as soon as somebody moves the alias
            settle(services, collection.name)
        elif live is None:
            services.admin.drop(collection.name)
        else:  # it may have been the live one until a moment ago
            services.admin.carry_over(collection.name, live)
            retire(services, collection.name, live)


def in_scope(names: Iterable[str], scope: Scope) -> list[str]:
    """Keep the normalised names that hold `name_part`: normalised too, it fits every spelling of theirs."""
    part = normalized(scope.name_part)
    return [name for name in names if part in name]
