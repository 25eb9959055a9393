"""What `pyfupdater` tells of the queue, and how it empties it."""

import click
from msgspec import to_builtins
from rich.table import Table

from ..queue.overview import Overview, overview, pending, purge
from ..settings import Settings
from .consent import require_consent
from .exits import Exit
from .output import print_drawn, print_json


def print_queue(settings: Settings, *, as_json: bool) -> Exit:
    """Print what waits in the queue and who works."""
    told = overview(settings)
    if as_json:
        print_json(to_builtins(told))
        return Exit.DONE
    print_drawn(_table(told))
    if not told.workers:
        click.echo("No worker answers.", err=True)
    return Exit.DONE


def empty_queue(settings: Settings, *, has_consent: bool) -> Exit:
    """Take all that waits out of the queue, once that is confirmed."""
    count = pending(settings)
    what = f"{count:,} waiting {'task' if count == 1 else 'tasks'}"
    if count:
        require_consent(f"Purge {what} from the queue?", has_consent=has_consent, option="-f/--force")
        count = purge(settings)
    click.echo(f"Purged {count:,} {'task' if count == 1 else 'tasks'}.", err=True)
    return Exit.DONE


def _table(told: Overview) -> Table:
    table = Table(show_header=False)
    table.add_row("pending tasks", f"{told.pending:,}")
    for name, count in told.by_task.items():
        table.add_row(f"  {name}", f"{count:,}")
    table.add_row("in the hands of workers", f"{told.in_hand:,}")
    table.add_row("workers", f"{len(told.workers):,}")
    for worker in told.workers:
        doing = ", ".join(worker.active) or "idle"
        table.add_row(f"  {worker.name}", f"{worker.concurrency} at once, {worker.done:,} done, now: {doing}")
    return table
