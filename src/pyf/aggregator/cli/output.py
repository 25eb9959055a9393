"""Print reports, tables, JSON and progress, and ask for confirmation."""

import json
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from textwrap import fill
from typing import TYPE_CHECKING, Any

import click

from ..domain.errors import Invalid, Unavailable
from ..ports import Dependencies
from .exit_codes import ExitCode, detach_stdout, print_error, to_exit_code

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table

    from ..usecases.report import ProgressCallback, RunReport

# Rich takes as long to import as a short command runs, and --json and lists of names do not need it.


# Up to this number, names with the same kind of reason get a line each; more share a paragraph.
_MAX_SINGLE_LINES = 3
_LINE_WIDTH = 110


def format_reasons(kind: str, reasons: Mapping[str, str]) -> Iterator[str]:
    """Yield lines such as `missing: NAME: reason`, grouped by the reason up to its first colon."""
    by_heading: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for name, reason in reasons.items():
        heading, _, detail = " ".join(reason.split()).partition(": ")
        by_heading[heading].append((name, detail))
    for heading, names in by_heading.items():
        if len(names) <= _MAX_SINGLE_LINES:
            yield from (f"{kind}: {name}: {heading}{f': {detail}' if detail else ''}" for name, detail in names)
            continue
        yield f"{kind}: {heading} ({len(names):,}):"
        paragraph = ", ".join(f"{name} ({detail})" if detail else name for name, detail in names)
        yield fill(
            paragraph,
            _LINE_WIDTH,
            initial_indent="  ",
            subsequent_indent="  ",
            break_long_words=False,
            break_on_hyphens=False,
        )


# Labels of a report's fields in its table, in this order. A list is printed as its length.
_LABELS = {
    "found": "projects found",
    "copied": "copied",
    "indexed": "indexed",
    "rebuilt": "rebuilt after upgrade",
    "unchanged": "unchanged",
    "rescored": "rescored",
    "removed": "removed",
    "documents": "documents written",
    "rejected": "rejected",
    "enriched": "enriched",
    "cached": "from cache",
    "missing": "missing",
    "failed": "failed",
    "deferred": "retry later",
    "requests": "requests",
}


# The lists of a report that name problems.
PROBLEM_LISTS = ("failed", "rejected", "deferred", "missing")


def is_quiet() -> bool:
    """Return whether the user has asked for reports and errors only, with `pyf -q`."""
    context = click.get_current_context(silent=True)
    return context is not None and bool(context.find_root().params.get("quiet"))


def print_notice(text: str) -> None:
    """Print a line on stderr, unless the user wants none."""
    if not is_quiet():
        click.echo(text, err=True)


@contextmanager
def progress_bar(initial_step: str = "asking PyPI") -> Iterator["ProgressCallback"]:
    """Return a callback that draws progress on stderr, with rate and remaining time.

    It draws nothing if stderr is not a terminal: Rich would draw into a log file if FORCE_COLOR is set, as it is on
    many build servers.
    """
    from ..usecases.report import no_progress

    if sys.stderr is None or not sys.stderr.isatty() or is_quiet():
        yield no_progress
        return
    from rich import progress as bars
    from rich.console import Console
    from rich.text import Text

    class RateColumn(bars.ProgressColumn):
        """Projects per second."""

        def render(self, task: bars.Task) -> Text:
            return Text(f"{task.speed:.1f}/s" if task.speed else "", style="progress.data.speed")

    columns = (
        bars.SpinnerColumn("line"),
        bars.TextColumn("{task.description}"),
        bars.BarColumn(),
        bars.MofNCompleteColumn(),
        RateColumn(),
        bars.TimeRemainingColumn(),
    )
    with bars.Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(initial_step, total=None)

        def update(step: str, done: int, total: int | None) -> None:
            bar.update(task, description=step, completed=done, total=total)

        yield update


def get_exit_code(report: "RunReport") -> ExitCode:
    """Return the exit code for a report."""
    if report.error is not None:
        return to_exit_code(report.error)
    return ExitCode.SUCCESS if report.is_complete else ExitCode.PARTIAL


def print_report(report: "RunReport", *, as_json: bool) -> None:
    """Print a report as JSON or as a table, and its problems on stderr."""
    if as_json:
        print_json(report.to_dict())
    elif report.error is None or report.requests:  # a rejected run has no numbers
        print_renderable(_build_report_table(report))
    print_problems(report)


def print_problems(report: "RunReport", lists: Sequence[str] = PROBLEM_LISTS) -> None:
    """Print the notices, the problems in these lists and the error of a report on stderr."""
    for notice in report.notices:
        print_notice(notice)
    for kind in lists:
        for line in format_reasons(kind, {name: report.reasons[name] for name in getattr(report, kind, ())}):
            click.echo(line, err=True)
    if report.error is not None:
        print_error(str(report.error))


def print_json(value: Any, *, indent: int | None = 2) -> None:
    """Print a value as JSON on stdout, with escapes for characters that its encoding lacks."""
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        text = json.dumps(value, indent=indent)
    with _translate_write_errors():
        click.echo(text)


def print_line(text: str) -> None:
    """Print a line on stdout, with escapes for characters that its encoding lacks."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    with _translate_write_errors():
        click.echo(text.encode(encoding, "backslashreplace").decode(encoding))


def create_stdout_console() -> "Console":
    """Return a console for stdout; a file has no width, so tables get 110 columns."""
    from rich.console import Console

    return Console() if sys.stdout is not None and sys.stdout.isatty() else Console(width=110)


def print_renderable(renderable: "RenderableType") -> None:
    """Print a table, or another renderable of Rich, on stdout."""
    console = create_stdout_console()
    with _translate_write_errors():
        with console.capture() as captured:  # Rich would exit with code 1 on a broken pipe
            console.print(renderable)
        click.echo(_encode_for_terminal(captured.get()), nl=False)


def _encode_for_terminal(text: str) -> str:
    """Replace characters that stdout's encoding lacks by question marks."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    return text.encode(encoding, "replace").decode(encoding)


@contextmanager
def _translate_write_errors() -> Iterator[None]:
    """Raise `Unavailable` if stdout can't be written to, as on a full disk."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        detach_stdout()
        raise Unavailable(f"can't write to stdout: {error.strerror}") from error


def _build_report_table(report: "RunReport") -> "Table":
    from rich.table import Table

    table = Table(title=f"{report.action} {report.collection}", title_justify="left", show_header=False)
    fields = report.to_dict()
    for name, label in _LABELS.items():
        if name in fields:
            count = fields[name] if isinstance(fields[name], int) else len(fields[name])
            table.add_row(label, f"{count:,}")
    table.add_row("seconds", f"{report.seconds:.1f}")
    return table


def require_confirmation(question: str, *, is_confirmed: bool, option: str) -> None:
    """Ask a yes-or-no question on stderr; raise `Invalid` unless the answer is yes.

    Args:
        is_confirmed: The user has answered with `option`, which the error names if there is no terminal.
    """
    if is_confirmed:
        return
    if sys.stdin is None or not sys.stdin.isatty():
        raise Invalid(f"not a terminal: confirm with {option}. Nothing was changed. The question was: {question}")
    if not click.confirm(question, err=True):
        raise Invalid("not confirmed. Nothing was changed")


def confirm_alias_swap(deps: Dependencies, collection: str, action: str, *, is_confirmed: bool, option: str) -> None:
    """Ask before an alias replaces a collection of the same name.

    Asks nothing if the name is an alias already, or does not exist.

    Args:
        action: What fills the new collection, such as "copy it to".
    """
    from ..usecases.collections.aliases import find_next_name, is_unaliased

    if not is_unaliased(deps, collection):
        return
    successor = find_next_name(deps.admin, collection)
    downtime_note = "" if deps.admin.replaces_atomically else "; the name is unavailable for a moment"
    require_confirmation(
        f"{collection} is a collection, not an alias. Replace it with an alias to {successor} "
        f"({action} {successor}, then delete {collection}{downtime_note})?",
        is_confirmed=is_confirmed,
        option=option,
    )
