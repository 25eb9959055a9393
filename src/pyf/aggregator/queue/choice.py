"""Which collections a task works on, and with which filter: from its arguments, the settings and what is there."""

from ..domain.errors import Invalid
from ..domain.profile import Filter
from ..usecases.target import Target
from .process import Workshop
from .timetable import EVERY


def chosen(shop: Workshop, collection_name: str = "", profile_name: str = "") -> list[Target]:
    """Return the collections that a task shall work on; raises `Invalid` for a profile that there is not.

    A collection that is named and does not exist is returned all the same, with the filter of its profile.
    """
    in_use = list(shop.targets())
    named = "" if collection_name == EVERY else collection_name or profile_name or shop.settings.typesense_collection
    if not named and collection_name != EVERY:
        named = shop.settings.default_profile
    if not named:
        return in_use
    if profile_name:
        if profile_name not in shop.profiles:
            known = ", ".join(sorted(shop.profiles))
            raise Invalid(f"there is no profile {profile_name!r}; there are {known}")
        return [Target(collection=named, filter=shop.profiles[profile_name].filter)]
    real = shop.services.admin.resolve(named)
    for target in in_use:
        if real is not None and shop.services.admin.resolve(target.collection) == real:
            return [Target(collection=named, filter=target.filter)]
    profile = shop.profiles.get(named) or shop.profiles.get(shop.settings.default_profile)
    return [Target(collection=named, filter=profile.filter if profile else None)]


def filter_of(target: Target) -> Filter:
    """Return the filter of a collection that is not there yet; raises `Invalid` where nobody named one."""
    if target.filter is None:
        raise Invalid(f"there is no collection {target.collection}, and no profile of that name: name one")
    return target.filter
