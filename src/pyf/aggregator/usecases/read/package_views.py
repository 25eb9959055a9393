"""What is shown of a project: its parts, without e-mail addresses, made from what the index holds."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from msgspec import UNSET, Struct
from msgspec.structs import replace

from ...domain.documents.document import Document, Enrichments
from ...domain.documents.schema import RegistryFields
from ...domain.documents.version import to_version_key
from ...domain.email_masking import mask_emails, parse_person_names
from ...domain.health.score import AppliedCap, Finding, Score
from ...domain.search import HealthBand, Hit, to_health_band, to_hit
from ...domain.support_matrix import SupportMatrix, build_support_matrix
from ...ports import Dependencies
from ..enrich.scores import score_project

# Who has no name for a licence may have put its whole text.
_MAX_LICENSE_LENGTH = 60


class HealthGroup(Struct, frozen=True, kw_only=True):
    """The findings of a group of rules, and the names of those whose facts are not known."""

    name: str
    points: float
    max_points: float
    findings: tuple[Finding, ...]
    unknown: tuple[str, ...]


class HealthReport(Struct, frozen=True, kw_only=True):
    """A score as of now, None where no rule could judge, as a word as well, and all that led to it.

    `uncapped` is what the rules give, before the caps.
    """

    score: int | None
    band: HealthBand
    uncapped: int | None
    model: str
    confidence: float
    groups: tuple[HealthGroup, ...]
    caps: tuple[AppliedCap, ...]


class ReleaseSummary(Struct, frozen=True, kw_only=True):
    """A release in the course of a project; `uploaded` in Unix seconds, 0 for one without files, `size` in bytes."""

    version: str
    uploaded: int
    is_newest: bool
    is_prerelease: bool
    yanked: bool
    yanked_reason: str
    requires_python: str
    framework_versions: tuple[str, ...]
    python_versions: tuple[str, ...]
    files: int
    size: int
    has_wheel: bool


class RepositoryStats(Struct, frozen=True, kw_only=True):
    """What is known of a project's repository; times in Unix seconds, None for what nobody knows."""

    url: str
    is_verified: bool | None
    stars: int | None
    watchers: int | None
    forks: int | None
    open_issues: int | None
    open_pull_requests: int | None
    last_commit: int | None
    is_archived: bool | None


class DownloadCounts(Struct, frozen=True, kw_only=True):
    """How often a project is downloaded; `history` is by month (`2026-01`), oldest first, None is what nobody knows."""

    last_day: int | None
    last_week: int | None
    last_month: int | None
    total: int | None
    history: dict[str, int]


def build_health_report(deps: Dependencies, documents: Sequence[Document]) -> HealthReport:
    """Score a project as of now; `documents` are all of its own, the newest first."""
    newest_release = documents[0]
    enrichments = Enrichments(
        repository=newest_release.repository, downloads=newest_release.downloads, health=newest_release.health
    )
    return _to_health_report(score_project(deps, [document.registry for document in documents], enrichments))


def build_compatibility(deps: Dependencies, documents: Sequence[Document]) -> SupportMatrix:
    """Return which releases support what, as of now."""
    today = datetime.fromtimestamp(deps.now(), UTC).date()
    return build_support_matrix([document.registry for document in documents], deps.scoring_config, today)


def build_release_summaries(documents: Iterable[Document]) -> tuple[ReleaseSummary, ...]:
    """Return the releases of a project, the highest version first."""
    ordered_documents = sorted(documents, key=lambda document: to_version_key(document.registry.version), reverse=True)
    return tuple(_to_release_summary(each.registry) for each in ordered_documents)


def build_repository_stats(document: Document) -> RepositoryStats | None:
    """Return what is known of a project's repository, None where none is known."""
    fields = document.repository
    if fields is UNSET or fields.github_url is UNSET:
        return None
    return RepositoryStats(
        url=fields.github_url,
        is_verified=None if fields.github_verified is UNSET else fields.github_verified,
        stars=_to_int_or_none(fields.github_stars),
        watchers=_to_int_or_none(fields.github_watchers),
        forks=_to_int_or_none(fields.github_forks),
        open_issues=_to_int_or_none(fields.github_open_issues),
        open_pull_requests=_to_int_or_none(fields.github_open_pull_requests),
        last_commit=_to_int_or_none(fields.github_last_commit),
        is_archived=None if fields.github_archived is UNSET else fields.github_archived,
    )


def build_download_counts(document: Document) -> DownloadCounts:
    """Return how often a project is downloaded, as far as that is known."""
    fields = document.downloads
    if fields is UNSET:
        return DownloadCounts(last_day=None, last_week=None, last_month=None, total=None, history={})
    return DownloadCounts(
        last_day=_to_int_or_none(fields.download_last_day),
        last_week=_to_int_or_none(fields.download_last_week),
        last_month=_to_int_or_none(fields.download_last_month),
        total=_to_int_or_none(fields.download_total),
        history=dict(sorted((fields.download_history or {}).items())),
    )


def find_first_upload(documents: Iterable[RegistryFields]) -> int:
    """Return when a project's first release was uploaded, in Unix seconds; 0 where that is not known."""
    return min((document.upload_timestamp for document in documents if document.upload_timestamp), default=0)


def list_authors(newest_release: RegistryFields) -> tuple[str, ...]:
    """Return the people whom a release names as its authors and maintainers, without their addresses."""
    return parse_person_names(
        (newest_release.author, newest_release.author_email, newest_release.maintainer, newest_release.maintainer_email)
    )


def to_display_hit(document: Document) -> Hit:
    """Return what a list shows of a release."""
    return sanitize_hit(to_hit(document))


def sanitize_hit(hit: Hit) -> Hit:
    """Return a hit without e-mail addresses; a licence that is a whole text is cut to its beginning."""
    if "@" not in hit.summary + hit.license and len(hit.license) <= _MAX_LICENSE_LENGTH:
        return hit
    license_text = " ".join(hit.license.split())
    license_text = (
        license_text if len(license_text) <= _MAX_LICENSE_LENGTH else f"{license_text[: _MAX_LICENSE_LENGTH - 1]}…"
    )
    return replace(hit, summary=mask_emails(hit.summary), license=mask_emails(license_text))


def _to_health_report(score: Score) -> HealthReport:
    value = None if score.value is UNSET else score.value
    return HealthReport(
        score=value,
        band=to_health_band(value),
        uncapped=None if score.uncapped is UNSET else score.uncapped,
        model=score.model,
        confidence=score.confidence,
        groups=tuple(
            HealthGroup(
                name=name,
                points=round(group.points, 1),
                max_points=round(group.max_points, 1),
                findings=tuple(_sanitize_finding(finding) for finding in group.findings),
                unknown=tuple(group.unknown),
            )
            for name, group in score.groups.items()
        ),
        caps=tuple(replace(cap, reason=mask_emails(cap.reason)) for cap in score.caps),
    )


def _sanitize_finding(finding: Finding) -> Finding:
    return replace(
        finding,
        points=round(finding.points, 1),
        maximum=round(finding.max_points, 1),
        seen=mask_emails(finding.observation),
        to_do=mask_emails(finding.advice),
    )


def _to_release_summary(release: RegistryFields) -> ReleaseSummary:
    return ReleaseSummary(
        version=release.version,
        uploaded=release.upload_timestamp,
        is_newest=release.is_newest,
        is_prerelease=release.version_sortable.startswith("0"),
        yanked=release.yanked,
        yanked_reason=mask_emails(release.yanked_reason),
        requires_python=release.requires_python,
        framework_versions=release.framework_versions,
        python_versions=release.python_versions,
        files=len(release.urls),
        size=sum(file.size for file in release.urls),
        has_wheel=any(file.packagetype == "bdist_wheel" for file in release.urls),
    )


def _to_int_or_none(value: object) -> int | None:
    return value if isinstance(value, int) else None
