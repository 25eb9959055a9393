"""Resolve the collection and the filter of a command from options, settings and profiles."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click
from msgspec import Struct

from ..domain.errors import AggregatorError, Invalid, NotFound
from ..domain.membership.profile import Filter, Profile
from ..domain.text import suggest
from ..ports import Dependencies
from ..usecases.collections.overview import read_overview
from ..usecases.collections.target import Target
from .progress import print_notice

if TYPE_CHECKING:
    from ..settings import Settings

# Filter of a new collection if the command names neither a profile nor a classifier. Existing users rely on it.
PLONE_FILTER = Filter(classifiers=("Framework :: Plone",))


class CollectionChoice(Struct, frozen=True, kw_only=True):
    """A target, and the filter of a collection that does not exist yet if the command names none."""

    target: Target
    default_filter: Filter = PLONE_FILTER


class Selection(Struct, frozen=True, kw_only=True):
    """The options that select a collection and its filter."""

    profile: str = ""
    target: str = ""
    classifiers: Sequence[str] = ()
    all_projects: bool = False

    def resolve(self, settings: "Settings") -> CollectionChoice:
        """Return the collection and filter that options and settings select; see `resolve_collection`."""
        from ..config.profiles import load_profiles

        return resolve_collection(self, load_profiles(settings.profiles_file), settings.default_profile)


def resolve_collection(
    selection: Selection, profiles: Mapping[str, Profile], default_profile: str = ""
) -> CollectionChoice:
    """Return the collection and filter that options and settings select.

    An option overrides a setting, and a collection's name overrides the one that a profile implies. A new collection
    that is named like a profile gets the filter of that profile.

    Raises:
        click.UsageError: Options contradict each other, or none names a collection.
        Invalid: The profile does not exist.
    """
    profile, target, classifiers = selection.profile, selection.target, selection.classifiers
    if profile and classifiers:
        raise click.UsageError(
            "-p/--profile and -ft/--filter-troove exclude each other: a profile brings its classifiers."
        )
    if selection.all_projects and (profile or classifiers):
        raise click.UsageError("--no-plone-filter lifts the default filter: leave it out with -p or -ft.")
    if profile:
        return CollectionChoice(
            target=Target(collection=target or profile, filter=_get_profile_filter(profile, profiles))
        )
    if selection.all_projects or classifiers:
        if not target:
            raise click.UsageError(
                f"{'--no-plone-filter' if selection.all_projects else '-ft'} needs -t/--target COLLECTION."
            )
        selected_classifiers = tuple(classifier.strip() for classifier in classifiers)
        return CollectionChoice(
            target=Target(
                collection=target, filter=Filter(classifiers=selected_classifiers, everything=selection.all_projects)
            )
        )
    if target in profiles:
        return CollectionChoice(target=Target(collection=target), default_filter=profiles[target].filter)
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


def print_target(deps: Dependencies, settings: "Settings", collection: str, new_filter: Filter | None = None) -> None:
    """Print the index and the collection on stderr, so that users notice if it is the wrong one.

    Args:
        new_filter: What is going to fill the collection if it does not exist.
    """
    line = f"{_describe_index(deps, settings)}, collection: {collection}"
    try:
        resolved = deps.admin.resolve(collection)
    except AggregatorError:
        print_notice(line)
        raise
    new_status = f"new, {new_filter.label}" if new_filter and new_filter.profile != collection else "new"
    status = new_status if resolved is None else "" if resolved == collection else f"now {resolved}"
    print_notice(f"{line} ({status})" if status else line)


def print_index(deps: Dependencies, settings: "Settings") -> None:
    """Print the index on stderr."""
    print_notice(_describe_index(deps, settings))


@contextmanager
def suggest_collection(deps: Dependencies, name: str) -> Iterator[None]:
    """Add a suggestion to a `NotFound` that is raised because there is no collection of this name."""
    try:
        yield
    except NotFound as error:
        if deps.admin.resolve(name) is None and (hint := suggest(name, read_overview(deps).names)):
            raise NotFound(f"{error}. {hint}") from error
        raise


def _describe_index(deps: Dependencies, settings: "Settings") -> str:
    return f"Index: {settings.engine} {deps.admin.get_location()}"


def _get_profile_filter(profile_key: str, profiles: Mapping[str, Profile], *, prefix: str = "") -> Filter:
    if profile_key not in profiles:
        hint = suggest(profile_key, profiles)
        raise Invalid(
            f"{prefix}there is no profile {profile_key!r}; there are {', '.join(sorted(profiles))}"
            + (f". {hint}" if hint else "")
        )
    return profiles[profile_key].filter
