"""Searches with very long URLs use form buttons, which lead where links would."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from support.browser import COLOR_RULES, BrowserSession
from support.site_fixtures import LONG_CLASSIFIERS, build_search_url

pytestmark = pytest.mark.slow

CROWDED = build_search_url("classifier", list(LONG_CLASSIFIERS[:30]), sort="name")


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_buttons_change_page_and_filters(reader: Callable[..., BrowserSession], scripts: bool) -> None:
    page = reader("crowded_site", java_script_enabled=scripts).open_page(CROWDED)
    first = page.locator(".hits h3").first.inner_text()

    page.get_by_role("button", name="Next page").click()
    expect(page).to_have_url(re.compile("page=2$"))
    expect(page.locator(".pages [aria-current=page]")).to_have_text("2")
    assert page.locator(".hits h3").first.inner_text() != first

    page.get_by_role("button", name="remove this filter").first.click()
    expect(page).not_to_have_url(re.compile("without=|page="))
    expect(page.locator("fieldset :checked")).to_have_count(29)

    page.go_back()
    expect(page.locator(".pages [aria-current=page]")).to_have_text("2")
    expect(page.locator("fieldset :checked")).to_have_count(30)
    page.go_back()
    expect(page.locator(".hits h3").first).to_have_text(first)


def test_button_opens_feed_of_long_query(reader: Callable[..., BrowserSession]) -> None:
    page = reader("crowded_site").open_page(CROWDED)

    with page.expect_response(re.compile("/feeds/plone/updated.atom")) as response_info:
        page.get_by_role("button", name="Feed of this search").click()

    assert response_info.value.status == 200


def test_keyboard_uses_buttons(reader: Callable[..., BrowserSession]) -> None:
    page = reader("crowded_site").open_page(CROWDED)

    page.get_by_role("button", name="Next page").focus()
    page.keyboard.press("Enter")

    expect(page.locator(".pages [aria-current=page]")).to_have_text("2")
    assert page.evaluate("document.activeElement.id") == "count"


def test_crowded_list_is_accessible_and_fits_phone(reader: Callable[..., BrowserSession]) -> None:
    light = reader("crowded_site", color_scheme="light")
    dark = reader("crowded_site", color_scheme="dark", viewport={"width": 320, "height": 640})

    light.open_page(CROWDED)
    dark.open_page(CROWDED)

    assert light.find_violations() == []
    assert dark.find_violations(COLOR_RULES) == []
    assert not dark.overflows_horizontally()
