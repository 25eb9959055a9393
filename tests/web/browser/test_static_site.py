"""The site as files, opened from a folder: no server answers."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from pyf.aggregator.config.profiles import load_profiles
from pyf.aggregator.settings import load_settings
from pyf.aggregator.web.static_site import build_static_site
from support.site_fixtures import build_small_site


# Built before the browser starts, because both need an event loop.
@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    settings = load_settings(_env_file=None, web_url="https://packages.example.org")
    build_static_site(build_small_site(), load_profiles(), settings, folder)
    return folder


def test_search_finds_packages_and_links_to_their_pages(browser: Browser, folder: Path) -> None:
    page = browser.new_page()
    page.goto(f"file://{folder}/index.html")
    page.get_by_role("link", name="Plone").first.click()
    page.get_by_role("searchbox").first.fill("easy api")
    page.get_by_role("button", name="Search").first.click()

    assert page.locator("#count").inner_text() == "1 package"
    page.get_by_role("link", name="plone.api").click()
    assert page.get_by_role("heading", level=1).inner_text() == "plone.api"
    page.close()


def test_filter_links_of_the_start_page_work(browser: Browser, folder: Path) -> None:
    page = browser.new_page()
    page.goto(f"file://{folder}/in/plone/search/index.html?framework=Plone+6.1")

    names = page.locator("#packages a").all_inner_texts()
    assert page.locator("#count").inner_text() == f"{len(names)} packages for Plone 6.1"
    assert "plone.api" in names
    assert "Products.Old" not in names
    page.close()


def test_without_scripts_the_search_says_so(browser: Browser, folder: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"file://{folder}/in/plone/search/index.html")

    assert page.get_by_text("Searching needs JavaScript.").is_visible()
    assert not page.locator("#q").is_visible()
    context.close()
