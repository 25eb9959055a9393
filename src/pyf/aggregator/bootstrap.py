"""Chooses the adapters that the settings ask for: the only place that knows which there are."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from platformdirs import user_data_path

from .adapters.http import Http
from .adapters.index.database import Database
from .adapters.index.sqlite import SqliteIndex
from .adapters.index.sqlite_admin import SqliteAdmin
from .adapters.pypi import PyPIJournal, PyPIRegistry
from .adapters.rendering import PooledRenderer
from .adapters.retry import Retries
from .adapters.service import Limits, Service
from .adapters.sqlite_caches import SqliteRenderCache, SqliteVerdictStore
from .domain.errors import Invalid
from .domain.policy import Descriptions, Discovery, Policy
from .ports import IndexAdmin, PackageIndex, Services
from .settings import Settings


@contextmanager
def open_services(settings: Settings) -> Iterator[Services]:
    """Give the services that the settings ask for, and close them in the end."""
    database = Database(_sqlite_path(settings))  # of the caches, whatever engine keeps the index
    renderer = PooledRenderer(SqliteRenderCache(database), workers=settings.render_workers or None)
    try:
        with Http(contact=settings.pyf_contact) as http, _index(settings, database) as (index, admin):
            pypi = Service(http, _limits(settings))
            yield Services(
                registry=PyPIRegistry(pypi, settings.pypi_base_url, descriptions=settings.descriptions),
                journal=PyPIJournal(pypi, settings.pypi_base_url),
                index=index,
                admin=admin,
                renderer=renderer,
                verdicts=SqliteVerdictStore(database),
                requests=http,
                now=time.time,
                policy=_policy(settings),
            )
    finally:
        renderer.close()
        database.close()


@contextmanager
def _index(settings: Settings, database: Database) -> Iterator[tuple[PackageIndex, IndexAdmin]]:
    """Give the engine that keeps the index; nothing is asked of a server before the first call."""
    if settings.engine == "sqlite":
        yield SqliteIndex(database), SqliteAdmin(database)
        return
    key = settings.typesense_api_key.get_secret_value()
    if not key:
        raise Invalid("INDEX_BACKEND=typesense needs TYPESENSE_API_KEY")
    # The client takes a quarter of a second to import, of which users of the other engine are spared.
    from .adapters.index import typesense

    server = typesense.Server(
        settings.typesense_addresses, key, timeout=settings.typesense_timeout, patience=settings.typesense_patience
    )
    try:
        ports = typesense.on(server)
        yield ports.index, ports.admin
    finally:
        server.close()


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


def _policy(settings: Settings) -> Policy:
    return Policy(
        batch_size=settings.pypi_batch_size,
        descriptions=Descriptions(settings.descriptions),
        discovery=Discovery(settings.pypi_discovery),
        status_max_age=settings.status_max_age,
    )
