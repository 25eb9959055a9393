"""The page of a package."""

from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from ...domain.documents.project import Vulnerability
from ...usecases.read.package import PackageDetails, Requirement, Successor
from .. import urls
from . import charts, formatting
from .charts import Bar
from .formatting import Support, group_versions
from .history import HistorySection, build_history_section
from .hits import Flag, HitView, build_flags, build_hit_view
from .project_sections import (
    HealthSection,
    MatrixSection,
    ReleasesSection,
    build_health_section,
    build_matrix_section,
    build_releases_section,
)
from .readme import render_readme

_MEMBERSHIP_NOTES = {
    "classifier": "it has a classifier of the framework",
    "requires": "it requires the framework",
    "name": "its name and its requirements match the framework",
    "include": "the profile includes it",
}
_ADVISORY_URL = "https://osv.dev/vulnerability/"


class TextLink(Struct, frozen=True, kw_only=True):
    """A package with its page; `url` is "" for a package that the collection does not have."""

    text: str
    url: str


class RequirementView(Struct, frozen=True, kw_only=True):
    """A requirement; `url` is "" if the package is not in the collection."""

    name: str
    versions: str
    condition: str
    url: str


class ExtraView(Struct, frozen=True, kw_only=True):
    """The requirements of an extra; the extra "" stands for unconditional ones."""

    extra: str
    requirements: tuple[RequirementView, ...]


class AdvisoryView(Struct, frozen=True, kw_only=True):
    """A security advisory."""

    id: str
    url: str
    fixed_in: str


class Fact(Struct, frozen=True, kw_only=True):
    """A labeled number."""

    label: str
    value: str


class PackageView(Struct, frozen=True, kw_only=True):
    """What a package's page shows and `PackageDetails` does not have; the template displays the rest of these."""

    hit: HitView
    released_ago: str
    flags: tuple[Flag, ...]
    warning: str
    successor: TextLink | None
    readme: str
    health: HealthSection
    frameworks: tuple[Support, ...]
    pythons: tuple[Support, ...]
    admitted_pythons: tuple[Support, ...]
    membership_note: str
    history: HistorySection | None
    matrix: MatrixSection | None
    releases: ReleasesSection
    bars: tuple[Bar, ...]
    downloads: tuple[Fact, ...]
    repository: tuple[Fact, ...]
    advisories: tuple[AdvisoryView, ...]
    requirements: tuple[ExtraView, ...]
    dependents: tuple[HitView, ...]
    similar: tuple[HitView, ...]
    badge_url: str
    releases_url: str
    feed_url: str


def build_package_view(collection: str, package: PackageDetails, now: float) -> PackageView:
    """Build the view of a package; `now` in Unix seconds."""
    hit = package.hit
    return PackageView(
        hit=replace(
            build_hit_view(collection, hit),
            summary=formatting.sanitize(hit.summary),
            version=formatting.to_clean_line(hit.version),
        ),
        released_ago=formatting.format_time_ago(hit.uploaded, now),
        flags=build_flags(hit),
        warning=_format_warning(package),
        successor=_build_successor(collection, package.successor),
        readme="" if package.is_quarantined else render_readme(package.description),
        health=build_health_section(package.health),
        frameworks=group_versions(hit.framework_versions),
        pythons=group_versions(hit.python_versions),
        admitted_pythons=group_versions(formatting.list_admitted(hit.python_versions, hit.supported_python_versions)),
        membership_note=_MEMBERSHIP_NOTES.get(package.membership_reason, ""),
        history=build_history_section(package.history),
        matrix=build_matrix_section(package.compatibility),
        releases=build_releases_section(package.releases),
        bars=charts.build_bars(package.downloads.history),
        downloads=tuple(_build_download_facts(package)),
        repository=tuple(_build_repository_facts(package)),
        advisories=tuple(_build_advisory(vulnerability) for vulnerability in package.vulnerabilities),
        requirements=_group_requirements(collection, package.requirements),
        dependents=tuple(build_hit_view(collection, dependent) for dependent in package.dependents),
        similar=tuple(build_hit_view(collection, similar) for similar in package.similar),
        badge_url=urls.build_badge_path(collection, hit.name_normalized),
        releases_url=urls.build_releases_path(collection, hit.name_normalized),
        feed_url=urls.build_package_feed_path(collection, hit.name_normalized),
    )


def _build_successor(collection: str, successor: Successor | None) -> TextLink | None:
    if successor is None or not successor.name:
        return None
    url = urls.build_project_path(collection, successor.indexed_name) if successor.indexed_name else ""
    return TextLink(text=formatting.to_clean_line(successor.name), url=url)


def _format_warning(package: PackageDetails) -> str:
    if package.is_quarantined:
        return (
            "PyPI has quarantined this project because it may be malicious. "
            "Do not install it, and check machines on which it is installed."
        )
    if package.hit.yanked:
        reason = formatting.sanitize(package.yanked_reason)
        return f"The author has withdrawn this release{': ' + reason if reason else ''}."
    return ""


def _build_download_facts(package: PackageDetails) -> Iterable[Fact]:
    counts = package.downloads
    labeled_counts = (
        ("last day", counts.last_day),
        ("last week", counts.last_week),
        ("last month", counts.last_month),
        ("total", counts.total),
    )
    return (Fact(label=label, value=formatting.format_int(n)) for label, n in labeled_counts if n is not None)


def _build_repository_facts(package: PackageDetails) -> Iterable[Fact]:
    repository = package.repository
    if repository is None:
        return
    for label, number in (
        ("Stars", repository.stars),
        ("Forks", repository.forks),
        ("Open issues", repository.open_issues),
    ):
        if number is not None:
            yield Fact(label=label, value=formatting.format_int(number))
    if repository.last_commit:
        yield Fact(label="Last commit", value=formatting.format_date(repository.last_commit))


def _build_advisory(vulnerability: Vulnerability) -> AdvisoryView:
    return AdvisoryView(
        id=formatting.to_clean_line(vulnerability.id),
        url=_ADVISORY_URL + vulnerability.id if vulnerability.id.replace("-", "").isalnum() else "",
        fixed_in=formatting.join_names(map(formatting.to_clean_line, vulnerability.fixed_in)),
    )


def _group_requirements(collection: str, requirements: Iterable[Requirement]) -> tuple[ExtraView, ...]:
    by_extra: dict[str, list[RequirementView]] = {}
    for requirement in requirements:
        view = RequirementView(
            name=formatting.to_clean_line(requirement.line.name),
            versions=formatting.to_clean_line(requirement.line.versions),
            condition="" if requirement.line.extras else formatting.to_clean_line(requirement.line.condition),
            url=urls.build_project_path(collection, requirement.indexed_name) if requirement.indexed_name else "",
        )
        for extra in requirement.line.extras or ("",):
            by_extra.setdefault(formatting.to_clean_line(extra), []).append(view)
    return tuple(ExtraView(extra=extra, requirements=tuple(views)) for extra, views in by_extra.items())
