"""`pyf queue`, `pyf webhook`, `pyf profile`, `pyf doctor` and `pyf completion`.

This module must import fast: shell completion loads it. The work is done by `queue`, `webhooks`, `profiles` and
`doctor` in `cli/actions`.
"""

import click

from ..exit_codes import ExitCode, ExitCodeGroup
from ..options import (
    CONTEXT_SETTINGS,
    command_with_examples,
    complete_profiles,
    json_option,
    yes_option,
)
from ..signals import default_sigint

# The shells that click can write a completion script for.
_SHELLS = ("bash", "zsh", "fish")

_list_json_option = json_option("Print the list as JSON on stdout.")


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
