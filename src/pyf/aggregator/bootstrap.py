"""Chooses the adapters that the settings ask for: the only place that knows which there are."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from platformdirs import user_data_path

from .adapters.downloads import CLICKHOUSE_LIMITS, ClickHouse, Pypistats, pypistats_limits
from .adapters.http import Http
from .adapters.index.database import Database
from .adapters.index.sqlite import SqliteIndex
from .adapters.index.sqlite_admin import SqliteAdmin
from .adapters.index.sqlite_keys import SqliteApiKeys
from .adapters.pypi import PyPIJournal, PyPIRegistry
from .adapters.rendering import PooledRenderer
from .adapters.retry import Retries
from .adapters.service import Limits, Service
from .adapters.sqlite_caches import SqliteRenderCache, SqliteVerdictStore
from .domain.errors import Invalid
from .domain.policy import Descriptions, Discovery, Policy
from .ports import DownloadStats, Services
from .settings import Settings


@contextmanager
def open_services(settings: Settings) -> Iterator[Services]:
    """Give the services that the settings ask for, and close them in the end."""
    database = Database(_sqlite_path(settings))
    renderer = PooledRenderer(SqliteRenderCache(database), workers=settings.render_workers or None)
    try:
        with Http(contact=settings.pyf_contact) as http:
            pypi = Service(http, _limits(settings))
            yield Services(
                registry=PyPIRegistry(pypi, settings.pypi_base_url, descriptions=settings.descriptions),
                journal=PyPIJournal(pypi, settings.pypi_base_url),
                index=SqliteIndex(database),
                admin=SqliteAdmin(database),
                keys=SqliteApiKeys(database),
                renderer=renderer,
                verdicts=SqliteVerdictStore(database),
                downloads=_downloads(settings, http),
                requests=http,
                now=time.time,
                policy=_policy(settings),
            )
    finally:
        renderer.close()
        database.close()


def _sqlite_path(settings: Settings) -> Path:
    if settings.sqlite_path:
        try:
            return Path(settings.sqlite_path).expanduser()
        except RuntimeError as error:  # a user that does not exist
            raise Invalid(f"SQLITE_PATH={settings.sqlite_path!r}: {error}") from error
    return user_data_path("pyf.aggregator", appauthor=False) / "pyf.sqlite3"


def _limits(settings: Settings) -> Limits:
    return Limits(
        workers=settings.pypi_max_workers,
        delay=settings.pypi_rate_limit_delay,
        timeout=settings.pypi_timeout,
        retries=Retries(most=settings.pypi_max_retries, backoff=settings.pypi_retry_backoff),
    )


def _downloads(settings: Settings, http: Http) -> DownloadStats:
    if settings.downloads_source == "clickhouse":
        return ClickHouse(Service(http, CLICKHOUSE_LIMITS), settings.clickhouse_url)
    retries = Retries(most=settings.pypistats_max_retries, backoff=settings.pypistats_retry_backoff)
    limits = pypistats_limits(settings.pypistats_rate_limit_delay, retries)
    return Pypistats(Service(http, limits), settings.pypistats_base_url)


def _policy(settings: Settings) -> Policy:
    return Policy(
        batch_size=settings.pypi_batch_size,
        descriptions=Descriptions(settings.descriptions),
        discovery=Discovery(settings.pypi_discovery),
        status_max_age=settings.status_max_age,
    )
