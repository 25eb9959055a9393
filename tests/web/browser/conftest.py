"""A browser, and a site to read in it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from playwright.sync_api import Browser

from browser import Reader, chromium
from crowded_site import crowded
from served import served
from wide_site import wide


@pytest.fixture(scope="session")
def wide_site() -> Iterator[str]:
    """The address of a site with what is hard to show."""
    with served(wide()) as client:
        yield str(client.base_url)


@pytest.fixture(scope="session")
def crowded_site() -> Iterator[str]:
    """The address of a site that has most to show."""
    with served(crowded()) as client:
        yield str(client.base_url)


# Playwright's event loop runs for as long as its browser, and no test of asyncio may come upon it.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture
def reader(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Callable[..., Reader]]:
    """Give readers of a site, with their preferences; afterwards nothing was complained of, and nobody else asked."""
    with ExitStack() as stack:
        readers: list[Reader] = []

        def make(site: str = "wide_site", **context: Any) -> Reader:
            made = Reader(browser, request.getfixturevalue(site), **context)
            stack.callback(made.context.close)
            readers.append(made)
            return made

        yield make
        assert [complaint for each in readers for complaint in each.complaints] == []
        assert [url for each in readers for url in each.elsewhere] == []
