"""Read one package: its documents, its page, its releases, and related packages.

Texts of a quarantined package contain no URL: its links may point to malware.
"""

from collections.abc import Sequence
from typing import Any, TypeVar

from msgspec import UNSET, Struct, convert, to_builtins

from ...domain.collection import Tombstone
from ...domain.documents.document import Document
from ...domain.documents.project import ProjectStatus, Vulnerability, normalize_name
from ...domain.documents.project_links import ProjectLink, list_public_links
from ...domain.email_masking import mask_emails, mask_emails_in_html, mask_links
from ...domain.errors import NotFound
from ...domain.history import HistoryMonth, build_history
from ...domain.membership.requirements import RequirementLine, parse_requirement_lines
from ...domain.readme.relative_links import build_readme_base, resolve_relative_urls
from ...domain.replacement import find_replacement
from ...domain.search import Hit
from ...domain.support.matrix import SupportMatrix
from ...domain.text import join_last
from ...ports import Dependencies
from ..collections.target import Target, build_not_found_error, require_state
from .package_views import (
    DownloadCounts,
    HealthReport,
    PythonSupport,
    ReleaseSummary,
    RepositoryStats,
    build_compatibility,
    build_download_counts,
    build_health_report,
    build_python_support,
    build_release_summaries,
    build_repository_stats,
    find_first_upload,
    list_authors,
    prepare_hits,
    to_display_hit,
)
from .search import get_hidden_names

StructT = TypeVar("StructT", bound=Struct)

# Fields whose URLs are not the package's own: explanations of rules, and other packages.
_TRUSTED_KEYS = frozenset({"read_more", "dependents", "similar"})

# How many related packages are displayed.
MAX_DEPENDENTS, MAX_SIMILAR = 30, 8


def strip_urls(struct: StructT) -> StructT:
    """Return a struct without URLs in its texts; a field `url` becomes ""."""
    return convert(_strip_value(to_builtins(struct)), type(struct))


def _strip_value(value: Any) -> Any:
    match value:
        case str():
            return mask_links(value)
        case dict():
            return {
                key: "" if key == "url" else item if key in _TRUSTED_KEYS else _strip_value(item)
                for key, item in value.items()
            }
        case list() | tuple():
            return [_strip_value(item) for item in value]
        case _:
            return value


def get_package_documents(deps: Dependencies, target: Target, name: str) -> Sequence[dict[str, Any]]:
    """Return the documents of a package as mappings, the newest first, by any spelling of its name.

    Raises:
        NotFound: If the collection does not have the package; the message has the reason if it was removed.
    """
    return [document.to_dict() for document in require_documents(deps, target, name)]


def require_documents(deps: Dependencies, target: Target, name: str) -> Sequence[Document]:
    """Return the documents of a package, the newest first; raises `NotFound` if there are none."""
    require_state(deps, target)
    documents = deps.index.get_project_documents(target.collection, name)
    if documents:
        return documents
    raise build_not_found_error(deps, target, name)


class ProjectRemoved(NotFound):
    """A package that was removed from the collection; the tombstone has the time and the reason."""

    def __init__(self, name: str, tombstone: Tombstone) -> None:
        super().__init__(f"{name} was removed from the index: {tombstone.reason}")
        self.tombstone = tombstone


class Requirement(Struct, frozen=True, kw_only=True):
    """A requirement; `indexed_name` is the normalized name if the collection has the package, else ""."""

    line: RequirementLine
    indexed_name: str


class Successor(Struct, frozen=True, kw_only=True):
    """Why a package has ended, and what replaces it: `name` is "" if nothing is known to.

    Attributes:
        indexed_name: The normalized name of the replacement if the collection has it, else "".
        reason: A clause with the source.
    """

    name: str
    indexed_name: str
    reason: str


class PackageDetails(Struct, frozen=True, kw_only=True):
    """A package; a quarantined one has no install command, no description, no links, and no URL in any text.

    Attributes:
        hit: What lists display of it.
        install: The command that installs it.
        description: Its README as safe HTML.
        first_uploaded: Unix time of its first release.
        membership_reason: Why it is in the collection (`MembershipReason`).
        successor: None for a package that has not ended.
    """

    hit: Hit
    successor: Successor | None
    is_quarantined: bool
    install: str
    description: str
    keywords: tuple[str, ...]
    classifiers: tuple[str, ...]
    requires_python: str
    python_support: tuple[PythonSupport, ...]
    yanked_reason: str
    first_uploaded: int
    membership_reason: str
    health: HealthReport
    compatibility: SupportMatrix
    releases: tuple[ReleaseSummary, ...]
    downloads: DownloadCounts
    repository: RepositoryStats | None
    history: tuple[HistoryMonth, ...]
    links: tuple[ProjectLink, ...]
    maintainers: tuple[str, ...]
    authors: tuple[str, ...]
    vulnerabilities: tuple[Vulnerability, ...]
    requirements: tuple[Requirement, ...]
    dependents: tuple[Hit, ...]
    similar: tuple[Hit, ...]


def get_package(deps: Dependencies, target: Target, name: str) -> PackageDetails:
    """Return a package by any spelling of its name, even if it is quarantined.

    Raises:
        ProjectRemoved: If it was removed from the collection.
        NotFound: If it never was in the collection, or is hidden.
    """
    hidden_names = get_hidden_names(deps, target)
    documents = get_visible_documents(deps, target, name, hidden_names)
    newest_release = documents[0].registry
    own_name, collection, search = newest_release.name_normalized, target.collection, deps.search
    is_quarantined = newest_release.project_status == ProjectStatus.QUARANTINED
    repository_stats = build_repository_stats(documents[0])
    dependents = search.find_dependents(collection, own_name, limit=MAX_DEPENDENTS, hidden=hidden_names)
    similar = search.find_similar(collection, own_name, limit=MAX_SIMILAR, hidden=hidden_names)
    package = PackageDetails(
        hit=to_display_hit(deps, documents[0]),
        successor=_find_successor(deps, target, documents[0], hidden_names),
        is_quarantined=is_quarantined,
        install="" if is_quarantined else f"pip install {newest_release.name}",
        description="" if is_quarantined else mask_emails_in_html(_resolve_readme(documents[0])),
        keywords=tuple(mask_emails(word) for word in newest_release.keywords),
        classifiers=newest_release.classifiers,
        requires_python=newest_release.requires_python,
        python_support=build_python_support(newest_release),
        yanked_reason=mask_emails(newest_release.yanked_reason),
        first_uploaded=find_first_upload(document.registry for document in documents),
        membership_reason=newest_release.membership_reason,
        health=build_health_report(deps, documents),
        compatibility=build_compatibility(deps, documents),
        releases=build_release_summaries(documents),
        downloads=build_download_counts(documents[0]),
        repository=repository_stats,
        history=build_history(documents),
        links=()
        if is_quarantined
        else list_public_links(newest_release, repository_stats.url if repository_stats else ""),
        maintainers=tuple(mask_emails(maintainer) for maintainer in newest_release.maintainers),
        authors=list_authors(newest_release),
        vulnerabilities=newest_release.vulnerabilities,
        requirements=_build_requirements(deps, target, newest_release.requires_dist, hidden_names),
        dependents=prepare_hits(deps, (hit for hit in dependents if hit.name_normalized != own_name)),
        similar=prepare_hits(deps, similar),
    )
    return strip_urls(package) if is_quarantined else package


def _find_successor(
    deps: Dependencies, target: Target, newest: Document, hidden_names: frozenset[str]
) -> Successor | None:
    replacement = find_replacement(newest.registry, newest.repository, deps.load_replacements())
    if replacement is None:
        return None
    names = [normalize_name(replacement.name)] if replacement.name else []
    hits = deps.search.get_hits(target.collection, names, hidden=hidden_names)
    return Successor(
        name=mask_emails(replacement.name),
        indexed_name=next((hit.name_normalized for hit in hits), ""),
        reason=mask_emails(replacement.reason),
    )


def list_releases(deps: Dependencies, target: Target, name: str) -> tuple[ReleaseSummary, ...]:
    """Return the releases of a package, the highest version first; raises as `get_package` does."""
    documents = get_visible_documents(deps, target, name, get_hidden_names(deps, target))
    summaries = build_release_summaries(documents)
    is_quarantined = documents[0].registry.project_status == ProjectStatus.QUARANTINED
    return tuple(map(strip_urls, summaries)) if is_quarantined else summaries


def count_dependents(deps: Dependencies, target: Target, name: str, *, limit: int) -> int:
    """Count the packages of a collection that require a package, up to a limit; raises as `get_package` does."""
    hidden_names = get_hidden_names(deps, target)
    own_name = get_visible_documents(deps, target, name, hidden_names)[0].registry.name_normalized
    hits = deps.search.find_dependents(target.collection, own_name, limit=limit, hidden=hidden_names | {own_name})
    return len(hits)


def get_summary(deps: Dependencies, target: Target, name: str) -> Hit:
    """Return the data of a package that lists display, even if it is quarantined; raises as `get_package` does."""
    hit = to_display_hit(deps, get_visible_documents(deps, target, name, get_hidden_names(deps, target))[0])
    return strip_urls(hit) if hit.project_status == ProjectStatus.QUARANTINED else hit


class PublishedRelease(Struct, frozen=True, kw_only=True):
    """A release with files; `uploaded` is a Unix time."""

    name: str
    name_normalized: str
    version: str
    summary: str
    uploaded: int


def list_published_releases(
    deps: Dependencies, target: Target, names: Sequence[str], *, limit: int
) -> list[PublishedRelease]:
    """Return the latest releases of some packages, in any spelling, without hidden and quarantined packages.

    Raises:
        NotFound: If the collection has none of the packages.
    """
    visible_names = {normalize_name(name) for name in names} - get_hidden_names(deps, target)
    documents_by_name = deps.index.get_documents(target.collection, visible_names)
    if not documents_by_name:
        raise NotFound(f"the collection {target.collection} has none of these packages: {join_last(names)}")
    releases = [
        PublishedRelease(
            name=release.name,
            name_normalized=release.name_normalized,
            version=release.version,
            summary=mask_emails(release.summary),
            uploaded=release.upload_timestamp,
        )
        for documents in documents_by_name.values()
        for release in documents
        if release.upload_timestamp and release.project_status != ProjectStatus.QUARANTINED
    ]
    return sorted(releases, key=lambda release: (-release.uploaded, release.name_normalized, release.version))[:limit]


def get_visible_documents(
    deps: Dependencies, target: Target, name: str, hidden_names: frozenset[str]
) -> list[Document]:
    """Return the documents of a visible package, the newest first; raises as `get_package` does."""
    not_found = NotFound(f"{name} is not in the collection {target.collection}")
    if normalize_name(name) in hidden_names:
        raise not_found
    documents = deps.index.get_project_documents(target.collection, name)
    if not documents:
        tombstone = deps.index.get_tombstone(target.collection, name)
        raise not_found if tombstone is None else ProjectRemoved(name, tombstone)
    return list(documents)


def _resolve_readme(newest: Document) -> str:
    """Return the README with its relative URLs resolved against the repository, if that is verified."""
    registry, repository = newest.registry, newest.repository
    base = None
    if repository is not UNSET and repository.repository_url and repository.repository_verified is True:
        base = build_readme_base(
            repository.repository_url,
            version=registry.version,
            latest_tag=repository.repository_latest_release or "",
            links=(*registry.project_urls.values(), registry.home_page),
        )
    return resolve_relative_urls(registry.description, base)


def _build_requirements(
    deps: Dependencies, target: Target, requires_dist: tuple[str, ...], hidden_names: frozenset[str]
) -> tuple[Requirement, ...]:
    lines = parse_requirement_lines(requires_dist)
    required_names = dict.fromkeys(line.name_normalized for line in lines)
    indexed_names = {
        hit.name_normalized for hit in deps.search.get_hits(target.collection, required_names, hidden=hidden_names)
    }
    return tuple(
        Requirement(line=line, indexed_name=line.name_normalized if line.name_normalized in indexed_names else "")
        for line in lines
    )
