"""Build the package data that pages and the API display, without e-mail addresses."""

from collections.abc import Iterable, Sequence

from msgspec import UNSET, Struct
from msgspec.structs import replace

from ...domain.documents.document import Document, to_optional
from ...domain.documents.facets import HealthBand, to_health_band
from ...domain.documents.people import parse_person_names
from ...domain.documents.schema import RegistryFields
from ...domain.documents.version import to_version_key
from ...domain.email_masking import mask_emails
from ...domain.health.score import AppliedCap, Finding, Score
from ...domain.search import Hit, get_supported_pythons, to_hit
from ...domain.support.degrees import PYTHON_RELEASES, ReleaseEvidence, evaluate_python_support
from ...domain.support.matrix import SupportMatrix, build_support_matrix
from ...domain.text import to_date
from ...ports import Dependencies
from ..enrich.scores import score_project

# Some packages put the full license text into this field.
_MAX_LICENSE_LENGTH = 60


class HealthGroup(Struct, frozen=True, kw_only=True):
    """The findings of a group of rules, and the names of rules without data."""

    name: str
    points: float
    max_points: float
    findings: tuple[Finding, ...]
    unknown: tuple[str, ...]


class HealthReport(Struct, frozen=True, kw_only=True):
    """A score as of now, and how it came about.

    Attributes:
        score: None if no rule had data.
        uncapped: The score before the caps.
    """

    score: int | None
    band: HealthBand
    uncapped: int | None
    model: str
    confidence: float
    groups: tuple[HealthGroup, ...]
    caps: tuple[AppliedCap, ...]


class ReleaseSummary(Struct, frozen=True, kw_only=True):
    """A release; `uploaded` is a Unix time, 0 without files, and `size` is in bytes."""

    version: str
    uploaded: int
    is_newest: bool
    is_prerelease: bool
    yanked: bool
    yanked_reason: str
    requires_python: str
    framework_versions: tuple[str, ...]
    python_versions: tuple[str, ...]
    supported_python_versions: tuple[str, ...]
    files: int
    size: int
    has_wheel: bool


class PythonSupport(Struct, frozen=True, kw_only=True):
    """How far a release supports a Python, such as `3.12`, with the evidence in words.

    Attributes:
        degree: `declared`, `admitted`, `unknown` or `excluded`.
    """

    version: str
    degree: str
    evidence: str


class RepositoryStats(Struct, frozen=True, kw_only=True):
    """Data of a package's repository; times are Unix times, None is unknown."""

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
    """Download counts of a package; `history` is by month (`2026-01`), oldest first, None is unknown."""

    last_day: int | None
    last_week: int | None
    last_month: int | None
    total: int | None
    history: dict[str, int]


def build_health_report(deps: Dependencies, documents: Sequence[Document]) -> HealthReport:
    """Score a package as of now; `documents` are all of its releases, the newest first."""
    releases = [document.registry for document in documents]
    return _to_health_report(score_project(deps, releases, documents[0].enrichments))


def build_compatibility(deps: Dependencies, documents: Sequence[Document]) -> SupportMatrix:
    """Return which releases support which versions, as of now."""
    today = to_date(deps.now())
    return build_support_matrix([document.registry for document in documents], deps.scoring_config, today)


def build_release_summaries(documents: Iterable[Document]) -> tuple[ReleaseSummary, ...]:
    """Return the releases of a package, the highest version first."""
    ordered_documents = sorted(documents, key=lambda document: to_version_key(document.registry.version), reverse=True)
    return tuple(_to_release_summary(document.registry) for document in ordered_documents)


def build_python_support(release: RegistryFields) -> tuple[PythonSupport, ...]:
    """Return how far a release supports each Python, the latest first."""
    evidence = ReleaseEvidence(
        classifiers=release.classifiers,
        requires_python=release.requires_python,
        filenames=tuple(file.filename for file in release.urls),
        uploaded=release.upload_timestamp,
    )
    supports = ((python, evaluate_python_support(evidence, python)) for python in reversed(PYTHON_RELEASES))
    return tuple(
        PythonSupport(version=python, degree=support.degree.label, evidence=mask_emails(support.evidence))
        for python, support in supports
    )


def build_repository_stats(document: Document) -> RepositoryStats | None:
    """Return the data of a package's repository, None if the repository is unknown."""
    fields = document.repository
    if fields is UNSET or fields.repository_url is UNSET:
        return None
    return RepositoryStats(
        url=fields.repository_url,
        is_verified=to_optional(fields.repository_verified),
        stars=to_optional(fields.repository_stars),
        watchers=to_optional(fields.repository_watchers),
        forks=to_optional(fields.repository_forks),
        open_issues=to_optional(fields.repository_open_issues),
        open_pull_requests=to_optional(fields.repository_open_pull_requests),
        last_commit=to_optional(fields.repository_last_commit),
        is_archived=to_optional(fields.repository_archived),
    )


def build_download_counts(document: Document) -> DownloadCounts:
    """Return the download counts of a package, as far as they are known."""
    fields = document.downloads
    if fields is UNSET:
        return DownloadCounts(last_day=None, last_week=None, last_month=None, total=None, history={})
    return DownloadCounts(
        last_day=to_optional(fields.download_last_day),
        last_week=to_optional(fields.download_last_week),
        last_month=to_optional(fields.download_last_month),
        total=to_optional(fields.download_total),
        history=dict(sorted((fields.download_history or {}).items())),
    )


def find_first_upload(documents: Iterable[RegistryFields]) -> int:
    """Return the Unix time at which a package's first release was uploaded; 0 if unknown."""
    return min((document.upload_timestamp for document in documents if document.upload_timestamp), default=0)


def list_authors(newest_release: RegistryFields) -> tuple[str, ...]:
    """Return the authors and maintainers of a release, without e-mail addresses."""
    return parse_person_names(
        (newest_release.author, newest_release.author_email, newest_release.maintainer, newest_release.maintainer_email)
    )


def to_display_hit(deps: Dependencies, document: Document) -> Hit:
    """Return the data of a release that lists display."""
    (hit,) = prepare_hits(deps, [to_hit(document)])
    return hit


def prepare_hits(deps: Dependencies, hits: Iterable[Hit]) -> tuple[Hit, ...]:
    """Return hits as lists display them: sanitized, and with the curated replacements, which have the last word."""
    curated = deps.load_replacements()
    return tuple(
        sanitize_hit(
            replace(hit, replaced_by=curated[hit.name_normalized].name) if hit.name_normalized in curated else hit
        )
        for hit in hits
    )


def sanitize_hit(hit: Hit) -> Hit:
    """Return a hit without e-mail addresses; a full license text is truncated."""
    if "@" not in hit.summary + hit.license and len(hit.license) <= _MAX_LICENSE_LENGTH:
        return hit
    license_text = " ".join(hit.license.split())
    license_text = (
        license_text if len(license_text) <= _MAX_LICENSE_LENGTH else f"{license_text[: _MAX_LICENSE_LENGTH - 1]}…"
    )
    return replace(hit, summary=mask_emails(hit.summary), license=mask_emails(license_text))


def _to_health_report(score: Score) -> HealthReport:
    value = to_optional(score.value)
    return HealthReport(
        score=value,
        band=to_health_band(value),
        uncapped=to_optional(score.uncapped),
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
        max_points=round(finding.max_points, 1),
        observation=mask_emails(finding.observation),
        advice=mask_emails(finding.advice),
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
        supported_python_versions=get_supported_pythons(release),
        files=len(release.urls),
        size=sum(file.size for file in release.urls),
        has_wheel=any(file.packagetype == "bdist_wheel" for file in release.urls),
    )
