"""Package pages and comparisons with and without scripts, with keyboard and on phones."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from support.browser import BrowserSession

pytestmark = pytest.mark.slow


def test_project_page_shows_all_sections(reader: Callable[..., BrowserSession]) -> None:
    page = reader().open_page("/in/plone/project/plone-often")

    for part in ("README", "Health", "Compatibility", "Releases", "Requirements", "Dependents", "Similar"):
        page.get_by_role("navigation", name="On this page").get_by_role("link", name=part).click()
        expect(page.locator(f"#{part.lower()}")).to_be_in_viewport()
    assert page.locator("#releases tbody tr").count() == 100
    assert page.locator(".readme img").count() == 0
    assert page.get_by_role("link", name="A picture of it").get_attribute("href") == "https://pictures.example/p.png"


def test_copy_install_command(reader: Callable[..., BrowserSession]) -> None:
    each = reader(permissions=["clipboard-read", "clipboard-write"])
    page = each.open_page("/in/plone/project/plone-api")

    page.get_by_role("button", name="Copy").click()

    expect(page.get_by_role("status")).to_have_text("Install command copied")
    assert page.evaluate("navigator.clipboard.readText()") == "pip install plone.api"


def test_compare_picked_packages(reader: Callable[..., BrowserSession]) -> None:
    page = reader().open_page("/in/plone/search?q=many&sort=name")
    expect(page.get_by_role("button", name="Compare them")).to_be_hidden()

    page.get_by_role("checkbox", name="Compare plone.many00").check()
    page.get_by_role("checkbox", name="Compare plone.many02").check()
    page.get_by_role("button", name="Compare them").click()

    expect(page.get_by_role("columnheader")).to_contain_text(["Property", "plone.many00", "plone.many02"])
    page.get_by_label("Add another package").fill("Plone.API")
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_role("columnheader")).to_have_count(4)
    page.get_by_role("link", name="remove plone.many02").click()
    expect(page.get_by_role("columnheader")).to_contain_text(["Property", "plone.many00", "plone.api"])


def test_picks_survive_page_changes(reader: Callable[..., BrowserSession]) -> None:
    page = reader().open_page("/in/plone/search?q=many&sort=name")

    page.get_by_role("checkbox", name="Compare plone.many00").check()
    page.get_by_role("link", name="Next").click()
    page.get_by_role("checkbox", name="Compare plone.many20").check()
    page.get_by_role("link", name="Next").click()
    expect(page.locator("#compare")).to_contain_text("plone.many00")
    page.get_by_role("button", name="Compare them").click()

    expect(page.get_by_role("columnheader")).to_contain_text(["Property", "plone.many", "plone.many"])


def test_pages_work_without_scripts(reader: Callable[..., BrowserSession]) -> None:
    page = reader(java_script_enabled=False).open_page("/in/plone")

    page.get_by_role("searchbox", name="Search Plone packages").fill("many")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("checkbox", name="Plone 5.2").check()
    page.get_by_role("combobox", name="Sort by").select_option("name")
    page.get_by_role("button", name="Apply").click()
    expect(page.locator("#count")).to_contain_text("25 packages")
    page.get_by_role("link", name="Next").click()
    expect(page.locator(".hits h3").first).to_have_text("plone.many40")
    page.get_by_role("checkbox", name="Compare plone.many40").check()
    page.get_by_role("checkbox", name="Compare plone.many42").check()
    page.get_by_role("button", name="Compare them").click()
    expect(page.get_by_role("columnheader")).to_have_count(3)
    page.get_by_role("link", name="plone.many40").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("plone.many40")
    assert page.locator(".install code").inner_text() == "pip install plone.many40"


def test_keyboard_only_workflow(reader: Callable[..., BrowserSession]) -> None:
    page = reader().open_page("/in/plone/search")

    def tab_to(selector: str) -> None:
        for _ in range(250):
            page.keyboard.press("Tab")
            if page.evaluate("selector => document.activeElement.matches(selector)", selector):
                assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
                return
        raise AssertionError(f"{selector} was not reached")

    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    tab_to("#q")
    page.keyboard.type("many")
    page.keyboard.press("Enter")
    expect(page.locator("#count")).to_contain_text("50 packages")
    tab_to('[name=framework][value="Plone 5.2"]')
    page.keyboard.press("Space")
    expect(page.locator("#count")).to_contain_text("25 packages")
    expect(page.locator('[name=framework][value="Plone 5.2"]')).to_be_focused()
    for _ in range(2):
        tab_to(".pick input")
        page.keyboard.press("Space")
    tab_to("#compare button")
    page.keyboard.press("Enter")
    expect(page.get_by_role("columnheader")).to_have_count(3)
    tab_to("th a")
    page.keyboard.press("Enter")
    expect(page.get_by_role("navigation", name="On this page")).to_be_visible()
    tab_to(".install button")
    tab_to('a[href="#health"]')
    page.keyboard.press("Enter")
    expect(page.locator("#health")).to_be_in_viewport()


def test_phone_collapses_filters(reader: Callable[..., BrowserSession]) -> None:
    page = reader(viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True).open_page(
        "/in/plone/search?q=many"
    )

    expect(page.locator(".hits h3").first).to_be_in_viewport()
    expect(page.get_by_role("checkbox", name="Plone 5.2")).to_be_hidden()
    page.get_by_text("Filters and sort order").tap()
    page.get_by_role("checkbox", name="Plone 5.2").tap()

    expect(page.locator("#count")).to_contain_text("25 packages")
    expect(page.get_by_role("checkbox", name="Plone 5.2")).to_be_visible()


def test_wide_screen_shows_filters(reader: Callable[..., BrowserSession]) -> None:
    page = reader(viewport={"width": 1280, "height": 900}).open_page("/in/plone/search")

    expect(page.get_by_role("checkbox", name="Plone 5.2")).to_be_visible()


@pytest.mark.parametrize(
    "path",
    [
        "/in/plone/project/plone-attack",
        "/in/plone/project/collective-hostile",
        "/in/plone/search?q=%3Cscript%3Ealert(1)%3C/script%3E",
        "/in/plone/search?q=%27%20OR%201=1%20--",
        "/in/plone/search?q=%00%0a%E2%80%AE%22%5B%7B(%2B-!~*:%5E",
        "/in/plone/compare?name=%3Cimg%20src=x%20onerror=alert(1)%3E&name=plone-attack",
        "/in/%3Cscript%3Ealert(1)%3C%2Fscript%3E",
    ],
)
def test_hostile_text_runs_no_script(reader: Callable[..., BrowserSession], path: str) -> None:
    each = reader()
    opened: list[str] = []
    each.page.on("dialog", lambda dialog: (opened.append(dialog.message), dialog.dismiss()))

    page = each.open_page(path)

    assert opened == []
    assert page.locator("main :is(script, style, iframe, object, img, form form)").count() == 0


def test_quarantined_package_warns(reader: Callable[..., BrowserSession]) -> None:
    page = reader().open_page("/in/plone/project/plone-evil")

    expect(page.get_by_role("note")).to_contain_text("quarantine")
    assert "pip install" not in page.content()
