"""A small site over HTTP."""

from collections.abc import Iterator

import httpx
import pytest

from support.http_server import serve_app
from support.site_fixtures import build_small_site


@pytest.fixture(scope="session")
def site() -> Iterator[httpx.Client]:
    """Client of a site with a few packages; shared, so tests must not change it."""
    with serve_app(build_small_site(), {}) as client:
        yield client
