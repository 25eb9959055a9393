"""Check the packages of files or of an environment, and print the result as a table, as Markdown or as JSON."""

import sys
from collections.abc import Sequence
from contextlib import nullcontext
from enum import Enum, auto
from pathlib import Path
from typing import Any

import click
from msgspec import to_builtins
from rich.text import Text

from ...adapters.environment import read_environment
from ...bootstrap import open_dependencies
from ...domain.errors import Invalid
from ...domain.requirement_files import ListedPackage, PackageList, decode_file, parse_requirement_file
from ...domain.upgrade import Status
from ...settings import Settings
from ...usecases.read.upgrade_check import UpgradeReport, check_requirements
from ..collection_option import Selection, suggest_collection
from ..config import read_settings
from ..exit_codes import ExitCode
from ..output import print_json, print_line, print_table
from ..tables import Column

_COLORS = {
    Status.BLOCKED: "red",
    Status.UPGRADE: "yellow",
    Status.UNKNOWN: "dim",
    Status.UNLISTED: "dim",
    Status.READY: "green",
}
# A larger file is not one that people write or tools make.
_MAX_FILE_BYTES = 20_000_000


class OutputFormat(Enum):
    """How the result is printed."""

    TABLE = auto()
    MARKDOWN = auto()
    JSON = auto()
    FEED = auto()


def run_check(
    selection: Selection,
    files: Sequence[str],
    environment: Path | None,
    *,
    goal: tuple[str, str],
    output: OutputFormat,
) -> ExitCode:
    """Check packages and print the result; `goal` is the release of the framework and of Python, "" for any."""
    listed = _read_packages(files, environment)
    settings = read_settings()
    target = selection.resolve(settings).target
    if output is OutputFormat.FEED and not settings.web_url:
        raise Invalid("--feed needs WEB_URL, the public URL of the site whose feeds are followed")
    with open_dependencies(settings, must_exist=True) as deps, suggest_collection(deps, target.collection):
        report = check_requirements(deps, target, listed, framework=goal[0], python=goal[1])
    for problem in report.problems:
        click.echo(f"Warning: {problem}", err=True)
    match output:
        case OutputFormat.JSON:
            print_json(to_dict(report))
        case OutputFormat.MARKDOWN:
            print_line(to_markdown(report))
        case OutputFormat.FEED:
            print_line(build_feed_url(target.collection, report, settings))
            return ExitCode.SUCCESS
        case OutputFormat.TABLE:
            print_table(_build_columns(report))
            print_line(format_summary(report))
    return ExitCode.PARTIAL if report.needs_changes else ExitCode.SUCCESS


def build_feed_url(collection: str, report: UpgradeReport, settings: Settings) -> str:
    """Return the URL of the site's feed of the checked packages; raises `Invalid` if there can be none."""
    from ...web import urls
    from ...web.pages.check import build_report_feed_path

    if not report.indexed_names:
        raise Invalid(f"the collection {collection} has none of the packages")
    with urls.use_root_path(settings.root_path):
        path = build_report_feed_path(collection, report)
        if not path:
            raise Invalid(f"{len(report.indexed_names)} packages are too many for the URL of a feed: check fewer files")
        return urls.strip_site_root(settings.web_url) + path


def to_dict(report: UpgradeReport) -> dict[str, Any]:
    """Return a report as printed as JSON."""
    return {
        "goal": report.goal.label,
        "is_ready": report.is_ready,
        "counts": {status.value: count for status, count in report.counts.items()},
        "packages": [
            to_builtins(package) | {"degree": None if package.degree is None else package.degree.label}
            for package in report.packages
        ],
        "problems": list(report.problems),
    }


def to_markdown(report: UpgradeReport) -> str:
    """Return a report in Markdown: a summary, and a table of the packages that are not ready."""
    lines = [f"### {format_summary(report)}", ""]
    rows = [package for package in report.packages if package.status is not Status.READY or package.notes]
    if rows:
        lines += ["| package | used | newest | status | details |", "|---|---|---|---|---|"]
    for package in rows:
        cells = (package.name, package.used, package.newest, package.action, "; ".join(package.details))
        lines.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') or '–' for cell in cells)} |")
    return "\n".join(lines)


def format_summary(report: UpgradeReport) -> str:
    """Return the result in one line: "Django 6.0: 12 packages: 1 blocked, 2 upgrade, 9 ready"."""
    counts = ", ".join(f"{count} {status.label}" for status, count in report.counts.items())
    total = len(report.packages)
    label = f"{report.goal.label}: " if report.goal.label else ""
    return f"{label}{total} {'package' if total == 1 else 'packages'}{': ' if counts else ''}{counts}"


def _read_packages(files: Sequence[str], environment: Path | None) -> PackageList:
    packages, problems = list[ListedPackage](), list[str]()
    lists = [parse_requirement_file(_to_name(name), read_text(name), read_text) for name in files]
    for listed in [*lists, *([read_environment(environment)] if environment else [])]:
        packages += listed.packages
        problems += listed.problems
    return PackageList(packages=tuple(packages), problems=tuple(problems))


def _to_name(name: str) -> str:
    return "stdin" if name == "-" else Path(name).as_posix()


def read_text(name: str) -> str:
    """Return the text of a file, or of stdin for "-"; raises `Invalid` if it can't be read."""
    try:
        with nullcontext(sys.stdin.buffer) if name == "-" else Path(name).open("rb") as file:
            data = file.read(_MAX_FILE_BYTES + 1)
        if len(data) > _MAX_FILE_BYTES:
            raise Invalid(f"{name}: larger than {_MAX_FILE_BYTES // 1_000_000} MB")
    except OSError as error:
        raise Invalid(f"{name}: {error.strerror}") from None
    return decode_file(name, data)


def _build_columns(report: UpgradeReport) -> list[Column]:
    packages = report.packages
    return [
        Column(header="package", cells=[Text(package.name) for package in packages]),
        Column(header="used", cells=[Text(package.used or "–") for package in packages], rank=1),
        Column(header="newest", cells=[Text(package.newest or "–") for package in packages], rank=3),
        Column(
            header="status",
            cells=[Text(package.action, style=_COLORS[package.status]) for package in packages],
        ),
        Column(
            header="health",
            cells=[Text("–" if package.health is None else str(package.health)) for package in packages],
            rank=4,
            is_numeric=True,
        ),
        Column(
            header="details",
            cells=[Text("\n".join(package.details)) for package in packages],
            rank=2,
            is_flexible=True,
            is_folded=True,
        ),
    ]
