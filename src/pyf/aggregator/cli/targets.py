"""Which collection a command works on, and with which filter: from its options, its settings and the profiles."""

from collections.abc import Mapping, Sequence

import click
from msgspec import Struct

from ..domain.errors import AggregatorError, Invalid
from ..domain.profile import Filter, Profile
from ..ports import Services
from ..settings import Settings
from ..usecases.target import Target

# What a collection is filled with when neither a profile nor a classifier is named, for historical reasons.
PLONE = Filter(classifiers=("Framework :: Plone",))


class Choice(Struct, frozen=True, kw_only=True):
    """A target, and the filter of a collection that does not exist yet and for which none was named."""

    target: Target
    default: Filter = PLONE


def choose(
    profiles: Mapping[str, Profile],
    *,
    profile: str = "",
    target: str = "",
    classifiers: Sequence[str] = (),
    everything: bool = False,
    default_profile: str = "",
) -> Choice:
    """Return the collection and filter that options and settings ask for.

    An option beats a setting, and a collection's name beats the one that a profile brings. Raises `click.UsageError`
    for options that contradict each other or leave the collection open, `Invalid` for an unknown profile.
    """
    if profile and classifiers:
        raise click.UsageError(
            "-p/--profile and -ft/--filter-troove exclude each other: a profile brings its classifiers."
        )
    if everything and (profile or classifiers):
        raise click.UsageError("--no-plone-filter lifts the default filter: leave it out with -p or -ft.")
    if profile:
        return Choice(target=Target(collection=target or profile, filter=_filter_of(profile, profiles)))
    if everything or classifiers:
        if not target:
            raise click.UsageError(f"{'--no-plone-filter' if everything else '-ft'} needs -t/--target COLLECTION.")
        named = tuple(classifier.strip() for classifier in classifiers)
        return Choice(target=Target(collection=target, filter=Filter(classifiers=named, everything=everything)))
    if default_profile:
        by_default = _filter_of(default_profile, profiles, named_by="DEFAULT_PROFILE: ")
        if not target:
            return Choice(target=Target(collection=default_profile, filter=by_default))
        return Choice(target=Target(collection=target), default=by_default)
    if not target:
        raise click.UsageError(
            "Which collection? Name a profile with -p/--profile, a collection with -t/--target, or set DEFAULT_PROFILE."
        )
    return Choice(target=Target(collection=target))


def announce(services: Services, settings: Settings, collection: str) -> None:
    """Say on stderr which index and collection is worked on, so that nobody fills the wrong one without noticing."""
    place = f"{_place(services, settings)}, collection: {collection}"
    try:
        behind = services.admin.resolve(collection)
    except AggregatorError:
        click.echo(place, err=True)
        raise
    standing = "not there yet" if behind is None else "" if behind == collection else f"now {behind}"
    click.echo(f"{place} ({standing})" if standing else place, err=True)


def announce_index(services: Services, settings: Settings) -> None:
    """Say on stderr which index is worked on."""
    click.echo(_place(services, settings), err=True)


def engine_of(settings: Settings) -> str:
    """Return the engine that keeps the index, by the name that INDEX_BACKEND has for it."""
    return settings.engine


def _place(services: Services, settings: Settings) -> str:
    return f"Index: {engine_of(settings)} {services.admin.location()}"


def _filter_of(key: str, profiles: Mapping[str, Profile], *, named_by: str = "") -> Filter:
    if key not in profiles:
        raise Invalid(f"{named_by}there is no profile {key!r}; there are {', '.join(sorted(profiles))}")
    return profiles[key].filter
