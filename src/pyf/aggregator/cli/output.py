"""Print reports, tables and JSON, and ask for confirmation."""

import json
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from shutil import get_terminal_size
from textwrap import fill
from typing import TYPE_CHECKING, Any

import click

from ..domain.controls import escape_controls
from ..domain.errors import Invalid, Unavailable
from ..domain.text import pluralize
from ..ports import Dependencies
from .exit_codes import ExitCode, detach_stdout, print_error, to_exit_code
from .progress import format_current_time, is_verbose, print_message, print_notice
from .tables import Column, build_table

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table

    from ..usecases.report import RunReport

# Rich takes as long to import as a short command runs, and --json and lists of names do not need it.


# Up to this number, names with the same kind of reason get a line each; more share a paragraph.
_MAX_SINGLE_LINES = 3
_LINE_WIDTH = 110
_UNLIMITED_WIDTH = 100_000


def format_reasons(kind: str, reasons: Mapping[str, str], *, details: bool = True) -> Iterator[str]:
    """Yield lines such as `missing: NAME: reason`, grouped by the reason up to its first colon.

    Args:
        details: Whether a group of many names has the rest of each reason, too.
    """
    by_heading: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for name, reason in reasons.items():
        heading, _, detail = " ".join(reason.split()).partition(": ")
        by_heading[heading].append((name, detail))
    for heading, names in by_heading.items():
        if len(names) <= _MAX_SINGLE_LINES:
            yield from (f"{kind}: {name}: {heading}{f': {detail}' if detail else ''}" for name, detail in names)
            continue
        yield f"{kind}: {heading} ({len(names):,}):"
        paragraph = ", ".join(f"{name} ({detail})" if detail and details else name for name, detail in names)
        yield _fill(paragraph)


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


# The lists of a report that are always printed, with reasons, and what their lines begin with.
_LIST_LABELS = {
    "removed_names": "removed",
    "refused_names": "not removed",
    "failed": "failed",
    "rejected": "rejected",
    "deferred": "deferred",
    "missing": "missing",
}
PROBLEM_LISTS = tuple(_LIST_LABELS)
# What is long and similar for many packages; `pyf why` has it for one.
_REMOVAL_LISTS = ("removed_names", "refused_names")

# The lists that are printed with -v.
_VERBOSE_LABELS = {"added_names": "added", "updated_names": "updated"}


def get_exit_code(report: "RunReport") -> ExitCode:
    """Return the exit code for a report."""
    if report.interrupted:
        return ExitCode.INTERRUPTED
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
    if report.error is not None and not (sys.stderr is None or sys.stderr.isatty()):
        print_message(f"{report.action} {report.collection} ended at {format_current_time()}")


def print_problems(report: "RunReport", lists: Sequence[str] = PROBLEM_LISTS) -> None:
    """Print the notices, these lists of names and the error of a report on stderr."""
    for notice in report.notices:
        print_notice(notice)
    if is_verbose():
        for field, kind in _VERBOSE_LABELS.items():
            for line in _format_names(kind, getattr(report, field, ())):
                print_message(line)
    for field in lists:
        reasons = {name: report.reasons[name] for name in getattr(report, field, ())}
        for line in format_reasons(_LIST_LABELS[field], reasons, details=field not in _REMOVAL_LISTS):
            print_message(line)
    if report.error is not None:
        print_error(str(report.error))
    if report.interrupted:
        print_message(_format_interruption(report))


def _format_interruption(report: "RunReport") -> str:
    """Return what an interrupted run has saved; an unfinished rebuild saves nothing."""
    counts = (getattr(report, name, 0) for name in ("indexed", "enriched", "copied"))
    count = 0 if report.action == "rebuild" else max(counts)
    saved = f"{pluralize(count, 'package is', 'packages are')} saved" if count else "Nothing was changed"
    return f"Interrupted. {saved}; run the command again to continue."


def _format_names(kind: str, names: Sequence[str]) -> Iterator[str]:
    """Yield a heading and the sorted names; nothing without names."""
    if names:
        yield f"{kind} ({len(names):,}):"
        yield _fill(", ".join(sorted(names)))


def _fill(paragraph: str) -> str:
    width = min(get_terminal_size((_LINE_WIDTH, 24)).columns, _LINE_WIDTH)
    return fill(
        paragraph,
        width,
        initial_indent="  ",
        subsequent_indent="  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def print_json(value: Any, *, indent: int | None = 2) -> None:
    """Print a value as JSON on stdout, with escapes for characters that its encoding lacks."""
    text = escape_controls(json.dumps(value, indent=indent, ensure_ascii=False))
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


def create_stdout_console(width: int = _LINE_WIDTH) -> "Console":
    """Return a console for stdout; a file has no width, so renderables get `width` columns."""
    from .console import CleanConsole

    return CleanConsole() if _is_terminal() else CleanConsole(width=width)


def print_renderable(renderable: "RenderableType", *, width: int = _LINE_WIDTH) -> None:
    """Print a table, or another renderable of Rich, on stdout; `width` is that of a file."""
    console = create_stdout_console(width)
    with _translate_write_errors():
        with console.capture() as captured:  # Rich would exit with code 1 on a broken pipe
            console.print(renderable)
        text = _encode_for_terminal(captured.get())
        if not _is_terminal():  # the padding is of no use in a file
            text = "".join(f"{line.rstrip()}\n" for line in text.splitlines())
        click.echo(text, nl=False, file=console.file)


def print_table(columns: Sequence[Column]) -> None:
    """Print a table that fits the terminal; a file gets all of it."""
    width = create_stdout_console().width if _is_terminal() else None
    print_renderable(build_table(columns, width), width=_UNLIMITED_WIDTH)


def _is_terminal() -> bool:
    return sys.stdout is not None and sys.stdout.isatty()


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
    for host, count in fields.get("host_requests", {}).items():
        table.add_row(f"  to {host}", f"{count:,}")
    table.add_row("seconds", f"{report.seconds:.1f}")
    table.add_row("finished", format_current_time())
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
