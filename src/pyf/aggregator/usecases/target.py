"""Say which collection a run works on, and open it: the alias people use, and the numbered collection behind it."""

from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from ..domain.collection import CollectionState
from ..domain.errors import Invalid, NotFound
from ..domain.profile import Filter
from ..domain.project import normalized
from ..ports import IndexAdmin, Services


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
            f"collection {target.collection} was not filled by this program: name a profile, and refill it with "
            "-f --recreate-collection"
        )
    if target.filter is None or _is_same(target.filter, remembered):
        return target.filter or remembered
    raise Invalid(
        f"collection {target.collection} is filled by {remembered.label}, not by {target.filter.label}: "
        "choose another one with -t, or refill it with -f --recreate-collection"
    )


def _is_same(wanted: Filter, remembered: Filter) -> bool:
    """A profile may gain classifiers and is the same one all the same."""
    return wanted.profile == remembered.profile if wanted.profile else wanted.key == remembered.key


def existing(services: Services, target: Target) -> CollectionState:
    """Return the state of a collection; raises `NotFound`, naming the command to run first, where there is none."""
    if services.admin.resolve(target.collection) is None:
        raise NotFound(f"there is no collection {target.collection} yet: fill it first with {_first_command(target)}")
    return services.index.state(target.collection)


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


def next_numbered(admin: IndexAdmin, alias: str) -> str:
    """Return the first name of `plone-1`, `plone-2`, … above all that exist."""
    numbers = [0]
    for collection in admin.collections():
        stem, _, number = collection.name.rpartition("-")
        if stem == alias and number.isascii() and number.isdigit():
            numbers.append(int(number))
    return f"{alias}-{max(numbers) + 1}"


def clear_leftovers(services: Services, alias: str) -> None:
    """Drop what a rebuild that was killed has left beside the collection behind the alias, and its mark on that."""
    for collection in services.admin.collections():
        state = services.index.state(collection.name)
        if state.standby_for != alias:
            continue
        if not collection.aliases:
            if services.admin.resolve(alias) is not None:  # it may have been the live one until a moment ago
                services.admin.carry_over(collection.name, alias)
            services.admin.drop(collection.name)
        elif alias in collection.aliases:  # it would be taken for a leftover as soon as somebody moves the alias
            services.index.remember(collection.name, replace(state, standby_for=""))


def in_scope(names: Iterable[str], scope: Scope) -> list[str]:
    """Keep the normalised names that hold `name_part`: normalised too, it fits every spelling of theirs."""
    part = normalized(scope.name_part)
    return [name for name in names if part in name]
