"""A small registry for the tests of the sandbox."""

from collections.abc import Callable, Iterator, Mapping
from http.client import HTTPConnection
from types import SimpleNamespace
from urllib.parse import urlsplit

import msgspec
import pytest

from pyf.aggregator.sandbox.fake_registry import FakeRegistry
from pyf.aggregator.sandbox.pypi import LocalPyPI
from pyf.aggregator.sandbox.yaml_format import parse_yaml_projects

TEXT = """
projects:
  - name: Acme.Blog
    summary: A blog
    author_email: ada@example.org
    requires_python: ">=3.11"
    classifiers: ["Framework :: Plone", "Framework :: Plone :: 6.0"]
    maintainers: [ada, bob]
    releases:
      - {version: "1.0", date: 2024-01-01, classifiers: ["Framework :: Plone"]}
      - {version: "2.0", date: 2024-06-01}
      - {version: 2.1a1, date: 2024-07-01, files: [sdist]}
  - name: acme-shop
    classifiers: ["Framework :: Django"]
    maintainers: [ada]
    releases:
      - {version: "0.1", date: 2023-01-01}
"""


@pytest.fixture
def fake_registry() -> FakeRegistry:
    """Acme.Blog (serial 2) and acme-shop (serial 1); every change happens at 1,800,000,000."""
    return FakeRegistry(parse_yaml_projects(TEXT), clock=lambda: 1_800_000_000.0)


@pytest.fixture
def pypi(fake_registry: FakeRegistry) -> Iterator[LocalPyPI]:
    with LocalPyPI(fake_registry) as service:
        yield service


@pytest.fixture
def fetch(pypi: LocalPyPI) -> Callable[..., SimpleNamespace]:
    """GET a path without redirects, decoding and retries."""

    def get(path: str, headers: Mapping[str, str] | None = None) -> SimpleNamespace:
        connection = HTTPConnection(urlsplit(pypi.url).netloc, timeout=5)
        try:
            connection.request("GET", path, headers=dict(headers or {}))
            response = connection.getresponse()
            body = response.read()
        finally:
            connection.close()
        return SimpleNamespace(
            status=response.status, headers=response.headers, body=body, json=lambda: msgspec.json.decode(body)
        )

    return get
