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
from .hits import Flag, HitView, build_flags, build_hit_view, format_license
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
# Some packages list hundreds of keywords.
_MAX_KEYWORDS = 20
_ADVISORY_URL = "https://osv.dev/vulnerability/"


class Link(Struct, frozen=True, kw_only=True):
    """A link of the project."""

    label: str
    url: str


class TextLink(Struct, frozen=True, kw_only=True):
    """A maintainer, keyword or package with its page; `url` is "" for a package that the collection does not have."""

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


class ProjectView(Struct, frozen=True, kw_only=True):
    """View of a package's page."""

    hit: HitView
    released_ago: str
    flags: tuple[Flag, ...]
    is_quarantined: bool
    warning: str
    ended_reason: str
    successor: TextLink | None
    install: str
    readme: str
    health: HealthSection
    frameworks: tuple[Support, ...]
    pythons: tuple[Support, ...]
    admitted_pythons: tuple[Support, ...]
    python_evidence: tuple[str, ...]
    requires_python: str
    license: str
    membership_note: str
    matrix: MatrixSection | None
    releases: ReleasesSection
    bars: tuple[Bar, ...]
    downloads: tuple[Fact, ...]
    repository: tuple[Fact, ...]
    repository_url: str
    is_repository_doubtful: bool
    links: tuple[Link, ...]
    maintainers: tuple[TextLink, ...]
    authors: str
    advisories: tuple[AdvisoryView, ...]
    requirements: tuple[ExtraView, ...]
    dependents: tuple[HitView, ...]
    similar: tuple[HitView, ...]
    keywords: tuple[TextLink, ...]
    compare_url: str
    badge_url: str
    page_url: str


def build_project_view(collection: str, page: PackageDetails, now: float) -> ProjectView:
    """Build the view of a package; `now` in Unix seconds."""
    hit = page.hit
    return ProjectView(
        hit=replace(
            build_hit_view(collection, hit),
            summary=formatting.sanitize(hit.summary),
            version=formatting.single_line(hit.version),
        ),
        released_ago=formatting.time_ago(hit.uploaded, now),
        flags=build_flags(hit),
        is_quarantined=page.is_quarantined,
        warning=_format_warning(page),
        ended_reason=formatting.sanitize(page.successor.reason) if page.successor else "",
        successor=_build_successor(collection, page.successor),
        install=page.install,
        readme="" if page.is_quarantined else render_readme(page.description),
        health=build_health_section(page.health),
        frameworks=group_versions(hit.framework_versions),
        pythons=group_versions(hit.python_versions),
        admitted_pythons=group_versions(formatting.list_admitted(hit.python_versions, hit.supported_python_versions)),
        python_evidence=tuple(
            f"Python {support.version}: {support.degree}, {formatting.single_line(support.evidence)}"
            for support in page.python_support
        ),
        requires_python=formatting.single_line(page.requires_python),
        license=format_license(hit.license),
        membership_note=_MEMBERSHIP_NOTES.get(page.membership_reason, ""),
        matrix=build_matrix_section(page.compatibility),
        releases=build_releases_section(page.releases),
        bars=charts.build_bars(page.downloads.history),
        downloads=tuple(_build_download_facts(page)),
        repository=tuple(_build_repository_facts(page)),
        repository_url=page.repository.url if page.repository and not page.is_quarantined else "",
        is_repository_doubtful=bool(page.repository and page.repository.is_verified is False),
        links=tuple(
            Link(label=formatting.sanitize(link.label), url=link.url) for link in page.links if not page.is_quarantined
        ),
        maintainers=tuple(
            TextLink(
                text=formatting.sanitize(maintainer), url=urls.search_path(collection, [("maintainer", maintainer)])
            )
            for maintainer in page.maintainers
        ),
        authors=formatting.join_names(formatting.sanitize(author) for author in page.authors),
        advisories=tuple(_build_advisory(vulnerability) for vulnerability in page.vulnerabilities),
        requirements=_group_requirements(collection, page.requirements),
        dependents=tuple(build_hit_view(collection, dependent) for dependent in page.dependents),
        similar=tuple(build_hit_view(collection, similar) for similar in page.similar),
        keywords=tuple(
            TextLink(text=formatting.sanitize(keyword), url=urls.search_path(collection, [("q", keyword)]))
            for keyword in page.keywords[:_MAX_KEYWORDS]
        ),
        compare_url=urls.compare_path(collection),
        badge_url=urls.badge_path(collection, hit.name_normalized),
        page_url=urls.project_path(collection, hit.name_normalized),
    )


def _build_successor(collection: str, successor: Successor | None) -> TextLink | None:
    if successor is None or not successor.name:
        return None
    url = urls.project_path(collection, successor.indexed_name) if successor.indexed_name else ""
    return TextLink(text=formatting.single_line(successor.name), url=url)


def _format_warning(page: PackageDetails) -> str:
    if page.is_quarantined:
        return (
            "PyPI has quarantined this project because it may be malicious. "
            "Do not install it, and check machines on which it is installed."
        )
    if page.hit.yanked:
        reason = formatting.sanitize(page.yanked_reason)
        return f"The author has withdrawn this release{': ' + reason if reason else ''}."
    return ""


def _build_download_facts(page: PackageDetails) -> Iterable[Fact]:
    counts = page.downloads
    labeled_counts = (
        ("last day", counts.last_day),
        ("last week", counts.last_week),
        ("last month", counts.last_month),
        ("total", counts.total),
    )
    return (Fact(label=label, value=formatting.format_int(n)) for label, n in labeled_counts if n is not None)


def _build_repository_facts(page: PackageDetails) -> Iterable[Fact]:
    repository = page.repository
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
        id=formatting.single_line(vulnerability.id),
        url=_ADVISORY_URL + vulnerability.id if vulnerability.id.replace("-", "").isalnum() else "",
        fixed_in=formatting.join_names(map(formatting.single_line, vulnerability.fixed_in)),
    )


def _group_requirements(collection: str, requirements: Iterable[Requirement]) -> tuple[ExtraView, ...]:
    by_extra: dict[str, list[RequirementView]] = {}
    for requirement in requirements:
        view = RequirementView(
            name=formatting.single_line(requirement.line.name),
            versions=formatting.single_line(requirement.line.versions),
            condition="" if requirement.line.extras else formatting.single_line(requirement.line.condition),
            url=urls.project_path(collection, requirement.indexed_name) if requirement.indexed_name else "",
        )
        for extra in requirement.line.extras or ("",):
            by_extra.setdefault(formatting.single_line(extra), []).append(view)
    return tuple(ExtraView(extra=extra, requirements=tuple(views)) for extra, views in by_extra.items())
