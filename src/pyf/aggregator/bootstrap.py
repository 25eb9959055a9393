"""Chooses the adapters that the settings ask for: the only place that knows which there are."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct
from platformdirs import user_data_path

from .adapters.candidates import CandidatesFile, ClickHouseCandidates, StaticCandidates
from .adapters.downloads import CLICKHOUSE_LIMITS, ClickHouseDownloads, Pypistats, build_pypistats_limits
from .adapters.fulltext.files import get_search_folder
from .adapters.github import GitHubGraphQL, GitHubRest
from .adapters.github.client import GitHubClient
from .adapters.http.client import HttpClient
from .adapters.http.retry import RetryPolicy
from .adapters.http.service_client import ServiceClient, ServiceLimits
from .adapters.metrics_store import LocalRequestMetrics
from .adapters.pypi import PyPIChangelog, PyPIFeed, PyPIRegistry
from .adapters.rendering.renderer import PooledRenderer
from .adapters.sqlite.admin import SqliteAdmin
from .adapters.sqlite.caches import SqliteMembershipCache, SqliteRenderCache, SqliteRepositoryCache
from .adapters.sqlite.database import Database
from .adapters.sqlite.index import SqliteIndex
from .adapters.sqlite.keys import SqliteApiKeys
from .adapters.sqlite.search_source import open_search
from .config.lexicon import load_lexicon
from .config.profiles import load_profiles
from .config.scoring import load_scoring_config
from .domain.errors import Invalid
from .domain.health import ScoringConfig
from .domain.policy import Descriptions, Discovery, Policy
from .ports import (
    ApiKeys,
    CandidateSource,
    Coordination,
    Dependencies,
    DownloadStats,
    IndexAdmin,
    PackageIndex,
    RateLimiter,
    RenderCache,
    RepositoryCache,
    RepositoryHost,
    SearchEngine,
)
from .settings import Settings

# Seconds that a task waits at most where a service wants a pause; of longer ones it is tried again, and holds no
# thread meanwhile.
_MAX_TASK_WAIT = 15.0


class WaitPolicy(Struct, frozen=True):
    """How services are waited for: pauses of so many seconds at most, and at whose pace, by service and delay.

    `caches` are those of READMEs and of repositories, where these are not in the file.
    """

    max_wait: float = RetryPolicy().max_wait
    build_rate_limiter: Callable[[str, float], RateLimiter | None] = lambda _service, _delay: None
    caches: tuple[RenderCache, RepositoryCache] | None = None


@contextmanager
def open_worker_dependencies(settings: Settings) -> Iterator[tuple[Dependencies, Coordination]]:
    """Give the services of a worker, which keep the pace of all workers together, and what these agree by.

    Workers on several machines, which an index on a server allows, share their caches as well. Nothing is asked of the
    Redis before the first use; a forked child has to open its own.
    """
    # The client takes a quarter of a second to import, of which commands are spared.
    from .adapters import redis as redis_ports

    with redis_ports.connect(settings.redis_url) as client:
        caches = (
            (redis_ports.RedisRenderCache(client), redis_ports.RedisRepositoryCache(client))
            if settings.engine != "sqlite"
            else None
        )
        wait_policy = WaitPolicy(
            _MAX_TASK_WAIT, lambda service, delay: redis_ports.RedisRateLimiter(client, service, delay), caches
        )
        with open_dependencies(settings, wait_policy) as deps:
            yield (
                deps,
                Coordination(
                    dedup=redis_ports.RedisDedupStore(client),
                    locks=redis_ports.RedisLocks(client),
                    partitions=redis_ports.RedisPartitions(client),
                ),
            )


@contextmanager
def open_dependencies(settings: Settings, wait_policy: WaitPolicy = WaitPolicy()) -> Iterator[Dependencies]:
    """Give the services that the settings ask for, and close them in the end."""
    scoring_config = load_scoring_config(settings.health_file, load_profiles(settings.profiles_file).values())
    database = Database(_resolve_sqlite_path(settings))  # of the caches, whatever engine keeps the index
    render_cache, repository_cache = wait_policy.caches or (
        SqliteRenderCache(database),
        SqliteRepositoryCache(database),
    )
    renderer = PooledRenderer(render_cache, workers=settings.render_workers or None)
    try:
        request_metrics = LocalRequestMetrics()
        with (
            HttpClient(contact=settings.pyf_contact, request_metrics=request_metrics) as http,
            _open_engine(settings, database, scoring_config, request_metrics) as (index, admin, keys, search),
        ):
            rate_limiter = wait_policy.build_rate_limiter("pypi", settings.pypi_rate_limit_delay)
            pypi = ServiceClient(http, _build_pypi_limits(settings, wait_policy), rate_limiter, name="pypi")
            yield Dependencies(
                registry=PyPIRegistry(pypi, settings.pypi_base_url, descriptions=settings.kept_descriptions),
                changelog=PyPIChangelog(pypi, settings.pypi_base_url),
                feed=PyPIFeed(pypi, settings.pypi_base_url),
                index=index,
                admin=admin,
                keys=keys,
                search=search,
                renderer=renderer,
                membership_cache=SqliteMembershipCache(database),
                download_stats=_build_download_stats(settings, http, wait_policy),
                repositories=_build_repository_host(http, settings, wait_policy),
                repository_cache=repository_cache,
                candidates=_build_candidate_source(settings, http, wait_policy),
                request_counter=http,
                request_metrics=request_metrics,
                now=time.time,
                scoring_config=scoring_config,
                policy=_build_policy(settings),
            )
    finally:
        renderer.close()
        database.close()


@contextmanager
def _open_engine(
    settings: Settings, database: Database, scoring_config: ScoringConfig, request_metrics: LocalRequestMetrics
) -> Iterator[tuple[PackageIndex, IndexAdmin, ApiKeys, SearchEngine]]:
    """Give the ports of the engine that keeps the index.

    Nothing is asked of a server before the first call, and nothing is opened to search in before the first search.
    """
    lexicon = load_lexicon(settings.synonyms_file)
    if settings.engine == "sqlite":
        search = open_search(database, lexicon, scoring_config, now=time.time)
        try:
            yield SqliteIndex(database), SqliteAdmin(database), SqliteApiKeys(database), search
        finally:
            search.close()
        return
    key = settings.typesense_api_key.get_secret_value()
    if not key:
        raise Invalid("INDEX_BACKEND=typesense needs TYPESENSE_API_KEY")
    # The client takes a quarter of a second to import, of which users of the other engine are spared.
    from .adapters import typesense

    server = typesense.Server(
        settings.typesense_urls,
        key,
        timeout=settings.typesense_timeout,
        retry_timeout=settings.typesense_retry_timeout,
        traffic=request_metrics,
    )
    search = typesense.open_search(server, get_search_folder(database.path), lexicon, scoring_config)
    try:
        ports = typesense.build_ports(server, lexicon=lexicon)
        yield ports.index, ports.admin, ports.keys, search
    finally:
        search.close()
        server.close()


def _resolve_sqlite_path(settings: Settings) -> Path:
    if settings.sqlite_path:
        try:
            return Path(settings.sqlite_path).expanduser()
        except RuntimeError as error:  # a user that does not exist
            raise Invalid(f"SQLITE_PATH={settings.sqlite_path!r}: {error}") from error
    return user_data_path("pyf.aggregator", appauthor=False) / "pyf.sqlite3"


def _build_candidate_source(settings: Settings, http: HttpClient, wait_policy: WaitPolicy) -> CandidateSource:
    if settings.candidates_source == "clickhouse":
        limits = ServiceLimits(
            max_concurrency=1, timeout=settings.pypi_timeout, retries=_build_retries(settings, wait_policy)
        )
        return ClickHouseCandidates(ServiceClient(http, limits, name="clickhouse"), settings.clickhouse_url)
    return CandidatesFile(settings.candidates_file) if settings.candidates_file else StaticCandidates()


def _build_retries(settings: Settings, wait_policy: WaitPolicy) -> RetryPolicy:
    return RetryPolicy(
        max_retries=settings.pypi_max_retries, backoff=settings.pypi_retry_backoff, max_wait=wait_policy.max_wait
    )


def _build_pypi_limits(settings: Settings, wait_policy: WaitPolicy) -> ServiceLimits:
    return ServiceLimits(
        max_concurrency=settings.pypi_max_workers,
        delay=settings.pypi_rate_limit_delay,
        timeout=settings.pypi_timeout,
        retries=_build_retries(settings, wait_policy),
    )


def _build_download_stats(settings: Settings, http: HttpClient, wait_policy: WaitPolicy) -> DownloadStats:
    if settings.downloads_source == "clickhouse":
        return ClickHouseDownloads(ServiceClient(http, CLICKHOUSE_LIMITS, name="clickhouse"), settings.clickhouse_url)
    retries = RetryPolicy(
        max_retries=settings.pypistats_max_retries,
        backoff=settings.pypistats_retry_backoff,
        max_wait=wait_policy.max_wait,
    )
    limits = build_pypistats_limits(settings.pypistats_rate_limit_delay, retries)
    service = ServiceClient(http, limits, wait_policy.build_rate_limiter("pypistats", limits.delay), name="pypistats")
    return Pypistats(service, settings.pypistats_base_url)


def _build_repository_host(http: HttpClient, settings: Settings, wait_policy: WaitPolicy) -> RepositoryHost:
    """Return what asks GitHub: one request at a time, which waits and repeats in its own way."""
    retries = RetryPolicy(max_retries=0, max_wait=wait_policy.max_wait)
    limits = ServiceLimits(
        max_concurrency=1, delay=settings.github_request_delay, timeout=settings.github_timeout, retries=retries
    )
    token = settings.github_token.get_secret_value()
    client = GitHubClient(
        ServiceClient(http, limits, wait_policy.build_rate_limiter("github", limits.delay), name="github"),
        settings.github_api_url,
        token,
    )
    return GitHubGraphQL(client) if token else GitHubRest(client)


def _build_policy(settings: Settings) -> Policy:
    return Policy(
        batch_size=settings.pypi_batch_size,
        descriptions=Descriptions(settings.kept_descriptions),
        discovery=Discovery(settings.pypi_discovery),
        status_max_age=settings.status_max_age,
        repository_max_age=settings.github_cache_ttl,
    )
