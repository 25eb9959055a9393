"""A small site, over HTTP."""

from collections.abc import Iterator

import httpx
import pytest

from served import served
from small_site import filled


@pytest.fixture(scope="session")
def site() -> Iterator[httpx.Client]:
    """A client of a site with a few projects, which no test changes."""
    with served(filled(), {}) as client:
        yield client
