"""Views of a package in lists and suggestions, with its warning flags."""

from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from ...domain.search import Hit, Suggestion
from .. import urls
from . import charts, formatting
from .formatting import Support, group_versions, list_admitted
from .layout import FULL_BUDGET, PageBudget

QUARANTINED = "quarantined"
_STATUS_MEANINGS = {
    "archived": "Archived by its owners: do not expect new releases",
    "deprecated": "Deprecated by its owners",
    QUARANTINED: "Quarantined by PyPI: it may be harmful",
}


class Flag(Struct, frozen=True, kw_only=True):
    """A warning in one or two words with its explanation; `severity` is `grave` or `mild`."""

    word: str
    meaning: str
    severity: str = "mild"


def build_flags(hit: Hit, *, with_meanings: bool = True) -> tuple[Flag, ...]:
    """Return the warnings of a package, the most severe first; without `with_meanings` the explanations are ""."""
    warnings = []
    status = hit.project_status
    if status in _STATUS_MEANINGS:
        warnings.append(Flag(word=status, meaning=_STATUS_MEANINGS[status], severity="grave"))
    if hit.vulnerabilities:
        advisories = "1 advisory" if hit.vulnerabilities == 1 else f"{hit.vulnerabilities} advisories"
        warnings.append(Flag(word=advisories, meaning="Known vulnerabilities of this release", severity="grave"))
    if hit.yanked:
        warnings.append(Flag(word="yanked", meaning="Withdrawn by its author", severity="grave"))
    if hit.replaced_by:
        name = formatting.truncate_html(formatting.to_clean_line(hit.replaced_by), _MAX_VERSION_SIZE)
        warnings.append(Flag(word=f"use {name}", meaning="It has ended, and this package replaces it"))
    elif hit.repository_archived:
        warnings.append(Flag(word="repository archived", meaning="Its source repository is read-only"))
    if hit.is_prerelease:
        warnings.append(Flag(word="pre-release", meaning="There is no stable release"))
    if not hit.is_newest:
        warnings.append(Flag(word="older release", meaning="Your filters exclude the newest release"))
    return tuple(warnings) if with_meanings else tuple(replace(flag, meaning="") for flag in warnings)


class HealthView(Struct, frozen=True, kw_only=True):
    """A health score as number and band; `score` is None if unknown."""

    score: int | None
    band: str


class SupportView(Struct, frozen=True, kw_only=True):
    """The newest supported versions of a product; `hidden_count` more are named in `full_text`."""

    product: str
    versions: tuple[str, ...]
    hidden_count: int
    full_text: str


class HitView(Struct, frozen=True, kw_only=True):
    """A package in a list; unknown numbers are ""."""

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


# Some packages put the full license text into this field.
_MAX_LICENSE_LENGTH = 40
# Longer versions have a local label or are invalid.
_MAX_VERSION_SIZE = 40
# Bytes of HTML: product names come from classifiers, which packages can make up.
_MAX_PRODUCT_SIZE, _MAX_SUPPORT_SIZE = 30, 160


def build_hit_view(collection: str, hit: Hit, budget: PageBudget = FULL_BUDGET) -> HitView:
    """Build the view of a hit within a page budget."""
    return HitView(
        name=hit.name,
        key=hit.name_normalized,
        url=urls.build_project_path(collection, hit.name_normalized),
        version=formatting.truncate_html(formatting.to_clean_line(hit.version), _MAX_VERSION_SIZE),
        iso_date=formatting.format_iso_date(hit.uploaded),
        date=formatting.format_date(hit.uploaded),
        summary=formatting.truncate_html(formatting.sanitize(hit.summary), budget.summary_bytes),
        health=build_health_view(hit),
        supports=(
            *(
                _build_support_view(support, budget)
                for support in group_versions(hit.framework_versions)[: budget.max_frameworks]
            ),
            *(_build_support_view(support, budget) for support in group_versions(hit.python_versions)[:1]),
            *(
                _build_support_view(replace(support, product=f"admits {support.product}"), budget)
                for support in group_versions(list_admitted(hit.python_versions, hit.supported_python_versions))[:1]
            ),
        ),
        license=format_license(hit.license),
        downloads="" if hit.downloads is None else formatting.format_compact(hit.downloads),
        full_downloads="" if hit.downloads is None else formatting.format_int(hit.downloads),
        sparkline=charts.build_sparkline(hit.download_history) if budget.with_extras else "",
        stars="" if hit.stars is None else formatting.format_compact(hit.stars),
        flags=build_flags(hit, with_meanings=budget.with_extras),
    )


def _build_support_view(support: Support, budget: PageBudget) -> SupportView:
    visible = support.select_newest(budget.max_versions)
    return SupportView(
        product=formatting.truncate_html(formatting.to_clean_line(support.product), _MAX_PRODUCT_SIZE),
        versions=tuple(formatting.truncate_html(version, _MAX_PRODUCT_SIZE) for version in visible),
        hidden_count=len(support.versions) - len(visible),
        full_text=formatting.truncate_html(formatting.to_clean_line(support.full_text), _MAX_SUPPORT_SIZE)
        if budget.with_extras
        else "",
    )


def build_health_view(hit: Hit) -> HealthView:
    """Build the view of a hit's health score."""
    return HealthView(score=hit.health_score, band=hit.health_band.value)


def format_license(license: str) -> str:
    """Return a license in one short line."""
    line = formatting.sanitize(license)
    short = line if len(line) <= _MAX_LICENSE_LENGTH else f"{line[: _MAX_LICENSE_LENGTH - 1]}…"
    return formatting.truncate_html(short, 2 * _MAX_LICENSE_LENGTH)


class SuggestionView(Struct, frozen=True, kw_only=True):
    """A suggested package."""

    name: str
    summary: str
    url: str


def build_suggestion_views(collection: str, suggestions: Iterable[Suggestion]) -> list[SuggestionView]:
    """Build the views of suggestions."""
    return [
        SuggestionView(
            name=suggestion.name,
            summary=formatting.sanitize(suggestion.summary),
            url=urls.build_project_path(collection, suggestion.name_normalized),
        )
        for suggestion in suggestions
    ]
