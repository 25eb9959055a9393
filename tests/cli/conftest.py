"""A registry of two handfuls of projects, and a user who has nothing but the commands and an address."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pyf.aggregator.sample.ecosystem import Ecosystem
from pyf.aggregator.sample.expand import expanded
from pyf.aggregator.sample.services import LocalPyPI
from shell import Shell

# Few have a README: the processes that render are slow to start.
PROJECTS = """
projects:
  - name: Plone.Api
    summary: An easy API
    classifiers: ["Framework :: Plone", "Framework :: Plone :: 6.0"]
    releases:
      - {version: "1.0", date: 2020-01-01}
      - {version: "2.0", date: 2022-01-01}
      - {version: "3.0a1", date: 2023-01-01}
  - name: collective.one
    classifiers: ["Framework :: Plone :: 6.0"]
    releases:
      - {version: "0.1", date: 2021-01-01}
  - name: collective.two
    summary: Größe → 𝟙
    classifiers: ["Framework :: Plone :: Addon"]
    releases:
      - {version: "1.0", date: 2021-01-01}
  - name: plone.volto
    classifiers: ["Framework :: Plone", "Framework :: Plone :: 6.0"]
    releases:
      - {version: "1.0", date: 2021-01-01}
  - name: plonesque
    classifiers: ["Framework :: Plonesque"]
    releases:
      - {version: "1.0", date: 2021-01-01}
  - name: Django-Shop
    classifiers: ["Framework :: Django :: 5.0"]
    content_type: text/markdown
    readme: "# Shop\\n\\nSells *things*.\\n"
    releases:
      - {version: "1.0", date: 2021-01-01}
      - {version: "1.1", date: 2022-01-01}
  - name: django_blog
    classifiers: ["Framework :: Django"]
    releases:
      - {version: "1.0", date: 2021-01-01}
  - name: flask-thing
    classifiers: ["Framework :: Flask"]
    releases:
      - {version: "1.0", date: 2021-01-01}
  - name: unframed
    releases:
      - {version: "1.0", date: 2021-01-01}
"""


@pytest.fixture
def ecosystem() -> Ecosystem:
    return Ecosystem(expanded(PROJECTS))


@pytest.fixture
def pypi(ecosystem: Ecosystem) -> Iterator[LocalPyPI]:
    with LocalPyPI(ecosystem) as pypi:
        yield pypi


@pytest.fixture
def shell(pypi: LocalPyPI, tmp_path: Path) -> Shell:
    """A user whose settings name the registry of these tests, and wait for nothing."""
    quick = {"PYPI_BASE_URL": pypi.url, "PYPI_RATE_LIMIT_DELAY": "0", "PYPI_RETRY_BACKOFF": "0", "RENDER_WORKERS": "1"}
    return Shell(tmp_path, quick)
