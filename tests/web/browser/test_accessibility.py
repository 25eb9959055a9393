"""Pages that everybody can read: axe finds nothing on any of them, and they fit the smallest screen."""

from collections.abc import Callable

import pytest

from pyf.aggregator.domain.documents.project import normalize_name
from support.browser import COLOR_RULES, BrowserSession
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
)


def test_axe_finds_nothing_on_any_page(reader: Callable[..., BrowserSession]) -> None:
    each = reader(color_scheme="light")

    found = {path: each.open_page(path) and each.find_violations() for path in PAGES}

    assert {path: violations for path, violations in found.items() if violations} == {}


def test_the_dark_has_contrast_on_every_page(reader: Callable[..., BrowserSession]) -> None:
    """Nothing but colours is another in the dark."""
    each = reader(color_scheme="dark")

    found = {path: each.open_page(path) and each.find_violations(COLOR_RULES) for path in PAGES}

    assert {path: violations for path, violations in found.items() if violations} == {}
    assert each.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(18, 22, 29)"


def test_axe_finds_nothing_on_a_phone(reader: Callable[..., BrowserSession]) -> None:
    each = reader(viewport={"width": 390, "height": 844}, color_scheme="light")
    found = {}

    for path in ("/in/plone/search?q=plone", "/in/plone/project/plone-api", "/in/plone"):
        page = each.open_page(path)
        page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")
        found[path] = each.find_violations()

    assert {path: violations for path, violations in found.items() if violations} == {}


def test_no_page_is_wider_than_a_screen_of_320_pixels(reader: Callable[..., BrowserSession]) -> None:
    each = reader(viewport={"width": 320, "height": 640})

    wide = [path for path in PAGES if each.open_page(path) and each.overflows_horizontally()]

    assert wide == []


def test_text_may_be_twice_as_large(reader: Callable[..., BrowserSession]) -> None:
    """A browser that doubles the size of text shows a screen of 1280 pixels like one of 640."""
    each = reader(viewport={"width": 640, "height": 512}, device_scale_factor=2)

    wide = [path for path in PAGES if each.open_page(path) and each.overflows_horizontally()]

    assert wide == []
