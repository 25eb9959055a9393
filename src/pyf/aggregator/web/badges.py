"""Badges: small pictures of a number, for authors to show on pages of their own."""

from html import escape
from http import HTTPStatus

from litestar import Response, Router, get
from litestar.params import FromPath

from ..domain.errors import NotFound
from ..domain.project import ProjectStatus
from ..domain.search import HealthBand, Hit
from ..usecases.project_page import at_a_glance
from .site import Site, TheSite

_MAX_AGE = 3600

_HEIGHT, _PADDING = 20, 6

# Widths of characters of the font, in tenths of a pixel; browsers fit what they draw to the sum.
_NARROW, _WIDE, _USUAL = frozenset("fijlrtI.,:;|!/ "), frozenset("mwMW%@"), 70

# White on any of these, and on the label's, has a contrast of 4.5 at least.
_LABEL = "#3d444d"
_COLOURS = {
    HealthBand.EXCELLENT: "#1a7f37",
    HealthBand.GOOD: "#3f6f1f",
    HealthBand.FAIR: "#855d00",
    HealthBand.POOR: "#b32d1e",
    HealthBand.UNKNOWN: "#59636e",
}
_NEUTRAL = "#0b63a5"


@get("/badge/{profile:str}/{name:str}/health.svg", sync_to_thread=True)
def health(site: TheSite, profile: FromPath[str], name: FromPath[str]) -> Response[str]:
    """Draw a project's health as number and word."""
    hit = _shown(site, profile, name)
    if hit is None:
        return _answer("health", "not found", _COLOURS[HealthBand.UNKNOWN], status=HTTPStatus.NOT_FOUND)
    if hit.project_status == ProjectStatus.QUARANTINED:
        return _answer("health", "quarantined", _COLOURS[HealthBand.POOR])
    band = hit.health_band
    words = str(band) if hit.health_score is None else f"{hit.health_score} {band}"
    return _answer("health", words, _COLOURS[band])


@get("/badge/{profile:str}/{name:str}/downloads.svg", sync_to_thread=True)
def downloads(site: TheSite, profile: FromPath[str], name: FromPath[str]) -> Response[str]:
    """Draw how often a project was downloaded last month."""
    hit = _shown(site, profile, name)
    if hit is None:
        return _answer("downloads", "not found", _COLOURS[HealthBand.UNKNOWN], status=HTTPStatus.NOT_FOUND)
    if hit.downloads is None or hit.project_status == ProjectStatus.QUARANTINED:
        return _answer("downloads", "unknown", _COLOURS[HealthBand.UNKNOWN])
    return _answer("downloads", f"{shortened(hit.downloads)}/month", _NEUTRAL)


def shortened(number: int) -> str:
    """Return a number in three digits at most, such as 12.3k."""
    for power, letter in ((1_000_000_000, "G"), (1_000_000, "M"), (1_000, "k")):
        # 999,500 in thousands would have four digits.
        if number >= power * 0.9995:
            value = number / power
            return f"{value:.1f}{letter}" if value < 99.95 else f"{value:.0f}{letter}"
    return str(number)


def drawn(label: str, words: str, colour: str) -> str:
    """Return a badge as SVG, which needs nothing from elsewhere and says aloud what it shows."""
    left, right = _width(label) + 2 * _PADDING, _width(words) + 2 * _PADDING
    said = escape(f"{label}: {words}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="{_HEIGHT}" role="img" '
        f'aria-label="{said}"><title>{said}</title>'
        f'<rect width="{left + right}" height="{_HEIGHT}" rx="3" fill="{_LABEL}"/>'
        f'<path d="M{left} 0h{right - 3}a3 3 0 0 1 3 3v{_HEIGHT - 6}a3 3 0 0 1-3 3H{left}z" fill="{colour}"/>'
        '<g fill="#fff" font-family="Verdana,Geneva,DejaVu Sans,sans-serif" font-size="11" aria-hidden="true">'
        f'<text x="{_PADDING}" y="14" textLength="{_width(label)}">{escape(label)}</text>'
        f'<text x="{left + _PADDING}" y="14" textLength="{_width(words)}">{escape(words)}</text></g></svg>'
    )


def _shown(site: Site, profile: str, name: str) -> Hit | None:
    try:
        return at_a_glance(site.services, site.shelf(profile).target, name)
    except NotFound:  # the page that shows the badge can't help it: it gets a picture all the same
        return None


def _answer(label: str, words: str, colour: str, *, status: HTTPStatus = HTTPStatus.OK) -> Response[str]:
    return Response(
        drawn(label, words, colour),
        status_code=status,
        media_type="image/svg+xml",
        headers={"cache-control": f"public, max-age={_MAX_AGE}"},
    )


def _width(text: str) -> int:
    tenths = (40 if c in _NARROW else 105 if c in _WIDE else _USUAL for c in text)
    return round(sum(tenths) / 10)


badges = Router("/", route_handlers=[health, downloads], include_in_schema=False)
