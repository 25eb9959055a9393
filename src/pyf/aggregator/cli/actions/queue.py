"""Run the commands that start, show and purge the task queue."""

from collections.abc import Sequence
from pathlib import Path

import click
from msgspec import to_builtins
from rich.table import Table

from ...bootstrap import get_data_folder
from ...domain.text import pluralize
from ...queue.monitoring import QueueStats, count_pending_by_task, get_queue_stats, purge_queue
from ...settings import Settings
from ..config import read_settings
from ..exit_codes import ExitCode
from ..output import print_json, print_renderable, require_confirmation
from ..progress import print_notice


def run_stats(*, as_json: bool = False) -> ExitCode:
    """Print the pending tasks and the workers."""
    stats = get_queue_stats(read_settings())
    if as_json:
        print_json(to_builtins(stats))
        return ExitCode.SUCCESS
    print_renderable(_build_table(stats))
    if not stats.workers:
        click.echo("No worker answers.", err=True)
    return ExitCode.SUCCESS


def run_purge(*, is_confirmed: bool = False, option: str = "-y/--yes") -> ExitCode:
    """Delete all pending tasks."""
    settings = read_settings()
    count_by_task = count_pending_by_task(settings)
    count = sum(count_by_task.values())
    if count:
        names = ", ".join(f"{name} {task_count:,}" for name, task_count in count_by_task.items())
        description = f"{pluralize(count, 'waiting task')} ({names})"
        if is_confirmed:
            print_notice(f"Purging {description}.")
        require_confirmation(f"Purge {description} from the queue?", is_confirmed=is_confirmed, option=option)
        count = purge_queue(settings)
    click.echo(f"Purged {pluralize(count, 'task')}.", err=True)
    return ExitCode.SUCCESS


def run_worker(arguments: Sequence[str], *, with_beat: bool = False) -> ExitCode:
    """Run a Celery worker until SIGTERM or Ctrl-C; `arguments` are options of Celery's worker."""
    settings = read_settings()
    beat_options = ("--beat", f"--schedule={_get_schedule_file(settings)}") if with_beat else ()
    return _run_celery("worker", *beat_options, *arguments)


def run_beat(arguments: Sequence[str], *, schedule_file: str = "") -> ExitCode:
    """Run Celery's scheduler until SIGTERM or Ctrl-C; it stores what it has queued in a file beside the index."""
    settings = read_settings()
    return _run_celery("beat", f"--schedule={schedule_file or _get_schedule_file(settings)}", *arguments)


def _get_schedule_file(settings: Settings) -> Path:
    return get_data_folder(settings) / "celerybeat-schedule"


def _run_celery(*arguments: str) -> ExitCode:
    from celery.bin.celery import celery

    # Celery's own program would also read CELERY_* variables: here the settings alone decide.
    code = celery.main(args=["-A", "pyf.aggregator.queue", *arguments], prog_name="pyf queue", standalone_mode=False)
    return ExitCode.SUCCESS if not code else ExitCode.INTERNAL_ERROR


def _build_table(stats: QueueStats) -> Table:
    table = Table(show_header=False)
    table.add_row("pending tasks", f"{stats.pending:,}")
    for name, count in stats.by_task.items():
        table.add_row(f"  {name}", f"{count:,}")
    table.add_row("unacknowledged tasks", f"{stats.unacked:,}")
    table.add_row("workers", f"{len(stats.workers):,}")
    for worker in stats.workers:
        activity = ", ".join(worker.active_tasks) or "idle"
        table.add_row(f"  {worker.name}", f"{worker.concurrency} at once, {worker.completed:,} done, now: {activity}")
    return table
