"""Chooses the adapters that the settings ask for: the only place that knows which there are."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct
from platformdirs import user_data_path

from .adapters.candidates.clickhouse import ClickHouseCandidates
from .adapters.candidates.memory import MemoryCandidates
from .adapters.candidates.names_file import CandidatesFile
from .adapters.downloads import CLICKHOUSE_LIMITS, ClickHouse, Pypistats, pypistats_limits
from .adapters.github import GitHubGraphQL, GitHubRest
from .adapters.github.client import GitHubClient
from .adapters.http import Http
from .adapters.index.database import Database
from .adapters.index.fulltext.files import get_search_folder
from .adapters.index.sqlite import SqliteIndex
from .adapters.index.sqlite_admin import SqliteAdmin
from .adapters.index.sqlite_keys import SqliteApiKeys
from .adapters.index.sqlite_source import open_search
from .adapters.lexicon import load_lexicon
from .adapters.profiles import load_profiles
from .adapters.pypi import PyPIFeed, PyPIJournal, PyPIRegistry
from .adapters.rendering import PooledRenderer
from .adapters.retry import Retries
from .adapters.service import Limits, Service
from .adapters.sqlite_caches import SqliteRenderCache, SqliteVerdictStore
from .adapters.sqlite_repositories import SqliteRepositoryCache
from .adapters.standards import load_standards
from .adapters.traffic import TrafficCount
from .domain.errors import Invalid
from .domain.health import Standards
from .domain.policy import Descriptions, Discovery, Policy
from .ports import (
    ApiKeys,
    Candidates,
    Coordination,
    DownloadStats,
    IndexAdmin,
    Pace,
    PackageIndex,
    RenderCache,
    RepositoryCache,
    RepositoryHost,
    SearchEngine,
    Services,
)
from .settings import Settings

# Seconds that a task waits at most where a service wants a pause; of longer ones it is tried again, and holds no
# thread meanwhile.
_TASK_PAUSE = 15.0


class _Manners(Struct, frozen=True):
    """How services are waited for: pauses of so many seconds at most, and at whose pace, by service and delay.

    `caches` are those of READMEs and of repositories, where these are not in the file.
    """

    longest_wait: float = Retries().longest_wait
    pace: Callable[[str, float], Pace | None] = lambda _service, _delay: None
    caches: tuple[RenderCache, RepositoryCache] | None = None


@contextmanager
def open_worker(settings: Settings) -> Iterator[tuple[Services, Coordination]]:
    """Give the services of a worker, which keep the pace of all workers together, and what these agree by.

    Workers on several machines, which an index on a server allows, share their caches as well. Nothing is asked of the
    Redis before the first use; a forked child has to open its own.
    """
    # The client takes a quarter of a second to import, of which commands are spared.
    from .adapters import redis as on

    with on.connected(settings.redis_url) as redis:
        caches = (on.RedisRenderCache(redis), on.RedisRepositoryCache(redis)) if settings.engine != "sqlite" else None
        manners = _Manners(_TASK_PAUSE, lambda service, delay: on.RedisPace(redis, service, delay), caches)
        with open_services(settings, manners) as services:
            yield (
                services,
                Coordination(seen=on.RedisSeenStore(redis), locks=on.RedisLocks(redis), errands=on.RedisErrands(redis)),
            )


@contextmanager
def open_services(settings: Settings, manners: _Manners = _Manners()) -> Iterator[Services]:
    """Give the services that the settings ask for, and close them in the end."""
    standards = load_standards(settings.health_file, load_profiles(settings.profiles_file).values())
    database = Database(_sqlite_path(settings))  # of the caches, whatever engine keeps the index
    rendered, repositories = manners.caches or (SqliteRenderCache(database), SqliteRepositoryCache(database))
    renderer = PooledRenderer(rendered, workers=settings.render_workers or None)
    try:
        traffic = TrafficCount()
        with (
            Http(contact=settings.pyf_contact, traffic=traffic) as http,
            _engine(settings, database, standards, traffic) as (index, admin, keys, search),
        ):
            pace = manners.pace("pypi", settings.pypi_rate_limit_delay)
            pypi = Service(http, _limits(settings, manners), pace, name="pypi")
            yield Services(
                registry=PyPIRegistry(pypi, settings.pypi_base_url, descriptions=settings.kept_descriptions),
                journal=PyPIJournal(pypi, settings.pypi_base_url),
                feed=PyPIFeed(pypi, settings.pypi_base_url),
                index=index,
                admin=admin,
                keys=keys,
                search=search,
                renderer=renderer,
                verdicts=SqliteVerdictStore(database),
                downloads=_downloads(settings, http, manners),
                repositories=_github(http, settings, manners),
                repository_cache=repositories,
                candidates=_candidates(settings, http, manners),
                requests=http,
                traffic=traffic,
                now=time.time,
                standards=standards,
                policy=_policy(settings),
            )
    finally:
        renderer.close()
        database.close()


@contextmanager
def _engine(
    settings: Settings, database: Database, standards: Standards, traffic: TrafficCount
) -> Iterator[tuple[PackageIndex, IndexAdmin, ApiKeys, SearchEngine]]:
    """Give the ports of the engine that keeps the index.

    Nothing is asked of a server before the first call, and nothing is opened to search in before the first search.
    """
    lexicon = load_lexicon(settings.synonyms_file)
    if settings.engine == "sqlite":
        search = open_search(database, lexicon, standards, now=time.time)
        try:
            yield SqliteIndex(database), SqliteAdmin(database), SqliteApiKeys(database), search
        finally:
            search.close()
        return
    key = settings.typesense_api_key.get_secret_value()
    if not key:
        raise Invalid("INDEX_BACKEND=typesense needs TYPESENSE_API_KEY")
    # The client takes a quarter of a second to import, of which users of the other engine are spared.
    from .adapters.index import typesense

    server = typesense.Server(
        settings.typesense_addresses,
        key,
        timeout=settings.typesense_timeout,
        patience=settings.typesense_patience,
        traffic=traffic,
    )
    search = typesense.open_search(server, get_search_folder(database.path), lexicon, standards)
    try:
        ports = typesense.on(server, lexicon=lexicon)
        yield ports.index, ports.admin, ports.keys, search
    finally:
        search.close()
        server.close()


def _sqlite_path(settings: Settings) -> Path:
    if settings.sqlite_path:
        try:
            return Path(settings.sqlite_path).expanduser()
        except RuntimeError as error:  # a user that does not exist
            raise Invalid(f"SQLITE_PATH={settings.sqlite_path!r}: {error}") from error
    return user_data_path("pyf.aggregator", appauthor=False) / "pyf.sqlite3"


def _candidates(settings: Settings, http: Http, manners: _Manners) -> Candidates:
    if settings.candidates_source == "clickhouse":
        limits = Limits(workers=1, timeout=settings.pypi_timeout, retries=_retries(settings, manners))
        return ClickHouseCandidates(Service(http, limits, name="clickhouse"), settings.clickhouse_url)
    return CandidatesFile(settings.candidates_file) if settings.candidates_file else MemoryCandidates()


def _retries(settings: Settings, manners: _Manners) -> Retries:
    return Retries(
        most=settings.pypi_max_retries, backoff=settings.pypi_retry_backoff, longest_wait=manners.longest_wait
    )


def _limits(settings: Settings, manners: _Manners) -> Limits:
    return Limits(
        workers=settings.pypi_max_workers,
        delay=settings.pypi_rate_limit_delay,
        timeout=settings.pypi_timeout,
        retries=_retries(settings, manners),
    )


def _downloads(settings: Settings, http: Http, manners: _Manners) -> DownloadStats:
    if settings.downloads_source == "clickhouse":
        return ClickHouse(Service(http, CLICKHOUSE_LIMITS, name="clickhouse"), settings.clickhouse_url)
    retries = Retries(
        most=settings.pypistats_max_retries,
        backoff=settings.pypistats_retry_backoff,
        longest_wait=manners.longest_wait,
    )
    limits = pypistats_limits(settings.pypistats_rate_limit_delay, retries)
    service = Service(http, limits, manners.pace("pypistats", limits.delay), name="pypistats")
    return Pypistats(service, settings.pypistats_base_url)


def _github(http: Http, settings: Settings, manners: _Manners) -> RepositoryHost:
    """Return what asks GitHub: one request at a time, which waits and repeats in its own way."""
    retries = Retries(most=0, longest_wait=manners.longest_wait)
    limits = Limits(workers=1, delay=settings.github_request_delay, timeout=settings.github_timeout, retries=retries)
    token = settings.github_token.get_secret_value()
    client = GitHubClient(
        Service(http, limits, manners.pace("github", limits.delay), name="github"), settings.github_api_url, token
    )
    return GitHubGraphQL(client) if token else GitHubRest(client)


def _policy(settings: Settings) -> Policy:
    return Policy(
        batch_size=settings.pypi_batch_size,
        descriptions=Descriptions(settings.kept_descriptions),
        discovery=Discovery(settings.pypi_discovery),
        status_max_age=settings.status_max_age,
        repository_max_age=settings.github_cache_ttl,
    )
