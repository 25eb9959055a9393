"""Does what the options of `pyfupdater` ask for: settings and services together, use case, list or report."""

from collections.abc import Callable

import click
from msgspec import to_builtins

from ..adapters.profiles import load_profiles
from ..adapters.transfer_file import STANDARD, reading_lines, write_entries
from ..bootstrap import open_services
from ..ports import Services
from ..settings import Settings, load_settings
from ..usecases.export import export
from ..usecases.import_ import import_
from ..usecases.migrate import migrate
from ..usecases.naming import add_alias, delete_collection, doomed
from ..usecases.recreate_copy import recreate_copy
from ..usecases.report import Progress, TransferReport
from ..usecases.search_keys import add_search_key, add_search_preset, key_of_number
from ..usecases.target import Target, stem_of
from .consent import require_consent, require_consent_to_alias
from .exits import Exit
from .output import code_of_report, print_json, print_line, print_report, progress_bar, tell_of
from .targets import Choice, announce, announce_index, choose
from .updater_lists import print_info, print_list
from .updater_options import Action, Options

_FORCE = "-f/--force"


def perform(options: Options) -> Exit:
    """Do what the options ask for and say how it ended; raises what `PlainCommand` tells in one line."""
    settings = load_settings()
    if options.action in (Action.QUEUE_STATS, Action.PURGE_QUEUE):
        return _on_the_queue(settings, options)
    choice = _choice(options, settings)
    with open_services(settings) as services:
        if choice is None:
            announce_index(services, settings)
            return _on_the_index(services, settings, options)
        announce(services, settings, choice.target.collection)
        if options.action in _TRANSFERS:
            return _transfer(services, choice, options)
        return _on_a_collection(services, settings, choice, options)


def _on_the_queue(settings: Settings, options: Options) -> Exit:
    # What the queue is made of takes a third of a second to import.
    from .updater_queue import empty_queue, print_queue

    if options.action is Action.PURGE_QUEUE:
        return empty_queue(settings, has_consent=options.force)
    return print_queue(settings, as_json=options.json_)


def _choice(options: Options, settings: Settings) -> Choice | None:
    """Return the collection to work on, None for what works on the index as a whole or names its thing itself."""
    is_named = bool(options.target or options.profile)
    if not is_named and options.action not in (Action.ADD_KEY, Action.EXPORT):
        return None
    profiles = load_profiles(settings.profiles_file)
    profile = options.profile
    if options.action is Action.RECREATE and options.target in profiles:
        profile = profile or options.target  # by whose filter an empty collection is made where there is none
    return choose(
        profiles,
        profile=profile,
        target=options.target,
        default_profile="" if is_named else settings.default_profile,
    )


def _on_the_index(services: Services, settings: Settings, options: Options) -> Exit:
    if options.action is Action.INFO:
        print_info(services, settings, collection="", as_json=options.json_)
    elif options.delete_collection is not None:
        _delete_collection(services, options.delete_collection, has_consent=options.force)
    elif options.delete_apikey is not None:
        _delete_key(services, options.delete_apikey, has_consent=options.force)
    else:
        print_list(services, options)
    return Exit.DONE


def _on_a_collection(services: Services, settings: Settings, choice: Choice, options: Options) -> Exit:
    if options.action is Action.INFO:
        print_info(services, settings, collection=choice.target.collection, as_json=options.json_)
    elif options.action is Action.ADD_ALIAS:
        named = choice.target.collection
        collection = add_alias(services, options.source, named)
        click.echo(
            f"{options.source} → {named}" + (f", which is {collection}" if named != collection else ""), err=True
        )
    elif options.action is Action.ADD_PRESET:
        add_search_preset(services, choice.target)
        click.echo(f"Clients of the server search with preset={choice.target.collection} now.", err=True)
    else:
        _add_key(services, choice.target, options)
    return Exit.DONE


def _transfer(services: Services, choice: Choice, options: Options) -> Exit:
    if options.action is Action.RECREATE:
        require_consent_to_alias(
            services, choice.target.collection, "copy it to", has_consent=options.force, option=_FORCE
        )
    with progress_bar("looking") as progress:
        report = _TRANSFERS[options.action](services, choice.target, options, progress)
    if options.export == STANDARD:
        tell_of(report)
    else:
        print_report(report, as_json=options.json_)
    return code_of_report(report)


def _recreate(services: Services, target: Target, options: Options, progress: Progress) -> TransferReport:
    return recreate_copy(services, target, progress=progress)


def _migrate(services: Services, target: Target, options: Options, progress: Progress) -> TransferReport:
    return migrate(services, options.source, target.collection, progress=progress)


def _export(services: Services, target: Target, options: Options, progress: Progress) -> TransferReport:
    name = options.export or STANDARD
    return export(services, target, lambda entries: write_entries(name, entries), progress=progress)


def _import(services: Services, target: Target, options: Options, progress: Progress) -> TransferReport:
    with reading_lines(options.import_ or STANDARD) as lines:
        return import_(services, target, lines, progress=progress)


# What moves documents, and ends with a report.
_TRANSFERS: dict[Action, Callable[[Services, Target, Options, Progress], TransferReport]] = {
    Action.RECREATE: _recreate,
    Action.MIGRATE: _migrate,
    Action.EXPORT: _export,
    Action.IMPORT: _import,
}


def _add_key(services: Services, target: Target, options: Options) -> None:
    made = add_search_key(services, target, value=options.key or "")
    if options.json_:
        print_json({**to_builtins(made.key), "value": made.value})
    else:
        print_line(made.value)
    click.echo(
        f"Key {made.key.id} can search {target.collection} and nothing else. Keep its value: it is not shown again.",
        err=True,
    )
    stem = stem_of(target.collection)
    if stem and services.admin.resolve(stem) == target.collection:
        click.echo(f"It ends with that collection; one for -t {stem} opens whatever {stem} leads to.", err=True)


def _delete_key(services: Services, number: int, *, has_consent: bool) -> None:
    key = key_of_number(services, number)
    opened = ", ".join(key.collections)
    what = f"the key {number} ({key.description}), which begins with {key.prefix} and opens {opened}"
    require_consent(f"Delete {what}?", has_consent=has_consent, option=_FORCE)
    services.keys.delete(number)
    click.echo(f"Deleted {what}.", err=True)


def _delete_collection(services: Services, name: str, *, has_consent: bool) -> None:
    info = doomed(services, name)
    what = f"the collection {name} with {info.documents:,} documents of {info.projects:,} projects"
    if info.aliases:
        noun = "alias" if len(info.aliases) == 1 else "aliases"
        what += f", and the {noun} {', '.join(info.aliases)} that would lead nowhere"
    require_consent(f"Delete {what}?", has_consent=has_consent, option=_FORCE)
    delete_collection(services, name)
    click.echo(f"Deleted {what}.", err=True)
