"""A browser and sites for it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from playwright.sync_api import Browser

from support.browser import BrowserSession, open_browser
from support.http_server import serve_app
from support.site_fixtures import build_crowded_site, build_wide_site


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
