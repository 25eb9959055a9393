"""What is shown of a project: its parts, without e-mail addresses, made from what the index holds."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from msgspec import UNSET, Struct
from msgspec.structs import replace

from ..domain.addresses import people, without_addresses
from ..domain.document import Document, Enrichments
from ..domain.health.score import AppliedCap, Finding, Score
from ..domain.schema import RegistryFields
from ..domain.search import HealthBand, Hit, band_of, hit_of
from ..domain.support_matrix import SupportMatrix, support_matrix
from ..domain.version import by_version
from ..ports import Services
from .score import score_of

# Who has no name for a licence may have put its whole text.
_LONGEST_LICENCE = 60


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


class ReleaseLine(Struct, frozen=True, kw_only=True):
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


class Repository(Struct, frozen=True, kw_only=True):
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


def health_report(services: Services, documents: Sequence[Document]) -> HealthReport:
    """Score a project as of now; `documents` are all of its own, the newest first."""
    newest = documents[0]
    others = Enrichments(repository=newest.repository, downloads=newest.downloads, health=newest.health)
    return _reported(score_of(services, [document.registry for document in documents], others))


def matrix(services: Services, documents: Sequence[Document]) -> SupportMatrix:
    """Return which releases support what, as of now."""
    today = datetime.fromtimestamp(services.now(), UTC).date()
    return support_matrix([document.registry for document in documents], services.standards, today)


def release_lines(documents: Iterable[Document]) -> tuple[ReleaseLine, ...]:
    """Return the releases of a project, the highest version first."""
    ordered = sorted(documents, key=lambda each: by_version(each.registry.version), reverse=True)
    return tuple(_line(each.registry) for each in ordered)


def repository(document: Document) -> Repository | None:
    """Return what is known of a project's repository, None where none is known."""
    told = document.repository
    if told is UNSET or told.github_url is UNSET:
        return None
    return Repository(
        url=told.github_url,
        is_verified=None if told.github_verified is UNSET else told.github_verified,
        stars=_known(told.github_stars),
        watchers=_known(told.github_watchers),
        forks=_known(told.github_forks),
        open_issues=_known(told.github_open_issues),
        open_pull_requests=_known(told.github_open_pull_requests),
        last_commit=_known(told.github_last_commit),
        is_archived=None if told.github_archived is UNSET else told.github_archived,
    )


def download_counts(document: Document) -> DownloadCounts:
    """Return how often a project is downloaded, as far as that is known."""
    told = document.downloads
    if told is UNSET:
        return DownloadCounts(last_day=None, last_week=None, last_month=None, total=None, history={})
    return DownloadCounts(
        last_day=_known(told.download_last_day),
        last_week=_known(told.download_last_week),
        last_month=_known(told.download_last_month),
        total=_known(told.download_total),
        history=dict(sorted((told.download_history or {}).items())),
    )


def first_upload(documents: Iterable[RegistryFields]) -> int:
    """Return when a project's first release was uploaded, in Unix seconds; 0 where that is not known."""
    return min((each.upload_timestamp for each in documents if each.upload_timestamp), default=0)


def authors(newest: RegistryFields) -> tuple[str, ...]:
    """Return the people whom a release names as its authors and maintainers, without their addresses."""
    return people((newest.author, newest.author_email, newest.maintainer, newest.maintainer_email))


def shown_hit(document: Document) -> Hit:
    """Return what a list shows of a release."""
    return presentable(hit_of(document))


def presentable(hit: Hit) -> Hit:
    """Return a hit without e-mail addresses; a licence that is a whole text is cut to its beginning."""
    if "@" not in hit.summary + hit.license and len(hit.license) <= _LONGEST_LICENCE:
        return hit
    licence = " ".join(hit.license.split())
    licence = licence if len(licence) <= _LONGEST_LICENCE else f"{licence[: _LONGEST_LICENCE - 1]}…"
    return replace(hit, summary=without_addresses(hit.summary), license=without_addresses(licence))


def _reported(score: Score) -> HealthReport:
    value = None if score.value is UNSET else score.value
    return HealthReport(
        score=value,
        band=band_of(value),
        uncapped=None if score.uncapped is UNSET else score.uncapped,
        model=score.model,
        confidence=score.confidence,
        groups=tuple(
            HealthGroup(
                name=name,
                points=round(group.points, 1),
                max_points=round(group.max_points, 1),
                findings=tuple(_presentable_finding(finding) for finding in group.findings),
                unknown=tuple(group.unknown),
            )
            for name, group in score.groups.items()
        ),
        caps=tuple(replace(cap, reason=without_addresses(cap.reason)) for cap in score.caps),
    )


def _presentable_finding(finding: Finding) -> Finding:
    return replace(
        finding,
        points=round(finding.points, 1),
        maximum=round(finding.maximum, 1),
        seen=without_addresses(finding.seen),
        to_do=without_addresses(finding.to_do),
    )


def _line(registry: RegistryFields) -> ReleaseLine:
    return ReleaseLine(
        version=registry.version,
        uploaded=registry.upload_timestamp,
        is_newest=registry.is_newest,
        is_prerelease=registry.version_sortable.startswith("0"),
        yanked=registry.yanked,
        yanked_reason=without_addresses(registry.yanked_reason),
        requires_python=registry.requires_python,
        framework_versions=registry.framework_versions,
        python_versions=registry.python_versions,
        files=len(registry.urls),
        size=sum(file.size for file in registry.urls),
        has_wheel=any(file.packagetype == "bdist_wheel" for file in registry.urls),
    )


def _known(number: object) -> int | None:
    return number if isinstance(number, int) else None
