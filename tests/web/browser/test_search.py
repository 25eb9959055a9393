"""Search in a real browser: suggestions, filters, pages and history."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from support.browser import BrowserSession

pytestmark = pytest.mark.slow


def visible_names(page: Page) -> list[str]:
    return page.locator(".hits h3").all_inner_texts()


def test_search_updates_url(reader: Callable[..., BrowserSession]) -> None:
    page = reader().open_page("/")

    page.get_by_role("searchbox", name="Search packages").fill("forms made")
    page.get_by_role("button", name="Search").click()

    expect(page).to_have_url(re.compile(r"/in/plone/search\?q=forms\+made$"))
    assert visible_names(page) == ["collective.easyform"]
    assert page.get_by_role("combobox", name="Search Plone packages").input_value() == "forms made"


def test_suggestions_lead_to_package(reader: Callable[..., BrowserSession]) -> None:
    page = reader().open_page("/in/plone")
    box = page.get_by_role("combobox", name="Search Plone packages")

    box.press_sequentially("easy")
    expect(page.get_by_role("option")).to_have_count(1)
    assert box.get_attribute("aria-expanded") == "true"
    box.press("ArrowDown")
    box.press("Enter")

    expect(page.get_by_role("heading", level=1)).to_have_text("collective.easyform")


def test_escape_closes_suggestions(reader: Callable[..., BrowserSession]) -> None:
    page = reader().open_page("/in/plone/search")
    box = page.get_by_role("combobox", name="Search Plone packages")
    box.press_sequentially("many")
    expect(page.get_by_role("option").first).to_be_visible()

    box.press("Escape")

    expect(page.get_by_role("listbox")).to_have_count(0)
    assert box.input_value() == "many"


def test_suggestions_abort_previous_request(reader: Callable[..., BrowserSession]) -> None:
    """On a slow connection each keystroke aborts the previous request."""
    page = reader().open_page("/in/plone/search")
    page.route("**/suggest?q=m", lambda route: None)
    box = page.get_by_role("combobox", name="Search Plone packages")
    with page.expect_request("**/suggest?q=m"):
        box.press_sequentially("m")

    box.press_sequentially("any")

    expect(page.get_by_role("option").first).to_be_visible()


def test_back_restores_search_text(reader: Callable[..., BrowserSession]) -> None:
    page = reader().open_page("/in/plone/search?q=many")
    box = page.get_by_role("combobox", name="Search Plone packages")
    box.fill("forms")
    box.press("Enter")
    expect(page).to_have_url(re.compile(r"q=forms$"))

    page.go_back()

    expect(page).to_have_url(re.compile(r"q=many$"))
    expect(box).to_have_value("many")


def test_filters_update_in_place_and_back_undoes_them(
    reader: Callable[..., BrowserSession],
) -> None:
    page = reader().open_page("/in/plone/search?q=many")
    before = page.locator("#count").inner_text()
    page.evaluate("window.same_page = true")

    page.get_by_role("checkbox", name="Plone 5.2").check()
    expect(page.get_by_role("status")).to_have_text("25 packages")
    page.get_by_role("combobox", name="Sort by").focus()
    page.get_by_role("combobox", name="Sort by").select_option("name")
    expect(page).to_have_url(re.compile(r"\?(?=.*q=many)(?=.*framework=Plone\+5\.2)(?=.*sort=name)"))
    expect(page.locator(".hits h3").first).to_have_text("plone.many00")

    assert page.evaluate("window.same_page") is True
    assert page.evaluate("document.activeElement.id") == "sort"
    page.go_back()
    expect(page.get_by_role("combobox", name="Sort by")).to_have_value("relevance")
    expect(page.get_by_role("checkbox", name="Plone 5.2")).to_be_checked()
    page.go_back()
    expect(page.locator("#count")).to_have_text(before)
    expect(page.get_by_role("checkbox", name="Plone 5.2")).not_to_be_checked()
    page.go_forward()
    expect(page.locator("#count")).to_contain_text("25 packages")


def test_chip_removes_filter(reader: Callable[..., BrowserSession]) -> None:
    page = reader().open_page("/in/plone/search?q=many&framework=Plone+5.2&license=MIT")

    page.get_by_role("link", name="License: MIT").click()

    expect(page).to_have_url(re.compile(r"\?q=many&framework=Plone\+5\.2$"))
    expect(page.locator("#count")).to_contain_text("25 packages")


def test_pages_show_every_package_once(reader: Callable[..., BrowserSession]) -> None:
    page = reader().open_page("/in/plone/search?q=many")
    seen = visible_names(page)

    for number in ("2", "3"):
        page.get_by_role("link", name="Next").click()
        expect(page.locator(".pages [aria-current=page]")).to_have_text(number)
        seen += visible_names(page)

    assert len(seen) == len(set(seen)) == 50
    expect(page).to_have_url(re.compile("page=3$"))
    page.go_back()
    expect(page.locator(".pages [aria-current=page]")).to_have_text("2")


def test_back_from_project_returns_to_list(reader: Callable[..., BrowserSession]) -> None:
    page = reader().open_page("/in/plone/search?q=many")
    page.get_by_role("checkbox", name="MIT").check()
    expect(page).to_have_url(re.compile("license=MIT"))

    page.get_by_role("link", name="plone.many01").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("plone.many01")
    page.go_back()

    expect(page.get_by_role("checkbox", name="MIT")).to_be_checked()
    assert "plone.many01" in visible_names(page)


def test_search_page_size(reader: Callable[..., BrowserSession]) -> None:
    """The limit holds for the HTML, and for the compressed transfer of the page with its assets."""
    each = reader()
    sizes: list[int] = []
    each.page.on("requestfinished", lambda request: sizes.append(request.sizes()["responseBodySize"]))

    page = each.open_page("/in/plone/search?all=maintainer&all=classifier&all=license&framework=Plone+6.1")
    page.wait_for_load_state("networkidle")

    assert 10_000 < len(page.content().encode()) <= 60_000
    assert 5_000 < sum(sizes) <= 60_000
