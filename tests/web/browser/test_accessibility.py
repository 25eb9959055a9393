"""Accessibility: axe rules, contrast, small screens and enlarged text."""

from collections.abc import Callable

import pytest

from pyf.aggregator.domain.documents.project import normalize_name
from support.browser import ALL_RULES, COLOR_RULES, BrowserSession
from support.site_fixtures import LONG_NAME

pytestmark = pytest.mark.slow

PAGES = (
    "/",
    "/in/plone",
    "/in/plone/search",
    "/in/plone/search?q=many&framework=Plone+6.0&health=poor&page=2&sort=stars&all=classifier",
    "/in/plone/search?q=nothing+like+it",
    f"/in/plone/search?q={'x' * 400}",
    "/in/plone/project/plone-often",
    f"/in/plone/project/{normalize_name(LONG_NAME)}",
    "/in/plone/project/collective-rtl",
    "/in/plone/project/plone-attack",
    "/in/plone/project/collective-hostile",
    "/in/plone/project/plone-hole",
    "/in/plone/project/plone-evil",
    "/in/plone/project/plone-gone",
    "/in/plone/project/plone-never",
    "/in/plone/compare",
    "/in/plone/compare?name=plone-api&name=plone-often&name=plone-rest&name=collective-rtl",
    "/in/plone/compare?name=plone-api&name=plone-evil",
    "/in/nowhere",
    "/in/plone/readiness?to=Plone+6.0",
    "/in/plone/check",
)
# Pages of the site as files, which a browser opens from a folder.
FILES = (
    "index.html",
    "in/plone/search/index.html",
    "in/plone/project/plone-api/index.html",
    "in/plone/readiness/plone-6.0/index.html",
)


def test_pages_have_no_axe_violations(reader: Callable[..., BrowserSession]) -> None:
    session = reader(color_scheme="light")

    violations_by_path = {path: session.open_page(path) and session.find_violations() for path in PAGES}

    assert {path: violations for path, violations in violations_by_path.items() if violations} == {}


def test_files_have_no_axe_violations(reader: Callable[..., BrowserSession]) -> None:
    session = reader("static_site", color_scheme="light")
    rules = ALL_RULES | {"preload": False}  # axe may not request the style sheet of a folder again

    violations_by_path = {path: session.open_page(path) and session.find_violations(rules) for path in FILES}

    assert {path: violations for path, violations in violations_by_path.items() if violations} == {}


def test_dark_mode_contrast(reader: Callable[..., BrowserSession]) -> None:
    """Only colors differ in the dark mode."""
    session = reader(color_scheme="dark")

    violations_by_path = {path: session.open_page(path) and session.find_violations(COLOR_RULES) for path in PAGES}

    assert {path: violations for path, violations in violations_by_path.items() if violations} == {}
    assert session.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(18, 22, 29)"


def test_phone_pages_have_no_axe_violations(reader: Callable[..., BrowserSession]) -> None:
    session = reader(viewport={"width": 390, "height": 844}, color_scheme="light")
    violations_by_path = {}

    for path in ("/in/plone/search?q=plone", "/in/plone/project/plone-api", "/in/plone"):
        page = session.open_page(path)
        page.evaluate("document.querySelectorAll('details').forEach(session => { session.open = true })")
        violations_by_path[path] = session.find_violations()

    assert {path: violations for path, violations in violations_by_path.items() if violations} == {}


def test_pages_fit_320_pixels(reader: Callable[..., BrowserSession]) -> None:
    session = reader(viewport={"width": 320, "height": 640})

    wide = [path for path in PAGES if session.open_page(path) and session.overflows_horizontally()]

    assert wide == []


def test_text_at_200_percent(reader: Callable[..., BrowserSession]) -> None:
    """With text at 200% a screen of 1280 pixels has the layout of 640 pixels."""
    session = reader(viewport={"width": 640, "height": 512}, device_scale_factor=2)

    wide = [path for path in PAGES if session.open_page(path) and session.overflows_horizontally()]

    assert wide == []
