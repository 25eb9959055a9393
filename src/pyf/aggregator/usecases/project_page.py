"""All of one project for one page: what the index holds of it, and who around it has to do with it."""

from msgspec import Struct

from ..domain.addresses import html_without_addresses, without_addresses
from ..domain.collection import Tombstone
from ..domain.document import Document
from ..domain.errors import NotFound
from ..domain.project import ProjectStatus, normalized
from ..domain.project_links import ProjectLink, links_for_readers
from ..domain.release import Vulnerability
from ..domain.requirement_lines import RequirementLine, requirement_lines
from ..domain.search import Hit
from ..domain.support_matrix import SupportMatrix
from ..ports import Services
from .page_parts import (
    DownloadCounts,
    HealthReport,
    ReleaseLine,
    Repository,
    authors,
    download_counts,
    first_upload,
    health_report,
    matrix,
    presentable,
    release_lines,
    repository,
    shown_hit,
)
from .search import hidden
from .target import Target
from .withheld import without_places

# Of those around a project, so many are shown.
MOST_DEPENDENTS, MOST_SIMILAR = 30, 8


class Left(NotFound):
    """A project that was in the collection once; the tombstone says when it left, and why."""

    def __init__(self, name: str, tombstone: Tombstone) -> None:
        super().__init__(f"{name} is not in the index any more: {tombstone.reason}")
        self.tombstone = tombstone


class Requirement(Struct, frozen=True, kw_only=True):
    """A requirement; `inside` is the normalised name of a project of the same collection, "" for one outside of it."""

    line: RequirementLine
    inside: str


class ProjectPage(Struct, frozen=True, kw_only=True):
    """One project.

    `hit` is what lists show of it; `description` its README as safe HTML; `install` the line that installs it. A
    quarantined one has none of these two, no links, and no address in any text: nobody must install it, or go where it
    leads. `first_uploaded`
    is in Unix seconds. `why_here` says why it is in the collection, in the words of `member_because`.
    """

    hit: Hit
    is_quarantined: bool
    install: str
    description: str
    keywords: tuple[str, ...]
    classifiers: tuple[str, ...]
    requires_python: str
    yanked_reason: str
    first_uploaded: int
    why_here: str
    health: HealthReport
    compatibility: SupportMatrix
    releases: tuple[ReleaseLine, ...]
    downloads: DownloadCounts
    repository: Repository | None
    links: tuple[ProjectLink, ...]
    maintainers: tuple[str, ...]
    authors: tuple[str, ...]
    vulnerabilities: tuple[Vulnerability, ...]
    requirements: tuple[Requirement, ...]
    dependents: tuple[Hit, ...]
    similar: tuple[Hit, ...]


def project_page(services: Services, target: Target, name: str) -> ProjectPage:
    """Return a project by any spelling of its name, quarantined ones included.

    Raises `Left` for one that has left the collection, `NotFound` for one that never was in it or is hidden.
    """
    not_shown = hidden(services, target)
    documents = held_or_raise(services, target, name, not_shown)
    newest = documents[0].registry
    own, collection, search = newest.name_normalized, target.collection, services.search
    is_quarantined = newest.project_status == ProjectStatus.QUARANTINED
    address = repository(documents[0])
    dependents = search.dependents(collection, own, limit=MOST_DEPENDENTS, hidden=not_shown)
    similar = search.similar(collection, own, limit=MOST_SIMILAR, hidden=not_shown)
    page = ProjectPage(
        hit=shown_hit(documents[0]),
        is_quarantined=is_quarantined,
        install="" if is_quarantined else f"pip install {newest.name}",
        description="" if is_quarantined else html_without_addresses(newest.description),
        keywords=tuple(without_addresses(word) for word in newest.keywords),
        classifiers=newest.classifiers,
        requires_python=newest.requires_python,
        yanked_reason=without_addresses(newest.yanked_reason),
        first_uploaded=first_upload(document.registry for document in documents),
        why_here=newest.member_because,
        health=health_report(services, documents),
        compatibility=matrix(services, documents),
        releases=release_lines(documents),
        downloads=download_counts(documents[0]),
        repository=address,
        links=() if is_quarantined else links_for_readers(newest, address.url if address else ""),
        maintainers=tuple(without_addresses(each) for each in newest.maintainers),
        authors=authors(newest),
        vulnerabilities=newest.vulnerabilities,
        requirements=_requirements(services, target, newest.requires_dist, not_shown),
        dependents=tuple(presentable(hit) for hit in dependents if hit.name_normalized != own),
        similar=tuple(presentable(hit) for hit in similar),
    )
    return without_places(page) if is_quarantined else page


def releases(services: Services, target: Target, name: str) -> tuple[ReleaseLine, ...]:
    """Return the releases of a project, the highest version first; raises as `project_page` does."""
    documents = held_or_raise(services, target, name, hidden(services, target))
    lines = release_lines(documents)
    is_quarantined = documents[0].registry.project_status == ProjectStatus.QUARANTINED
    return tuple(map(without_places, lines)) if is_quarantined else lines


def at_a_glance(services: Services, target: Target, name: str) -> Hit:
    """Return what lists show of a project, quarantined ones included; raises as `project_page` does."""
    hit = shown_hit(held_or_raise(services, target, name, hidden(services, target))[0])
    return without_places(hit) if hit.project_status == ProjectStatus.QUARANTINED else hit


def held_or_raise(services: Services, target: Target, name: str, not_shown: frozenset[str]) -> list[Document]:
    """Return the documents of a project that is shown, the newest first, one at least."""
    absent = NotFound(f"there is no {name} in {target.collection}")
    if normalized(name) in not_shown:
        raise absent
    documents = services.index.documents(target.collection, name)
    if not documents:
        tombstone = services.index.tombstone(target.collection, name)
        raise absent if tombstone is None else Left(name, tombstone)
    return list(documents)


def _requirements(
    services: Services, target: Target, requires_dist: tuple[str, ...], not_shown: frozenset[str]
) -> tuple[Requirement, ...]:
    lines = requirement_lines(requires_dist)
    named = dict.fromkeys(line.name_normalized for line in lines)
    inside = {hit.name_normalized for hit in services.search.pick(target.collection, named, hidden=not_shown)}
    return tuple(
        Requirement(line=line, inside=line.name_normalized if line.name_normalized in inside else "") for line in lines
    )
