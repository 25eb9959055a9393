"""What can be asked of an index, and what it answers: questions, hits and facets, the same for every engine."""

from collections.abc import Mapping, Sequence
from enum import StrEnum

from msgspec import UNSET, Struct

from .document import Document


class Sort(StrEnum):
    """What hits are ordered by; what is not known comes last, and equals are ordered by name."""

    RELEVANCE = "relevance"
    DOWNLOADS = "downloads"
    STARS = "stars"
    HEALTH = "health"
    NEWEST = "newest"
    NAME = "name"


class HealthBand(StrEnum):
    """A health score as one word."""

    EXCELLENT = "excellent"
    GOOD = "good"
    FAIR = "fair"
    POOR = "poor"
    UNKNOWN = "unknown"


# The lowest score of each band, best first; below the last one a score is poor.
BANDS: tuple[tuple[int, HealthBand], ...] = (
    (80, HealthBand.EXCELLENT),
    (60, HealthBand.GOOD),
    (40, HealthBand.FAIR),
    (0, HealthBand.POOR),
)


def band_of(score: int | None) -> HealthBand:
    """Return the band of a health score, None standing for one that is not known."""
    if score is None:
        return HealthBand.UNKNOWN
    return next(band for least, band in BANDS if score >= least or least == 0)


class Facet(StrEnum):
    """What answers are counted by, and what they can be narrowed to; each is a field of `Question`."""

    FRAMEWORK_VERSIONS = "framework_versions"
    PYTHON_VERSIONS = "python_versions"
    LICENSES = "licenses"
    CLASSIFIERS = "classifiers"
    HEALTH = "health"
    STATUSES = "statuses"
    MAINTAINERS = "maintainers"


# Bounds of what may be chosen at a web site, on pages, in the interface and in feeds alike: characters of a value, and
# values of a filter; on a page, values of all filters together.
LONGEST_VALUE, MOST_CHOSEN = 200, 30


class Question(Struct, frozen=True, kw_only=True):
    """What somebody looks for. Values of one filter are alternatives; all filters have to hold.

    `updated_within` is the most days since the upload of the release. `statuses` are values of `project_status`,
    `licenses` of `license_expression`. Packages of `frameworks` ("Plone") come before others that answer as well, as if
    the text named them. Pages count from 1; one behind the last has no hits.
    """

    text: str = ""
    framework_versions: tuple[str, ...] = ()
    python_versions: tuple[str, ...] = ()
    licenses: tuple[str, ...] = ()
    classifiers: tuple[str, ...] = ()
    health: tuple[HealthBand, ...] = ()
    statuses: tuple[str, ...] = ()
    maintainers: tuple[str, ...] = ()
    updated_within: int | None = None
    frameworks: tuple[str, ...] = ()
    sort: Sort = Sort.RELEVANCE
    page: int = 1
    per_page: int = 20

    def chosen(self, facet: Facet) -> tuple[str, ...]:
        """Return the values that a facet is narrowed to."""
        values: tuple[str, ...] = getattr(self, facet.value)
        return values


def supports(framework_versions: Sequence[str], python_versions: Sequence[str], question: Question) -> bool:
    """Tell whether a release has the versions that are asked for."""
    return all(
        not asked or set(asked) & set(has)
        for asked, has in (
            (question.framework_versions, framework_versions),
            (question.python_versions, python_versions),
        )
    )


class Hit(Struct, frozen=True, kw_only=True):
    """One project of an answer, in what a list shows of it; None is what nobody knows.

    It is the newest release, or the newest one that a filter let through (`is_newest` is false then). `uploaded` is in
    Unix seconds, `downloads` are those of the last month, `download_history` is by month (`2026-01`).
    """

    name: str
    name_normalized: str
    version: str
    is_newest: bool
    is_prerelease: bool
    summary: str
    uploaded: int
    framework_versions: tuple[str, ...]
    python_versions: tuple[str, ...]
    license: str
    project_status: str
    yanked: bool
    vulnerabilities: int
    health_score: int | None
    health_model: str
    downloads: int | None
    download_history: Mapping[str, int]
    stars: int | None
    repository_archived: bool

    @property
    def health_band(self) -> HealthBand:
        """The health score as a word."""
        return band_of(self.health_score)


class FacetCount(Struct, frozen=True, kw_only=True):
    """How many projects of an answer have a value."""

    value: str
    count: int


class Results(Struct, frozen=True, kw_only=True):
    """An answer: a page of hits, how many there are on all pages, and the counts of each facet's values.

    A facet is counted as if it were not narrowed itself, so that its other values stay to choose from; values come
    with the highest count first. At most `MOST_VALUES` of them are given, those that are chosen always.
    """

    total: int
    hits: tuple[Hit, ...]
    facets: Mapping[Facet, Sequence[FacetCount]]


MOST_VALUES = 30


def count_missing(results: Results, question: Question) -> int:
    """Return how many hits of a page an engine has counted and not returned."""
    expected = min(question.per_page, results.total - (question.page - 1) * question.per_page)
    return max(0, expected - len(results.hits))


class Suggestion(Struct, frozen=True, kw_only=True):
    """A project that somebody may be about to type."""

    name: str
    name_normalized: str
    summary: str


def hit_of(document: Document) -> Hit:
    """Return what a list shows of a release."""
    registry = document.registry
    score = UNSET if document.health is UNSET else document.health.health_score
    downloads = document.downloads
    month = UNSET if downloads is UNSET else downloads.download_last_month
    history = UNSET if downloads is UNSET else downloads.download_history
    repository = document.repository
    stars = UNSET if repository is UNSET else repository.github_stars
    model = UNSET if document.health is UNSET else document.health.health_model
    return Hit(
        name=registry.name,
        name_normalized=registry.name_normalized,
        version=registry.version,
        is_newest=registry.is_newest,
        is_prerelease=registry.version_sortable.startswith("0"),
        summary=registry.summary,
        uploaded=registry.upload_timestamp,
        framework_versions=registry.framework_versions,
        python_versions=registry.python_versions,
        license=registry.license_expression or registry.license,
        project_status=registry.project_status,
        yanked=registry.yanked,
        vulnerabilities=len(registry.vulnerabilities),
        health_score=None if score is UNSET else score,
        health_model="" if model is UNSET else model,
        downloads=None if month is UNSET else month,
        download_history={} if history is UNSET else history,
        stars=None if stars is UNSET else stars,
        repository_archived=repository is not UNSET and repository.github_archived is True,
    )
