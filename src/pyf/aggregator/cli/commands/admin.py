"""Declare the subcommands of `pyf` that manage the index, the queue and profiles.

This module must import fast: shell completion loads it. The work is done by `collections`, `keys`, `queue`,
`profiles`, `doctor` and `completion`.
"""

from typing import Any

import click

from ..exit_codes import ExitCode, ExitCodeGroup
from ..options import (
    CONTEXT_SETTINGS,
    command_with_examples,
    complete_collections,
    complete_profiles,
    json_option,
    profile_option,
    target_option,
    yes_option,
)
from ..signals import default_sigint

# The shells that click can write a completion script for.
_SHELLS = ("bash", "zsh", "fish")
_EXPORT_FORMATS = ("jsonl", "csv", "parquet")

_list_json_option = json_option("Print the list as JSON on stdout.")
_name_argument = click.argument("name", shell_complete=complete_collections)


@click.group(cls=ExitCodeGroup, context_settings=CONTEXT_SETTINGS)
def collection() -> None:
    """List, create, rebuild, copy, delete, export and import collections."""


@collection.command("list")
@click.option("--names", "names_only", is_flag=True, help="Print the names only, one per line.")
@_list_json_option
def list_collections(names_only: bool, as_json: bool) -> ExitCode:
    """List all collections."""
    with default_sigint():
        from ..actions.collections import run_list
    return run_list(names_only=names_only, as_json=as_json)


@collection.command
@click.argument("name", required=False, default="", shell_complete=complete_collections)
@json_option("Print the details as one JSON object on stdout.")
def info(name: str, as_json: bool) -> ExitCode:
    """Print the size and the age of the collection NAME, or of all collections."""
    with default_sigint():
        from ..actions.collections import run_info
        from ..collection_option import Selection
    return run_info(Selection(target=name) if name else None, as_json=as_json)


@collection.command
@_name_argument
@profile_option
def create(name: str, profile: str) -> ExitCode:
    """Create the empty collection NAME with the filter of a profile.

    Without -p, the profile named NAME is used.
    """
    with default_sigint():
        from ..actions.collections import run_create
        from ..collection_option import Selection
    return run_create(Selection(profile=profile or name, target=name))


@collection.command
@_name_argument
@click.option("--from-pypi", is_flag=True, help="Read everything from PyPI instead of copying the collection.")
@click.option("--allow-mass-removal", is_flag=True, help="With --from-pypi: allow removing more than a tenth.")
@profile_option
@click.option(
    "--classifier",
    "classifiers",
    multiple=True,
    metavar="CLASSIFIER",
    help="With --from-pypi, instead of a profile: packages with this trove classifier or one below it.",
)
@click.option("--all-projects", is_flag=True, help="With --from-pypi, instead of a profile: every project on PyPI.")
@json_option()
@yes_option
def rebuild(
    name: str, from_pypi: bool, allow_mass_removal: bool, as_json: bool, is_confirmed: bool, **filter_options: Any
) -> ExitCode:
    """Rebuild the collection NAME beside the live one, and switch the alias once it is complete.

    Readers see the old collection until then.
    """
    needs_pypi = {
        "--allow-mass-removal": allow_mass_removal,
        "--classifier": filter_options["classifiers"],
        "--all-projects": filter_options["all_projects"],
    }
    for option, is_given in needs_pypi.items():
        if is_given and not from_pypi:
            raise click.UsageError(f"{option} can only be used with --from-pypi.")
    with default_sigint():
        from ..collection_option import Selection
    selection = Selection(target=name, **filter_options)
    if from_pypi:
        with default_sigint():
            from ...usecases.ingest.run import RunOptions
            from ..actions.fetching import CommandOptions, run_rebuild
        options = CommandOptions(run=RunOptions(allow_mass_removal=allow_mass_removal), as_json=as_json)
        return run_rebuild(selection, options, is_confirmed=is_confirmed)
    with default_sigint():
        from ..actions.collections import run_rebuild_copy
    return run_rebuild_copy(selection, as_json=as_json, is_confirmed=is_confirmed)


@collection.command
@click.argument("source", shell_complete=complete_collections)
@click.argument("target", shell_complete=complete_collections)
@json_option()
def copy(source: str, target: str, as_json: bool) -> ExitCode:
    """Copy the collection SOURCE into TARGET, which is created if it does not exist."""
    with default_sigint():
        from ..actions.collections import run_copy
        from ..collection_option import Selection
    return run_copy(source, Selection(target=target), as_json=as_json)


@collection.command
@_name_argument
@yes_option
def delete(name: str, is_confirmed: bool) -> ExitCode:
    """Delete the collection that NAME is, or points to, and its aliases.

    The command says what it deletes, and asks for confirmation.
    """
    with default_sigint():
        from ..actions.collections import run_delete
    return run_delete(name, is_confirmed=is_confirmed)


@collection.command
@_name_argument
@click.argument("file")
@click.option(
    "--format",
    "file_format",
    type=click.Choice(_EXPORT_FORMATS),
    help="jsonl: everything, for `pyf collection import`. csv, parquet: the history, a row for each package and month. "
    "By default the format that FILE ends with, otherwise jsonl.",
)
@json_option()
def export(name: str, file: str, file_format: str | None, as_json: bool) -> ExitCode:
    """Write the collection NAME to FILE. For stdout, use -. The file is compressed if its name ends in .gz.

    Parquet needs the extra parquet: `pip install "pyf.aggregator[parquet]"`.
    """
    if file == "-" and as_json:
        raise click.UsageError("--json prints the report on stdout, where FILE - writes the documents.")
    with default_sigint():
        from ..actions.collections import run_export
        from ..collection_option import Selection
    file_format = file_format or _find_format(file)
    return run_export(Selection(target=name), file, file_format=file_format, as_json=as_json)


def _find_format(file: str) -> str:
    """Return the format of an export that the name of its file promises: "csv" for `history.csv.gz`."""
    name = file.lower().removesuffix(".gz")
    return next((ending for ending in _EXPORT_FORMATS if name.endswith(f".{ending}")), "jsonl")


@collection.command("import")
@_name_argument
@click.argument("file")
@json_option()
def import_(name: str, file: str, as_json: bool) -> ExitCode:
    """Read an exported FILE into the collection NAME, which is created if it does not exist. For stdin, use -."""
    with default_sigint():
        from ..actions.collections import run_import
        from ..collection_option import Selection
    return run_import(Selection(target=name), file, as_json=as_json)


@click.group(cls=ExitCodeGroup, context_settings=CONTEXT_SETTINGS)
def alias() -> None:
    """List, set and remove the aliases of collections."""


@alias.command("list")
@_list_json_option
def list_aliases(as_json: bool) -> ExitCode:
    """List all aliases with their collections."""
    with default_sigint():
        from ..actions.collections import run_alias_list
    return run_alias_list(as_json=as_json)


@alias.command("set")
@click.argument("name", metavar="ALIAS")
@click.argument("target", metavar="COLLECTION", shell_complete=complete_collections)
@yes_option
def set_alias(name: str, target: str, is_confirmed: bool) -> ExitCode:
    """Make ALIAS point to COLLECTION. An existing alias is moved, after a confirmation."""
    with default_sigint():
        from ..actions.collections import run_alias_set
        from ..collection_option import Selection
    return run_alias_set(name, Selection(target=target), is_confirmed=is_confirmed)


@alias.command("remove")
@click.argument("name", metavar="ALIAS", shell_complete=complete_collections)
@yes_option
def remove_alias(name: str, is_confirmed: bool) -> ExitCode:
    """Remove ALIAS. Its collection stays."""
    with default_sigint():
        from ..actions.collections import run_alias_remove
    return run_alias_remove(name, is_confirmed=is_confirmed)


@click.group(cls=ExitCodeGroup, context_settings=CONTEXT_SETTINGS)
def key() -> None:
    """List, add and remove search-only API keys."""


@key.command("list")
@_list_json_option
def list_keys(as_json: bool) -> ExitCode:
    """List all search-only keys, with the beginning of their values."""
    with default_sigint():
        from ..actions.keys import run_list
    return run_list(as_json=as_json)


@key.command("add")
@profile_option
@target_option
@click.option("--value", default="", metavar="VALUE", help="Value of the key. By default, a random one.")
@json_option("Print the key as one JSON object on stdout.")
def add_key(profile: str, target: str, value: str, as_json: bool) -> ExitCode:
    """Create a key that can only search one collection, and print its value once."""
    with default_sigint():
        from ..actions.keys import run_add
        from ..collection_option import Selection
    return run_add(Selection(profile=profile, target=target), value=value, as_json=as_json)


@key.command("remove")
@click.argument("key_id", metavar="ID", type=int)
@yes_option
def remove_key(key_id: int, is_confirmed: bool) -> ExitCode:
    """Delete the key with this ID."""
    with default_sigint():
        from ..actions.keys import run_remove
    return run_remove(key_id, is_confirmed=is_confirmed)


@click.group(cls=ExitCodeGroup, context_settings=CONTEXT_SETTINGS)
def queue() -> None:
    """Start workers and the scheduler, show and purge the task queue."""


@queue.command
@json_option("Print the statistics as one JSON object on stdout.")
def stats(as_json: bool) -> ExitCode:
    """Print the pending tasks and the workers."""
    with default_sigint():
        from ..actions.queue import run_stats
    return run_stats(as_json=as_json)


@queue.command
@yes_option
def purge(is_confirmed: bool) -> ExitCode:
    """Delete all pending tasks."""
    with default_sigint():
        from ..actions.queue import run_purge
    return run_purge(is_confirmed=is_confirmed)


_log_level_option = click.option(
    "-l",
    "--loglevel",
    "log_level",
    type=click.Choice(["debug", "info", "warning", "error"], case_sensitive=False),
    default="info",
    show_default=True,
    help="Lowest level of log lines on stderr.",
)
_celery_arguments = click.argument("celery_options", nargs=-1, type=click.UNPROCESSED)
_CELERY_SETTINGS = CONTEXT_SETTINGS | {"ignore_unknown_options": True}


@queue.command(context_settings=_CELERY_SETTINGS)
@_log_level_option
@click.option(
    "-c", "--concurrency", type=click.IntRange(min=1), help="Tasks at once. Overrides CELERY_WORKER_CONCURRENCY."
)
@click.option("-B", "--beat", is_flag=True, help="Run the scheduler, too: for a single worker.")
@_celery_arguments
def worker(log_level: str, concurrency: int | None, beat: bool, celery_options: tuple[str, ...]) -> ExitCode:
    """Run a worker, which executes the tasks of the queue, until SIGTERM or Ctrl-C.

    It finishes its running tasks first. Other options are those of Celery's worker.
    """
    with default_sigint():
        from ..actions.queue import run_worker
    arguments = [f"--loglevel={log_level}", *celery_options]
    if concurrency is not None:
        arguments.append(f"--concurrency={concurrency}")
    return run_worker(arguments, with_beat=beat)


@queue.command(context_settings=_CELERY_SETTINGS)
@_log_level_option
@click.option(
    "-s",
    "--schedule",
    "schedule_file",
    default="",
    metavar="FILE",
    help="File with the last run of each task. By default, celerybeat-schedule in the folder of the index.",
)
@_celery_arguments
def beat(log_level: str, schedule_file: str, celery_options: tuple[str, ...]) -> ExitCode:
    """Run the scheduler, which queues recurring tasks: exactly one for all workers.

    Other options are those of Celery's beat.
    """
    with default_sigint():
        from ..actions.queue import run_beat
    return run_beat([f"--loglevel={log_level}", *celery_options], schedule_file=schedule_file)


@click.group(cls=ExitCodeGroup, context_settings=CONTEXT_SETTINGS)
def webhook() -> None:
    """List the receivers of webhooks, send them a test event, and deliver events."""


@webhook.command("list")
@_list_json_option
def list_webhooks(as_json: bool) -> ExitCode:
    """List the receivers of WEBHOOK_URLS: the events that wait, and the last failure."""
    with default_sigint():
        from ..actions.webhooks import run_list
    return run_list(as_json=as_json)


@webhook.command("test")
def test_webhooks() -> ExitCode:
    """Send a signed test event to every receiver, once."""
    with default_sigint():
        from ..actions.webhooks import run_test
    return run_test()


@webhook.command("deliver")
@json_option("Print the report as one JSON object on stdout.")
def deliver_webhooks(as_json: bool) -> ExitCode:
    """Send every receiver what it does not know yet of any collection.

    Runs and `pyf watch` do this themselves. A receiver that has failed is left alone until its pause is over.
    """
    with default_sigint():
        from ..actions.webhooks import run_deliver
    return run_deliver(as_json=as_json)


@click.group(cls=ExitCodeGroup, context_settings=CONTEXT_SETTINGS)
def profile() -> None:
    """List, show and check profiles."""


@profile.command("list")
@_list_json_option
def list_profiles(as_json: bool) -> ExitCode:
    """List all profiles, built-in and of PROFILES_FILE."""
    with default_sigint():
        from ..actions.profiles import run_list
    return run_list(as_json=as_json)


@profile.command("show")
@click.argument("profile_key", metavar="KEY", shell_complete=complete_profiles)
@json_option("Print the profile as one JSON object on stdout.")
def show_profile(profile_key: str, as_json: bool) -> ExitCode:
    """Print the profile KEY as YAML, and the file that it comes from."""
    with default_sigint():
        from ..actions.profiles import run_show
    return run_show(profile_key, as_json=as_json)


@profile.command("check")
@click.argument("profile_keys", metavar="[KEY]...", nargs=-1, shell_complete=complete_profiles)
@click.option("--offline", is_flag=True, help="Do not count the packages on PyPI.")
@json_option("Print the results as JSON on stdout.")
def check_profiles(profile_keys: tuple[str, ...], offline: bool, as_json: bool) -> ExitCode:
    """Check that the classifiers of profiles exist, and count the packages that have them on PyPI.

    Without KEY, all profiles are checked. One request per classifier.
    """
    with default_sigint():
        from ..actions.profiles import run_check
    return run_check(profile_keys, offline=offline, as_json=as_json)


@command_with_examples("pyf doctor", "pyf doctor --json")
@click.option("--offline", is_flag=True, help="Check the settings and the index only.")
@json_option("Print the results as one JSON object on stdout.")
def doctor(offline: bool, as_json: bool) -> ExitCode:
    """Check the settings, the services, the index and how current its collections are.

    Exit codes: 0 no problem, 3 warnings, 4 a service or the index is unavailable.
    """
    with default_sigint():
        from ..actions.doctor import run_doctor
    return run_doctor(offline=offline, as_json=as_json)


@command_with_examples('eval "$(pyf completion bash)"', "pyf completion fish > ~/.config/fish/completions/pyf.fish")
@click.argument("shell", type=click.Choice(_SHELLS))
@click.pass_context
def completion(context: click.Context, shell: str) -> ExitCode:
    """Print the script that makes a shell complete commands, profiles and collections."""
    from ..options import print_script

    return print_script(shell, context.find_root().command)
