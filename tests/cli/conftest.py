"""A registry of two handfuls of projects, and a user who has nothing but the commands and an address."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pyf.aggregator.sandbox.downloads import DownloadTable, LocalClickHouse, LocalPypistats
from pyf.aggregator.sandbox.fake_registry import FakeRegistry
from pyf.aggregator.sandbox.pypi import LocalPyPI
from pyf.aggregator.sandbox.yaml_format import parse_yaml_projects
from support.cli_runner import CommandRunner

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
def fake_registry() -> FakeRegistry:
    return FakeRegistry(parse_yaml_projects(PROJECTS))


@pytest.fixture
def pypi(fake_registry: FakeRegistry) -> Iterator[LocalPyPI]:
    with LocalPyPI(fake_registry) as pypi:
        yield pypi


@pytest.fixture
def shell(pypi: LocalPyPI, tmp_path: Path) -> CommandRunner:
    """A user whose settings name the registry of these tests, and wait for nothing."""
    quick = {
        "PYPI_BASE_URL": pypi.url,
        "PYPI_RATE_LIMIT_DELAY": "0",
        "PYPI_RETRY_BACKOFF": "0",
        "RENDER_WORKERS": "1",
        "DISCOVERY_INTERVAL": "0",
    }
    return CommandRunner(tmp_path, quick)


@pytest.fixture
def downloads() -> DownloadTable:
    """Ten downloads a day of every project of these tests but plone.volto, for 500 days up to yesterday."""
    newest = datetime.now(UTC).date() - timedelta(1)
    days = {newest - timedelta(ago): 10 for ago in range(500)}
    names = ("plone-api", "collective-one", "collective-two", "django-shop", "django-blog", "flask-thing")
    return DownloadTable(dict.fromkeys(names, days), newest)


@pytest.fixture
def pypistats(downloads: DownloadTable) -> Iterator[LocalPypistats]:
    with LocalPypistats(downloads) as pypistats:
        yield pypistats


@pytest.fixture
def clickhouse(downloads: DownloadTable) -> Iterator[LocalClickHouse]:
    with LocalClickHouse(downloads) as clickhouse:
        yield clickhouse


@pytest.fixture
def counting_shell(shell: CommandRunner, pypistats: LocalPypistats, clickhouse: LocalClickHouse) -> CommandRunner:
    """The same user with sources of counts on this machine, and a collection of the profile `flask`."""
    shell.environment |= {
        "PYPISTATS_BASE_URL": pypistats.url,
        "PYPISTATS_RATE_LIMIT_DELAY": "0",
        "PYPISTATS_RETRY_BACKOFF": "0",
        "CLICKHOUSE_URL": f"{clickhouse.url}/?user=demo",
    }
    shell.invoke("-f", "-p", "flask")
    return shell
