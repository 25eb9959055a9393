"""CPU time of short commands from start to end, measured as child processes."""

import resource
import subprocess
import sys
from pathlib import Path
from statistics import median

from rich.table import Table

from pyf.aggregator.adapters.sqlite.database import Database
from pyf.aggregator.settings import SETTINGS

# A command that needs no network and no search may take this many seconds of CPU time.
BUDGET = 0.25
RUNS = 5
COMMANDS = {
    "pyf --help": ("main", "--help"),
    "pyf collection list --names": ("main", "collection", "list", "--names"),
    "pyf alias list": ("main", "alias", "list"),
    "pyf profile list": ("main", "profile", "list"),
    "pyf show plone.api -t plone": ("main", "show", "plone.api", "-t", "plone"),
    "pyfupdater -lsn": ("documented.updater", "-lsn"),
    "pyf search x -t plone": ("main", "search", "x", "-t", "plone"),
}


def measure(folder: Path) -> Table:
    """Return the median CPU time of each command; the index is empty."""
    title = f"Start of commands (budget without network and search: {BUDGET} s CPU)"
    table = Table("start", "CPU s", title=title, title_justify="left")
    with Database(folder / "start.sqlite3").writing():
        pass  # creates an empty index
    for label, (module, *arguments) in COMMANDS.items():
        program = [sys.executable, "-m", f"pyf.aggregator.cli.{module}", *arguments]
        _measure_cpu(program, folder)  # compiles
        table.add_row(label, f"{median(_measure_cpu(program, folder) for _ in range(RUNS)):.3f}")
    return table


def _measure_cpu(program: list[str], folder: Path) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = dict.fromkeys((name.upper() for name in SETTINGS), "")
    environment |= {"SQLITE_PATH": str(folder / "start.sqlite3")}
    subprocess.run(program, cwd=folder, env=environment, capture_output=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
