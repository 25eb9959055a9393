"""The page that checks a pasted requirements or lock file; nothing of it is stored."""

from collections.abc import Sequence

from msgspec import Struct

from ...domain.documents.project import normalize_name
from ...domain.upgrade import CheckedPackage, Status
from ...usecases.read.upgrade_check import UpgradeReport
from .. import urls
from . import formatting

# Characters of a pasted text, which the response repeats.
MAX_TEXT_LENGTH = 60_000

_STATUS_CLASSES = {
    Status.BLOCKED: "poor",
    Status.UPGRADE: "fair",
    Status.UNKNOWN: "unknown",
    Status.UNLISTED: "unknown",
    Status.READY: "excellent",
}


class CheckRow(Struct, frozen=True, kw_only=True):
    """A package of the file; `url` is "" for a package that the collection does not have."""

    name: str
    url: str
    used: str
    newest: str
    status: str
    css_class: str
    health: str
    details: tuple[str, ...]


class CheckForm(Struct, frozen=True, kw_only=True):
    """What the form contains, and the releases that it offers."""

    text: str = ""
    to: str = ""
    python: str = ""
    frameworks: Sequence[str] = ()
    pythons: Sequence[str] = ()


class CheckView(Struct, frozen=True, kw_only=True):
    """The view of a report.

    Attributes:
        feed_url: The feed of the file's packages, "" if they are too many for a URL.
        has_packages: Whether the collection has any of the file's packages.
    """

    summary: str
    rows: tuple[CheckRow, ...]
    problems: tuple[str, ...]
    feed_url: str
    has_packages: bool


def build_check_view(collection: str, report: UpgradeReport) -> CheckView:
    """Build the view of a report."""
    counts = ", ".join(f"{count} {status.label}" for status, count in report.counts.items()) or "no packages"
    return CheckView(
        summary=f"{report.goal.label}: {counts}" if report.goal.label else counts,
        rows=tuple(_build_row(collection, package) for package in report.packages),
        problems=tuple(formatting.sanitize(problem) for problem in report.problems),
        feed_url=build_report_feed_path(collection, report),
        has_packages=bool(report.indexed_names),
    )


def build_report_feed_path(collection: str, report: UpgradeReport) -> str:
    """Return the path of the feed of a file's packages, "" if there are none, or too many for a URL."""
    goal = report.goal
    framework = f"{goal.framework} {goal.version}" if goal.version else ""
    return urls.build_packages_feed_path(collection, report.indexed_names, [("to", framework), ("python", goal.python)])


def _build_row(collection: str, package: CheckedPackage) -> CheckRow:
    return CheckRow(
        name=formatting.to_clean_line(package.name),
        url=urls.build_project_path(collection, normalize_name(package.name)) if package.newest else "",
        used=formatting.to_clean_line(package.used),
        newest=formatting.to_clean_line(package.newest),
        status=formatting.to_clean_line(package.action),
        css_class=_STATUS_CLASSES[package.status],
        health="" if package.health is None else str(package.health),
        details=tuple(formatting.sanitize(detail) for detail in package.details),
    )
