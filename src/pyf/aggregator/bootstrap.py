"""Chooses the adapters that the settings ask for: the only place that knows which there are."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from platformdirs import user_data_path

from .adapters.candidates.clickhouse import ClickHouseCandidates
from .adapters.candidates.memory import MemoryCandidates
from .adapters.candidates.names_file import CandidatesFile
from .adapters.downloads import CLICKHOUSE_LIMITS, ClickHouse, Pypistats, pypistats_limits
from .adapters.github import GitHubGraphQL, GitHubRest
from .adapters.github.client import GitHubClient
from .adapters.http import Http
from .adapters.index.database import Database
from .adapters.index.plain_search import PlainSearch
from .adapters.index.sqlite import SqliteIndex
from .adapters.index.sqlite_admin import SqliteAdmin
from .adapters.index.sqlite_keys import SqliteApiKeys
from .adapters.index.sqlite_search import SqliteSearch
from .adapters.lexicon import load_lexicon
from .adapters.profiles import load_profiles
from .adapters.pypi import PyPIJournal, PyPIRegistry
from .adapters.rendering import PooledRenderer
from .adapters.retry import Retries
from .adapters.service import Limits, Service
from .adapters.sqlite_caches import SqliteRenderCache, SqliteVerdictStore
from .adapters.sqlite_repositories import SqliteRepositoryCache
from .adapters.standards import load_standards
from .domain.errors import Invalid
from .domain.health import Standards
from .domain.policy import Descriptions, Discovery, Policy
from .ports import (
    ApiKeys,
    Candidates,
    DownloadStats,
    IndexAdmin,
    PackageIndex,
    RepositoryHost,
    SearchEngine,
    Services,
)
from .settings import Settings


@contextmanager
def open_services(settings: Settings) -> Iterator[Services]:
    """Give the services that the settings ask for, and close them in the end."""
    standards = load_standards(settings.health_file, load_profiles(settings.profiles_file).values())
    database = Database(_sqlite_path(settings))  # of the caches, whatever engine keeps the index
    renderer = PooledRenderer(SqliteRenderCache(database), workers=settings.render_workers or None)
    try:
        with (
            Http(contact=settings.pyf_contact) as http,
            _engine(settings, database) as (index, admin, keys),
            _search(settings, database, index, standards) as search,
        ):
            pypi = Service(http, _limits(settings))
            yield Services(
                registry=PyPIRegistry(pypi, settings.pypi_base_url, descriptions=settings.descriptions),
                journal=PyPIJournal(pypi, settings.pypi_base_url),
                index=index,
                admin=admin,
                keys=keys,
                search=search,
                renderer=renderer,
                verdicts=SqliteVerdictStore(database),
                downloads=_downloads(settings, http),
                repositories=_github(http, settings),
                repository_cache=SqliteRepositoryCache(database),
                candidates=_candidates(settings, http),
                requests=http,
                now=time.time,
                standards=standards,
                policy=_policy(settings),
            )
    finally:
        renderer.close()
        database.close()


@contextmanager
def _engine(settings: Settings, database: Database) -> Iterator[tuple[PackageIndex, IndexAdmin, ApiKeys]]:
    """Give the three ports of the engine that keeps the index; nothing is asked of a server before the first call."""
    if settings.engine == "sqlite":
        yield SqliteIndex(database), SqliteAdmin(database), SqliteApiKeys(database)
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
        yield ports.index, ports.admin, ports.keys
    finally:
        server.close()


@contextmanager
def _search(
    settings: Settings, database: Database, index: PackageIndex, standards: Standards
) -> Iterator[SearchEngine]:
    """Give what searches the index; nothing is opened before the first search."""
    lexicon = load_lexicon(settings.synonyms_file)
    if settings.engine != "sqlite":
        yield PlainSearch(index, lexicon, standards, now=time.time)
        return
    search = SqliteSearch(database, lexicon, standards, now=time.time)
    try:
        yield search
    finally:
        search.close()


def _sqlite_path(settings: Settings) -> Path:
    if settings.sqlite_path:
        try:
            return Path(settings.sqlite_path).expanduser()
        except RuntimeError as error:  # a user that does not exist
            raise Invalid(f"SQLITE_PATH={settings.sqlite_path!r}: {error}") from error
    return user_data_path("pyf.aggregator", appauthor=False) / "pyf.sqlite3"


def _candidates(settings: Settings, http: Http) -> Candidates:
    if settings.candidates_source == "clickhouse":
        clickhouse = Service(http, Limits(workers=1, timeout=settings.pypi_timeout, retries=_retries(settings)))
        return ClickHouseCandidates(clickhouse, settings.clickhouse_url)
    return CandidatesFile(settings.candidates_file) if settings.candidates_file else MemoryCandidates()


def _retries(settings: Settings) -> Retries:
    return Retries(most=settings.pypi_max_retries, backoff=settings.pypi_retry_backoff)


def _limits(settings: Settings) -> Limits:
    return Limits(
        workers=settings.pypi_max_workers,
        delay=settings.pypi_rate_limit_delay,
        timeout=settings.pypi_timeout,
        retries=_retries(settings),
    )


def _downloads(settings: Settings, http: Http) -> DownloadStats:
    if settings.downloads_source == "clickhouse":
        return ClickHouse(Service(http, CLICKHOUSE_LIMITS), settings.clickhouse_url)
    retries = Retries(most=settings.pypistats_max_retries, backoff=settings.pypistats_retry_backoff)
    limits = pypistats_limits(settings.pypistats_rate_limit_delay, retries)
    return Pypistats(Service(http, limits), settings.pypistats_base_url)


def _github(http: Http, settings: Settings) -> RepositoryHost:
    """Return what asks GitHub: one request at a time, which waits and repeats in its own way."""
    limits = Limits(
        workers=1, delay=settings.github_request_delay, timeout=settings.github_timeout, retries=Retries(most=0)
    )
    token = settings.github_token.get_secret_value()
    client = GitHubClient(Service(http, limits), settings.github_api_url, token)
    return GitHubGraphQL(client) if token else GitHubRest(client)


def _policy(settings: Settings) -> Policy:
    return Policy(
        batch_size=settings.pypi_batch_size,
        descriptions=Descriptions(settings.descriptions),
        discovery=Discovery(settings.pypi_discovery),
        status_max_age=settings.status_max_age,
        repository_max_age=settings.github_cache_ttl,
    )
