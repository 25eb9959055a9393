"""Run the commands that show and purge the task queue."""

import click
from msgspec import to_builtins
from rich.table import Table

from ...queue.monitoring import QueueStats, count_pending, get_queue_stats, purge_queue
from ..config import read_settings
from ..exit_codes import ExitCode
from ..output import print_json, print_renderable, require_confirmation


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
    count = count_pending(settings)
    description = f"{count:,} waiting {'task' if count == 1 else 'tasks'}"
    if count:
        require_confirmation(f"Purge {description} from the queue?", is_confirmed=is_confirmed, option=option)
        count = purge_queue(settings)
    click.echo(f"Purged {count:,} {'task' if count == 1 else 'tasks'}.", err=True)
    return ExitCode.SUCCESS


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
