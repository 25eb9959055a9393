"""One project as lists show it."""

from msgspec import Struct

from ...domain.search import Hit
from . import charts, paths, words
from .flags import Flag, build_flags
from .room import FULL_BUDGET, PageBudget
from .support import Support, group_versions


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
        url=paths.project_path(collection, hit.name_normalized),
        version=words.truncate_html(words.single_line(hit.version), _MAX_VERSION_SIZE),
        iso_date=words.format_iso_date(hit.uploaded) if hit.uploaded else "",
        date=words.format_date(hit.uploaded),
        summary=words.truncate_html(words.sanitize(hit.summary), budget.summary_bytes),
        health=build_health_view(hit),
        supports=(
            *(_build_support_view(support, budget) for support in group_versions(hit.framework_versions)[: budget.max_frameworks]),
            *(_build_support_view(support, budget) for support in group_versions(hit.python_versions)[:1]),
        ),
        license=format_license(hit.license),
        downloads="" if hit.downloads is None else words.format_compact(hit.downloads),
        full_downloads="" if hit.downloads is None else words.format_int(hit.downloads),
        sparkline=charts.build_sparkline(hit.download_history) if budget.with_extras else "",
        stars="" if hit.stars is None else words.format_compact(hit.stars),
        flags=build_flags(hit, with_meanings=budget.with_extras),
    )


def _build_support_view(support: Support, budget: PageBudget) -> SupportView:
    visible = support.newest(budget.max_versions)
    return SupportView(
        product=words.truncate_html(words.single_line(support.product), _MAX_PRODUCT_SIZE),
        versions=tuple(words.truncate_html(version, _MAX_PRODUCT_SIZE) for version in visible),
        hidden_count=len(support.versions) - len(visible),
        full_text=words.truncate_html(words.single_line(support.full_text), _MAX_SUPPORT_SIZE) if budget.with_extras else "",
    )


def build_health_view(hit: Hit) -> HealthView:
    """Return a project's health for the page."""
    return HealthView(score=hit.health_score, band=hit.health_band.value)


def format_license(license: str) -> str:
    """Return a licence's name in one short line."""
    line = words.sanitize(license)
    short = line if len(line) <= _MAX_LICENSE_LENGTH else f"{line[: _MAX_LICENSE_LENGTH - 1]}…"
    return words.truncate_html(short, 2 * _MAX_LICENSE_LENGTH)
