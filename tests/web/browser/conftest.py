"""A browser and sites for it."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from pyf.aggregator.config.profiles import load_profiles
from pyf.aggregator.settings import load_settings
from pyf.aggregator.web.static_site import build_static_site
from support.browser import BrowserSession, open_browser
from support.http_server import serve_app
from support.site_fixtures import build_crowded_site, build_small_site, build_wide_site


@pytest.fixture(scope="session")
def wide_site() -> Iterator[str]:
    """URL of a site with packages that are hard to display."""
    with serve_app(build_wide_site()) as client:
        yield str(client.base_url)


@pytest.fixture(scope="session")
def crowded_site() -> Iterator[str]:
    """URL of a site with the largest possible lists."""
    with serve_app(build_crowded_site()) as client:
        yield str(client.base_url)


@pytest.fixture(scope="session")
def static_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a site as files."""
    folder = tmp_path_factory.mktemp("site")
    settings = load_settings(_env_file=None, web_url="https://packages.example.org")
    # In a thread of its own, because the browser may have an event loop in this one.
    with ThreadPoolExecutor(1) as executor:
        executor.submit(build_static_site, build_small_site(), load_profiles(), settings, folder).result()
    return folder


@pytest.fixture(scope="session")
def static_site(static_folder: Path) -> str:
    """URL of a site as files, without a server."""
    return f"file://{static_folder}/"


# Playwright's event loop runs as long as its browser and would break tests that use asyncio.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as chromium_browser:
        yield chromium_browser


@pytest.fixture
def reader(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Callable[..., BrowserSession]]:
    """Open browser sessions; at the end, check for console errors and requests to other hosts."""
    with ExitStack() as stack:
        readers: list[BrowserSession] = []

        def open_session(site: str = "wide_site", **context: Any) -> BrowserSession:
            new_reader = BrowserSession(browser, request.getfixturevalue(site), **context)
            stack.callback(new_reader.context.close)
            readers.append(new_reader)
            return new_reader

        yield open_session
        assert [complaint for reader_ in readers for complaint in reader_.errors] == []
        assert [url for reader_ in readers for url in reader_.external_urls] == []
