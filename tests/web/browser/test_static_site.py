"""The site as files, opened from a folder: no server answers."""

from pathlib import Path

from playwright.sync_api import Browser


def test_search_finds_packages_and_links_to_their_pages(browser: Browser, static_folder: Path) -> None:
    page = browser.new_page()
    page.goto(f"file://{static_folder}/index.html")
    page.get_by_role("link", name="Plone").first.click()
    page.get_by_role("searchbox").first.fill("easy api")
    page.get_by_role("button", name="Search").first.click()

    assert page.locator("#count").inner_text() == "1 package"
    page.get_by_role("link", name="plone.api").click()
    assert page.get_by_role("heading", level=1).inner_text() == "plone.api"
    page.close()


def test_filter_links_of_the_start_page_work(browser: Browser, static_folder: Path) -> None:
    page = browser.new_page()
    page.goto(f"file://{static_folder}/in/plone/search/index.html?framework=Plone+6.1")

    names = page.locator("#packages a").all_inner_texts()
    assert page.locator("#count").inner_text() == f"{len(names)} packages for Plone 6.1"
    assert "plone.api" in names
    assert "Products.Old" not in names
    page.close()


def test_without_scripts_the_search_says_so(browser: Browser, static_folder: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"file://{static_folder}/in/plone/search/index.html")

    assert page.get_by_text("Searching needs JavaScript.").is_visible()
    assert not page.locator("#q").is_visible()
    context.close()
