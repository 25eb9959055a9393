"""A project's page: everything about one package, for its template."""

from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from ...domain.release import Vulnerability
from ...usecases.project_page import ProjectPage, Requirement
from . import charts, paths, words
from .charts import Bar
from .flags import Flag, flags
from .health_part import HealthPart, health_part
from .hits import HitView, hit_view, short_license
from .readme import fitted
from .releases_part import MatrixPart, ReleasesPart, matrix_part, releases_part
from .support import Support, supports

_BECAUSE = {
    "classifier": "It carries a classifier of the framework.",
    "requires": "It requires the framework.",
    "name": "It is named after the framework, and requires one of its packages.",
    "include": "The profile names it.",
}
# Some packages carry a dictionary.
_MOST_KEYWORDS = 20
_HOST_OF_ADVISORIES = "https://osv.dev/vulnerability/"


class Link(Struct, frozen=True, kw_only=True):
    """A link that the project gives."""

    label: str
    url: str


class Word(Struct, frozen=True, kw_only=True):
    """A name or a keyword, and the list of packages that share it."""

    text: str
    address: str


class RequirementView(Struct, frozen=True, kw_only=True):
    """A requirement; `address` leads to its page, "" where it is in no collection here."""

    name: str
    versions: str
    condition: str
    address: str


class ExtraView(Struct, frozen=True, kw_only=True):
    """What is required for an extra, "" for what always is."""

    extra: str
    requirements: tuple[RequirementView, ...]


class AdvisoryView(Struct, frozen=True, kw_only=True):
    """An advisory, with its other names and the versions that it is fixed in."""

    id: str
    url: str
    aliases: str
    fixed_in: str


class Fact(Struct, frozen=True, kw_only=True):
    """A number about the project, and what it counts."""

    label: str
    value: str
    more: str = ""


class ProjectView(Struct, frozen=True, kw_only=True):
    """A project as its template shows it."""

    hit: HitView
    ago: str
    flags: tuple[Flag, ...]
    is_quarantined: bool
    warning: str
    install: str
    readme: str
    health: HealthPart
    frameworks: tuple[Support, ...]
    pythons: tuple[Support, ...]
    requires_python: str
    license: str
    why_here: str
    first: str
    matrix: MatrixPart | None
    releases: ReleasesPart
    bars: tuple[Bar, ...]
    downloads: tuple[Fact, ...]
    repository: tuple[Fact, ...]
    repository_url: str
    repository_doubt: bool
    links: tuple[Link, ...]
    maintainers: tuple[Word, ...]
    authors: str
    advisories: tuple[AdvisoryView, ...]
    requirements: tuple[ExtraView, ...]
    dependents: tuple[HitView, ...]
    similar: tuple[HitView, ...]
    keywords: tuple[Word, ...]
    compare: str
    badge: str
    page: str


def project_view(shelf: str, page: ProjectPage, now: float) -> ProjectView:
    """Return a project for its template; `now` in Unix seconds."""
    hit = page.hit
    return ProjectView(
        hit=replace(hit_view(shelf, hit), summary=words.told(hit.summary), version=words.legible(hit.version)),
        ago=words.ago(hit.uploaded, now),
        flags=flags(hit),
        is_quarantined=page.is_quarantined,
        warning=_warning(page),
        install=page.install,
        readme="" if page.is_quarantined else fitted(page.description),
        health=health_part(page.health),
        frameworks=supports(hit.framework_versions),
        pythons=supports(hit.python_versions),
        requires_python=words.legible(page.requires_python),
        license=short_license(hit.license),
        why_here=_BECAUSE.get(page.why_here, ""),
        first=words.date(page.first_uploaded),
        matrix=matrix_part(page.compatibility),
        releases=releases_part(page.releases),
        bars=charts.bars(page.downloads.history),
        downloads=tuple(_downloads(page)),
        repository=tuple(_repository(page)),
        repository_url=page.repository.url if page.repository else "",
        repository_doubt=bool(page.repository and page.repository.is_verified is False),
        links=tuple(Link(label=words.told(each.label), url=each.url) for each in page.links if not page.is_quarantined),
        maintainers=tuple(
            Word(text=words.told(each), address=paths.search(shelf, [("maintainer", each)]))
            for each in page.maintainers
        ),
        authors=words.listed(words.told(each) for each in page.authors),
        advisories=tuple(_advisory(each) for each in page.vulnerabilities),
        requirements=_requirements(shelf, page.requirements),
        dependents=tuple(hit_view(shelf, each) for each in page.dependents),
        similar=tuple(hit_view(shelf, each) for each in page.similar),
        keywords=tuple(
            Word(text=words.told(each), address=paths.search(shelf, [("q", each)]))
            for each in page.keywords[:_MOST_KEYWORDS]
        ),
        compare=paths.comparison(shelf),
        badge=paths.badge(shelf, hit.name_normalized),
        page=paths.project(shelf, hit.name_normalized),
    )


def _warning(page: ProjectPage) -> str:
    if page.is_quarantined:
        return (
            "PyPI has put this project into quarantine: its administrators suspect that it does harm. "
            "Do not install it, and look at machines that have."
        )
    if page.hit.yanked:
        reason = words.told(page.yanked_reason)
        return f"Its author has withdrawn this release{': ' + reason if reason else ''}."
    return ""


def _downloads(page: ProjectPage) -> Iterable[Fact]:
    counts = page.downloads
    named = (
        ("last day", counts.last_day),
        ("last week", counts.last_week),
        ("last month", counts.last_month),
        ("in all", counts.total),
    )
    return (Fact(label=label, value=words.exactly(n)) for label, n in named if n is not None)


def _repository(page: ProjectPage) -> Iterable[Fact]:
    told = page.repository
    if told is None:
        return
    for label, number in (("Stars", told.stars), ("Forks", told.forks), ("Open issues", told.open_issues)):
        if number is not None:
            yield Fact(label=label, value=words.exactly(number))
    if told.last_commit:
        yield Fact(label="Last commit", value=words.date(told.last_commit))


def _advisory(told: Vulnerability) -> AdvisoryView:
    return AdvisoryView(
        id=words.legible(told.id),
        url=_HOST_OF_ADVISORIES + told.id if told.id.replace("-", "").isalnum() else "",
        aliases=words.listed(map(words.legible, told.aliases)),
        fixed_in=words.listed(map(words.legible, told.fixed_in)),
    )


def _requirements(shelf: str, requirements: Iterable[Requirement]) -> tuple[ExtraView, ...]:
    by_extra: dict[str, list[RequirementView]] = {}
    for each in requirements:
        view = RequirementView(
            name=words.legible(each.line.name),
            versions=words.legible(each.line.versions),
            condition="" if each.line.extras else words.legible(each.line.condition),
            address=paths.project(shelf, each.inside) if each.inside else "",
        )
        for extra in each.line.extras or ("",):
            by_extra.setdefault(words.legible(extra), []).append(view)
    return tuple(ExtraView(extra=extra, requirements=tuple(views)) for extra, views in by_extra.items())
