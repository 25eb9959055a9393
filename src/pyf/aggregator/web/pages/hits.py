"""What warns of a package, each as a few words: shown beside its name wherever it is named.

One project as lists show it.

What is suggested to somebody who types.
"""

from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from ...domain.search import Hit, Suggestion
from .. import urls
from . import charts, formatting
from .formatting import Support, group_versions
from .page_budget import FULL_BUDGET, PageBudget

QUARANTINED = "quarantined"
_STATUS_MEANINGS = {
    "archived": "Archived by its owners: no releases are to be expected",
    "deprecated": "Deprecated by its owners",
    QUARANTINED: "Quarantined by PyPI: it may be harmful",
}


class Flag(Struct, frozen=True, kw_only=True):
    """A warning in one or two words, what it means, and how grave it is: `grave` or `mild`."""

    word: str
    meaning: str
    severity: str = "mild"


def build_flags(hit: Hit, *, with_meanings: bool = True) -> tuple[Flag, ...]:
    """Return what warns of a package, the gravest first; where it is not explained, meanings are ""."""
    warnings = []
    status = hit.project_status
    if status in _STATUS_MEANINGS:
        warnings.append(Flag(word=status, meaning=_STATUS_MEANINGS[status], severity="grave"))
    if hit.vulnerabilities:
        advisories = "1 advisory" if hit.vulnerabilities == 1 else f"{hit.vulnerabilities} advisories"
        warnings.append(Flag(word=advisories, meaning="Known vulnerabilities of this release", severity="grave"))
    if hit.yanked:
        warnings.append(Flag(word="yanked", meaning="Its author withdrew this release", severity="grave"))
    if hit.repository_archived:
        warnings.append(Flag(word="repository archived", meaning="Its source repository is read-only"))
    if hit.is_prerelease:
        warnings.append(Flag(word="pre-release", meaning="There is no stable release"))
    if not hit.is_newest:
        warnings.append(Flag(word="older release", meaning="A newer release exists, which your filters leave out"))
    return tuple(warnings) if with_meanings else tuple(replace(flag, meaning="") for flag in warnings)


class HealthView(Struct, frozen=True, kw_only=True):
    """A health score as a number and a word; `score` is None where nobody knows it."""

    score: int | None
    band: str

    @property
    def aria_label(self) -> str:
        """The score for those who listen."""
        return "Health not known" if self.score is None else f"Health {self.score} of 100, {self.band}"


class SupportView(Struct, frozen=True, kw_only=True):
    """The newest versions of a thing that a release supports; there are `more`, and `whole` names them all."""

    product: str
    versions: tuple[str, ...]
    hidden_count: int
    full_text: str


class HitView(Struct, frozen=True, kw_only=True):
    """A project of a list; numbers that nobody knows are ""."""

    name: str
    key: str
    url: str
    version: str
    iso_date: str
    date: str
    summary: str
    health: HealthView
    supports: tuple[SupportView, ...]
    license: str
    downloads: str
    full_downloads: str
    sparkline: str
    stars: str
    flags: tuple[Flag, ...]


# Some packages carry the text of their licence where its name is due.
_MAX_LICENSE_LENGTH = 40
# What nobody would read in a list: such a version has a local label, or is none.
_MAX_VERSION_SIZE = 40
# Classifiers are anybody's: what they name versions of may be as long as its author likes.
_MAX_PRODUCT_SIZE, _MAX_SUPPORT_SIZE = 30, 160


def build_hit_view(collection: str, hit: Hit, budget: PageBudget = FULL_BUDGET) -> HitView:
    """Return what a list shows of a project, as far as there is room for it."""
    return HitView(
        name=hit.name,
        key=hit.name_normalized,
        url=urls.project_path(collection, hit.name_normalized),
        version=formatting.truncate_html(formatting.single_line(hit.version), _MAX_VERSION_SIZE),
        iso_date=formatting.format_iso_date(hit.uploaded) if hit.uploaded else "",
        date=formatting.format_date(hit.uploaded),
        summary=formatting.truncate_html(formatting.sanitize(hit.summary), budget.summary_bytes),
        health=build_health_view(hit),
        supports=(
            *(
                _build_support_view(support, budget)
                for support in group_versions(hit.framework_versions)[: budget.max_frameworks]
            ),
            *(_build_support_view(support, budget) for support in group_versions(hit.python_versions)[:1]),
        ),
        license=format_license(hit.license),
        downloads="" if hit.downloads is None else formatting.format_compact(hit.downloads),
        full_downloads="" if hit.downloads is None else formatting.format_int(hit.downloads),
        sparkline=charts.build_sparkline(hit.download_history) if budget.with_extras else "",
        stars="" if hit.stars is None else formatting.format_compact(hit.stars),
        flags=build_flags(hit, with_meanings=budget.with_extras),
    )


def _build_support_view(support: Support, budget: PageBudget) -> SupportView:
    visible = support.newest(budget.max_versions)
    return SupportView(
        product=formatting.truncate_html(formatting.single_line(support.product), _MAX_PRODUCT_SIZE),
        versions=tuple(formatting.truncate_html(version, _MAX_PRODUCT_SIZE) for version in visible),
        hidden_count=len(support.versions) - len(visible),
        full_text=formatting.truncate_html(formatting.single_line(support.full_text), _MAX_SUPPORT_SIZE)
        if budget.with_extras
        else "",
    )


def build_health_view(hit: Hit) -> HealthView:
    """Return a project's health for the page."""
    return HealthView(score=hit.health_score, band=hit.health_band.value)


def format_license(license: str) -> str:
    """Return a licence's name in one short line."""
    line = formatting.sanitize(license)
    short = line if len(line) <= _MAX_LICENSE_LENGTH else f"{line[: _MAX_LICENSE_LENGTH - 1]}…"
    return formatting.truncate_html(short, 2 * _MAX_LICENSE_LENGTH)


class SuggestionView(Struct, frozen=True, kw_only=True):
    """A project that may be meant, and where its page is."""

    name: str
    summary: str
    url: str


def build_suggestion_views(collection: str, suggestions: Iterable[Suggestion]) -> list[SuggestionView]:
    """Return suggestions for the list under the text."""
    return [
        SuggestionView(
            name=suggestion.name,
            summary=formatting.sanitize(suggestion.summary),
            url=urls.project_path(collection, suggestion.name_normalized),
        )
        for suggestion in suggestions
    ]
