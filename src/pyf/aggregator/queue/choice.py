"""Which collections a task works on, and with which filter: from its arguments, the settings and what is there."""

from ..domain.errors import Invalid
from ..domain.profile import Filter
from ..usecases.target import Target
from .process import WorkerContext
from .timetable import ALL_COLLECTIONS


def select_targets(context: WorkerContext, collection_name: str = "", profile_name: str = "") -> list[Target]:
    """Return the collections that a task shall work on; raises `Invalid` for a profile that there is not.

    A collection that is named and does not exist is returned all the same, with the filter of its profile.
    """
    active_targets = list(context.get_targets())
    name = "" if collection_name == ALL_COLLECTIONS else collection_name or profile_name or context.settings.typesense_collection
    if not name and collection_name != ALL_COLLECTIONS:
        name = context.settings.default_profile
    if not name:
        return active_targets
    if profile_name:
        if profile_name not in context.profiles:
            profile_names = ", ".join(sorted(context.profiles))
            raise Invalid(f"there is no profile {profile_name!r}; there are {profile_names}")
        return [Target(collection=name, filter=context.profiles[profile_name].filter)]
    collection = context.deps.admin.resolve(name)
    for target in active_targets:
        if collection is not None and context.deps.admin.resolve(target.collection) == collection:
            return [Target(collection=name, filter=target.filter)]
    profile = context.profiles.get(name) or context.profiles.get(context.settings.default_profile)
    return [Target(collection=name, filter=profile.filter if profile else None)]


def require_filter(target: Target) -> Filter:
    """Return the filter of a collection that is not there yet; raises `Invalid` where nobody named one."""
    if target.filter is None:
        raise Invalid(f"there is no collection {target.collection}, and no profile of that name: name one")
    return target.filter
