"""A small site, over HTTP."""

from collections.abc import Iterator

import httpx
import pytest

from support.http_server import serve_app
from support.site_fixtures import build_small_site


@pytest.fixture(scope="session")
def site() -> Iterator[httpx.Client]:
    """A client of a site with a few projects, which no test changes."""
    with serve_app(build_small_site(), {}) as client:
        yield client
