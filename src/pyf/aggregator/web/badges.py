"""SVG badges with the health, downloads, version or dependents of a package, for READMEs and other sites."""

from html import escape
from http import HTTPStatus

from litestar import Response, Router, get
from litestar.params import FromPath, FromQuery

from ..domain.documents.facets import HealthBand
from ..domain.documents.project import ProjectStatus
from ..domain.errors import Invalid, NotFound
from ..domain.readiness import Readiness
from ..domain.search import Hit
from ..domain.text import to_single_line
from ..usecases.read.package import count_dependents, get_summary
from ..usecases.read.readiness import get_readiness
from .pages.formatting import format_compact
from .site import InjectedSite, Site

_MAX_AGE = 3600

# Characters of a version, and dependents that are counted.
_MAX_VERSION_LENGTH, _MAX_DEPENDENTS = 30, 1000

_HEIGHT, _PADDING = 20, 6

# Widths of characters in tenths of a pixel; browsers fit the text to the sum (`textLength`).
_NARROW_CHARS, _WIDE_CHARS, _DEFAULT_CHAR_WIDTH = frozenset("fijlrtI.,:;|!/ "), frozenset("mwMW%@"), 70

# White text has a contrast of at least 4.5 on these colors and on the label's.
_LABEL_COLOR = "#3d444d"
_BAND_COLORS = {
    HealthBand.EXCELLENT: "#1a7f37",
    HealthBand.GOOD: "#3f6f1f",
    HealthBand.FAIR: "#855d00",
    HealthBand.POOR: "#b32d1e",
    HealthBand.UNKNOWN: "#59636e",
}
_NEUTRAL_COLOR = "#0b63a5"
_READINESS_COLORS = {
    Readiness.READY: _BAND_COLORS[HealthBand.EXCELLENT],
    Readiness.UNKNOWN: _BAND_COLORS[HealthBand.UNKNOWN],
    Readiness.NOT_READY: _BAND_COLORS[HealthBand.POOR],
}


@get("/badge/{key:str}/{name:str}/health.svg", sync_to_thread=True)
def show_health_badge(site: InjectedSite, key: FromPath[str], name: FromPath[str]) -> Response[str]:
    """Show the health score and band of a package."""
    hit = _find_hit(site, key, name)
    if hit is None:
        return _build_badge_response(
            "health", "not found", _BAND_COLORS[HealthBand.UNKNOWN], status=HTTPStatus.NOT_FOUND
        )
    if hit.project_status == ProjectStatus.QUARANTINED:
        return _build_badge_response("health", "quarantined", _BAND_COLORS[HealthBand.POOR])
    band = hit.health_band
    value = str(band) if hit.health_score is None else f"{hit.health_score} {band}"
    return _build_badge_response("health", value, _BAND_COLORS[band])


@get("/badge/{key:str}/{name:str}/downloads.svg", sync_to_thread=True)
def show_downloads_badge(site: InjectedSite, key: FromPath[str], name: FromPath[str]) -> Response[str]:
    """Show the downloads of a package in the last month."""
    hit = _find_hit(site, key, name)
    if hit is None:
        return _build_badge_response(
            "downloads", "not found", _BAND_COLORS[HealthBand.UNKNOWN], status=HTTPStatus.NOT_FOUND
        )
    if hit.downloads is None or hit.project_status == ProjectStatus.QUARANTINED:
        return _build_badge_response("downloads", "unknown", _BAND_COLORS[HealthBand.UNKNOWN])
    return _build_badge_response("downloads", f"{format_compact(hit.downloads)}/month", _NEUTRAL_COLOR)


@get("/badge/{key:str}/{name:str}/version.svg", sync_to_thread=True)
def show_version_badge(site: InjectedSite, key: FromPath[str], name: FromPath[str]) -> Response[str]:
    """Show the newest version of a package."""
    hit = _find_hit(site, key, name)
    if hit is None:
        return _build_badge_response(
            "version", "not found", _BAND_COLORS[HealthBand.UNKNOWN], status=HTTPStatus.NOT_FOUND
        )
    if hit.project_status == ProjectStatus.QUARANTINED:
        return _build_badge_response("version", "quarantined", _BAND_COLORS[HealthBand.POOR])
    color = _BAND_COLORS[HealthBand.POOR] if hit.yanked else _NEUTRAL_COLOR
    return _build_badge_response("version", to_single_line(hit.version, _MAX_VERSION_LENGTH), color)


@get("/badge/{key:str}/{name:str}/dependents.svg", sync_to_thread=True)
def show_dependents_badge(site: InjectedSite, key: FromPath[str], name: FromPath[str]) -> Response[str]:
    """Show how many packages of the collection require a package."""
    try:
        target = site.get_collection(key).target
        count = count_dependents(site.deps, target, name, limit=_MAX_DEPENDENTS)
    except NotFound:
        unknown_color = _BAND_COLORS[HealthBand.UNKNOWN]
        return _build_badge_response("dependents", "not found", unknown_color, status=HTTPStatus.NOT_FOUND)
    return _build_badge_response("dependents", f"{count}+" if count == _MAX_DEPENDENTS else str(count), _NEUTRAL_COLOR)


@get("/badge/{key:str}/{name:str}/ready.svg", sync_to_thread=True)
def show_readiness_badge(
    site: InjectedSite, key: FromPath[str], name: FromPath[str], to: FromQuery[str] = "", python: FromQuery[str] = ""
) -> Response[str]:
    """Show whether a package is ready for a release of the framework or of Python."""
    try:
        target = site.get_collection(key).target
        readiness = get_readiness(site.deps, target, name, framework=to, python=python)
    except (NotFound, Invalid) as error:
        reason = "not found" if isinstance(error, NotFound) else "unknown release"
        return _build_badge_response("ready", reason, _BAND_COLORS[HealthBand.UNKNOWN], status=HTTPStatus.NOT_FOUND)
    label = " and ".join(text for text in (to, f"Python {python}" if python else "") if text)
    return _build_badge_response(label, readiness.state.value, _READINESS_COLORS[readiness.state])


def render_badge(label: str, value: str, color: str) -> str:
    """Return a badge as SVG without external resources, with its text as accessible name."""
    label_width, value_width = _measure_text(label) + 2 * _PADDING, _measure_text(value) + 2 * _PADDING
    width, description = label_width + value_width, escape(f"{label}: {value}")
    # The right half, with rounded corners on the right.
    value_box = f"M{label_width} 0h{value_width - 3}a3 3 0 0 1 3 3v{_HEIGHT - 6}a3 3 0 0 1-3 3H{label_width}z"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{_HEIGHT}" role="img" '
        f'aria-label="{description}"><title>{description}</title>'
        f'<rect width="{width}" height="{_HEIGHT}" rx="3" fill="{_LABEL_COLOR}"/>'
        f'<path d="{value_box}" fill="{color}"/>'
        '<g fill="#fff" font-family="Verdana,Geneva,DejaVu Sans,sans-serif" font-size="11" aria-hidden="true">'
        f'<text x="{_PADDING}" y="14" textLength="{_measure_text(label)}">{escape(label)}</text>'
        f'<text x="{label_width + _PADDING}" y="14" textLength="{_measure_text(value)}">{escape(value)}</text>'
        "</g></svg>"
    )


def _find_hit(site: Site, key: str, name: str) -> Hit | None:
    try:
        return get_summary(site.deps, site.get_collection(key).target, name)
    except NotFound:  # the embedding page gets an image that says "not found"
        return None


def _build_badge_response(label: str, value: str, color: str, *, status: HTTPStatus = HTTPStatus.OK) -> Response[str]:
    return Response(
        render_badge(label, value, color),
        status_code=status,
        media_type="image/svg+xml",
        headers={"cache-control": f"public, max-age={_MAX_AGE}"},
    )


def _measure_text(text: str) -> int:
    widths = (40 if c in _NARROW_CHARS else 105 if c in _WIDE_CHARS else _DEFAULT_CHAR_WIDTH for c in text)
    return round(sum(widths) / 10)


badges = Router(
    "/",
    route_handlers=[
        show_health_badge,
        show_downloads_badge,
        show_version_badge,
        show_dependents_badge,
        show_readiness_badge,
    ],
    include_in_schema=False,
)
