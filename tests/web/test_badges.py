"""Content, accessibility and colors of badges."""

from xml.etree.ElementTree import fromstring

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyf.aggregator.web.badges import _BAND_COLORS, _LABEL_COLOR, _NEUTRAL_COLOR, render_badge

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize(
    ("path", "description"),
    [
        ("plone.api/health.svg", "health: 86 excellent"),
        ("PLONE_API/downloads.svg", "downloads: 12.3k/month"),
        ("plone.rest/health.svg", "health: unknown"),
        ("plone.rest/downloads.svg", "downloads: unknown"),
        ("plone.evil/health.svg", "health: quarantined"),
        ("plone.evil/downloads.svg", "downloads: unknown"),
        ("plone.api/version.svg", "version: 2.0.0"),
        ("Products_Old/version.svg", "version: 0.9"),
        ("plone.evil/version.svg", "version: quarantined"),
        ("collective.easyform/dependents.svg", "dependents: 1"),
    ],
)
def test_badge_shows_value_and_label(site: httpx.Client, path: str, description: str) -> None:
    response = site.get(f"/badge/plone/{path}")

    assert (response.status_code, response.headers["content-type"]) == (200, "image/svg+xml")
    assert response.headers["cross-origin-resource-policy"] == "cross-origin"
    picture = fromstring(response.content)
    assert (picture.findtext(f"{SVG}title"), picture.get("role"), picture.get("aria-label")) == (
        description,
        "img",
        description,
    )
    assert "http" not in response.text.replace("http://www.w3.org/2000/svg", "")


@pytest.mark.parametrize("path", ["plone/nobody", "plone/plone.gone", "nowhere/plone.api"])
@pytest.mark.parametrize("kind", ["health", "downloads", "version", "dependents"])
def test_badge_of_missing_package_says_not_found(site: httpx.Client, path: str, kind: str) -> None:
    response = site.get(f"/badge/{path}/{kind}.svg")

    assert response.status_code == 404
    assert fromstring(response.content).findtext(f"{SVG}title") == f"{kind}: not found"


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn")), max_size=40))
def test_render_badge_escapes_any_text(value: str) -> None:
    picture = fromstring(render_badge("label", value, "#000"))

    assert picture.findtext(f"{SVG}title") == f"label: {value}"


@pytest.mark.parametrize("color", [_LABEL_COLOR, _NEUTRAL_COLOR, *_BAND_COLORS.values()])
def test_badge_colors_have_enough_contrast(color: str) -> None:
    assert 1.05 / (relative_luminance(color) + 0.05) >= 4.5


def relative_luminance(color: str) -> float:
    """Return the relative luminance of a color as WCAG defines it."""
    channels = (int(color[n : n + 2], 16) / 255 for n in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
