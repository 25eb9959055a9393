"""An HTTP client for adapters."""

from collections.abc import Iterator

import pytest

from pyf.aggregator.adapters.http.client import HttpClient


@pytest.fixture
def http() -> Iterator[HttpClient]:
    with HttpClient() as http:
        yield http
