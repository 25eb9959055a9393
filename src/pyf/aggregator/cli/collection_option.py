"""Which collection a command works on, and with which filter: from its options, its settings and the profiles."""

from collections.abc import Mapping, Sequence

import click
from msgspec import Struct

from ..domain.errors import AggregatorError, Invalid
from ..domain.membership.profile import Filter, Profile
from ..ports import Dependencies
from ..settings import Settings
from ..usecases.collections.target import Target

# What a collection is filled with when neither a profile nor a classifier is named, for historical reasons.
PLONE_FILTER = Filter(classifiers=("Framework :: Plone",))


class CollectionChoice(Struct, frozen=True, kw_only=True):
    """A target, and the filter of a collection that does not exist yet and for which none was named."""

    target: Target
    default_filter: Filter = PLONE_FILTER


def resolve_collection(
    profiles: Mapping[str, Profile],
    *,
    profile: str = "",
    target: str = "",
    classifiers: Sequence[str] = (),
    all_projects: bool = False,
    default_profile: str = "",
) -> CollectionChoice:
    """Return the collection and filter that options and settings ask for.

    An option beats a setting, and a collection's name beats the one that a profile brings. Raises `click.UsageError`
    for options that contradict each other or leave the collection open, `Invalid` for an unknown profile.
    """
    if profile and classifiers:
        raise click.UsageError(
            "-p/--profile and -ft/--filter-troove exclude each other: a profile brings its classifiers."
        )
    if all_projects and (profile or classifiers):
        raise click.UsageError("--no-plone-filter lifts the default filter: leave it out with -p or -ft.")
    if profile:
        return CollectionChoice(
            target=Target(collection=target or profile, filter=_get_profile_filter(profile, profiles))
        )
    if all_projects or classifiers:
        if not target:
            raise click.UsageError(f"{'--no-plone-filter' if all_projects else '-ft'} needs -t/--target COLLECTION.")
        selected_classifiers = tuple(classifier.strip() for classifier in classifiers)
        return CollectionChoice(
            target=Target(collection=target, filter=Filter(classifiers=selected_classifiers, everything=all_projects))
        )
    if default_profile:
        profile_filter = _get_profile_filter(default_profile, profiles, prefix="DEFAULT_PROFILE: ")
        if not target:
            return CollectionChoice(target=Target(collection=default_profile, filter=profile_filter))
        return CollectionChoice(target=Target(collection=target), default_filter=profile_filter)
    if not target:
        raise click.UsageError(
            "Which collection? Name a profile with -p/--profile, a collection with -t/--target, or set DEFAULT_PROFILE."
        )
    return CollectionChoice(target=Target(collection=target))


def print_target(deps: Dependencies, settings: Settings, collection: str) -> None:
    """Say on stderr which index and collection is worked on, so that nobody fills the wrong one without noticing."""
    line = f"{_describe_index(deps, settings)}, collection: {collection}"
    try:
        resolved = deps.admin.resolve(collection)
    except AggregatorError:
        click.echo(line, err=True)
        raise
    status = "not there yet" if resolved is None else "" if resolved == collection else f"now {resolved}"
    click.echo(f"{line} ({status})" if status else line, err=True)


def print_index(deps: Dependencies, settings: Settings) -> None:
    """Say on stderr which index is worked on."""
    click.echo(_describe_index(deps, settings), err=True)


def get_engine(settings: Settings) -> str:
    """Return the engine that keeps the index, by the name that INDEX_BACKEND has for it."""
    return settings.engine


def _describe_index(deps: Dependencies, settings: Settings) -> str:
    return f"Index: {get_engine(settings)} {deps.admin.get_location()}"


def _get_profile_filter(profile_key: str, profiles: Mapping[str, Profile], *, prefix: str = "") -> Filter:
    if profile_key not in profiles:
        raise Invalid(f"{prefix}there is no profile {profile_key!r}; there are {', '.join(sorted(profiles))}")
    return profiles[profile_key].filter
