"""A sample registry, and a runner of commands whose settings name it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pyf.aggregator.sandbox.downloads import DownloadTable, LocalClickHouse, LocalPypistats
from pyf.aggregator.sandbox.fake_registry import FakeRegistry
from pyf.aggregator.sandbox.pypi import LocalPyPI
from support.cli_runner import CommandRunner
from support.sample_ecosystem import build_sample_registry

PACKAGE_NAMES = (
    "Plone.Api",
    "collective.one",
    "collective.two",
    "plone.volto",
    "plonesque",
    "Django-Shop",
    "django_blog",
    "flask-thing",
    "unframed",
)


@pytest.fixture
def fake_registry() -> FakeRegistry:
    return build_sample_registry(*PACKAGE_NAMES)


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
