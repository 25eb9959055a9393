"""Build the adapters that the settings select.

Adapters are imported and built at their first use: a command that reads the index loads no HTTP client.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast
from urllib.parse import urlsplit

from msgspec import Struct
from msgspec.structs import replace

from .domain.collection import Descriptions, Discovery, Policy
from .domain.errors import Invalid
from .ports import (
    ApiKeys,
    CandidateSource,
    Changelog,
    Coordination,
    Dependencies,
    DownloadStats,
    IndexAdmin,
    MembershipCache,
    PackageIndex,
    PackageRegistry,
    RateLimiter,
    ReleaseFeed,
    RenderCache,
    Renderer,
    RepositoryCache,
    RepositoryHost,
    SearchEngine,
    Webhooks,
    WebhookSender,
    WebhookStore,
)
from .settings import Settings
from .settings.types import split_list

if TYPE_CHECKING:
    from .adapters.http.client import HttpClient
    from .adapters.http.retry import RetryPolicy
    from .adapters.http.service_client import ServiceClient, ServiceLimits
    from .adapters.metrics_store import LocalRequestMetrics
    from .adapters.proxies import Proxies
    from .adapters.sqlite.database import Database
    from .domain.health import ScoringConfig
    from .domain.relevance import Lexicon
    from .domain.replacement import Replacement
    from .settings.repositories import RepositoryHostSetting

T = TypeVar("T")

# A queue task waits at most this many seconds when a service asks for a pause. After a request for a longer one, it is
# retried later, so that it does not occupy a thread.
_MAX_TASK_WAIT = 15.0

# A command waits at most this many seconds when a service asks for a pause.
_MAX_WAIT = 120.0


class SharingPolicy(Struct, frozen=True):
    """What a process shares with others, and how long it waits for services.

    Attributes:
        max_wait: Longest pause in seconds that a service may ask for.
        build_rate_limiter: Returns a rate limiter shared with other processes, by service name and delay.
        caches: Caches of rendered READMEs and of repositories; None for those in the SQLite file.
    """

    max_wait: float = _MAX_WAIT
    build_rate_limiter: Callable[[str, float], RateLimiter | None] = lambda _service, _delay: None
    caches: tuple[RenderCache, RepositoryCache] | None = None


class _Ranking(NamedTuple):
    """The configuration files of searches, which may be read at their first use."""

    lexicon: "Lexicon"
    scoring_config: "ScoringConfig"


class _Deferred:
    """A port that is built at its first use."""

    def __init__(self, build: Callable[[], Any]) -> None:
        self._build: Callable[[], Any] | None = build
        self._port: Any = None
        self._lock = RLock()

    def __getattr__(self, name: str) -> Any:
        with self._lock:
            if self._build is not None:
                self._port, self._build = self._build(), None
        return getattr(self._port, name)


def _defer(build: Callable[[], T]) -> T:
    """Return a proxy of the port that `build` returns."""
    return cast(T, _Deferred(build))


@contextmanager
def open_worker_dependencies(settings: Settings) -> Iterator[tuple[Dependencies, Coordination]]:
    """Open the dependencies of a queue worker, with rate limits that all workers share.

    If the index is on a server, workers on several machines also share their caches. No request is sent to Redis before
    the first use. A forked child must open its own.
    """
    from .adapters import redis as redis_ports

    with redis_ports.connect(settings.redis_url) as client:
        caches = (
            (redis_ports.RedisRenderCache(client), redis_ports.RedisRepositoryCache(client))
            if settings.engine != "sqlite"
            else None
        )
        sharing = SharingPolicy(
            _MAX_TASK_WAIT, lambda service, delay: redis_ports.RedisRateLimiter(client, service, delay), caches
        )
        with open_dependencies(settings, sharing) as deps:
            yield (
                deps,
                Coordination(
                    dedup=redis_ports.RedisDedupStore(client),
                    locks=redis_ports.RedisLocks(client),
                    partitions=redis_ports.RedisPartitions(client),
                ),
            )


@contextmanager
def open_dependencies(
    settings: Settings,
    sharing: SharingPolicy = SharingPolicy(),
    *,
    must_exist: bool = False,
    missing_is_empty: bool = False,
) -> Iterator[Dependencies]:
    """Open the dependencies that the settings select, and close them at the end.

    Args:
        must_exist: Never create the index, and open it without write access where this process has none.
        missing_is_empty: Read an index that must exist, and is missing, as an empty one.

    Raises:
        Invalid: A configuration file can't be used.
    """
    ranking = _Ranking(_load_lexicon(settings), _load_scoring_config(settings))
    with _open(settings, sharing, ranking, must_exist=must_exist, missing_is_empty=missing_is_empty) as deps:
        yield deps


@contextmanager
def open_index(settings: Settings, *, must_exist: bool = False) -> Iterator[Dependencies]:
    """Open the dependencies for a command that reads or changes the index only, as fast as possible.

    Configuration files are read at their first use.

    Args:
        must_exist: Never create the index, and open it without write access where this process has none.
    """
    ranking = _Ranking(_defer(partial(_load_lexicon, settings)), _defer(partial(_load_scoring_config, settings)))
    with _open(settings, SharingPolicy(), ranking, must_exist=must_exist) as deps:
        yield deps


def _load_replacements() -> "Mapping[str, Replacement]":
    from .config.replacements import load_replacements

    return load_replacements()


def _load_scoring_config(settings: Settings) -> "ScoringConfig":
    from .config.profiles import load_profiles
    from .config.scoring import load_scoring_config

    return load_scoring_config(settings.health_file, load_profiles(settings.profiles_file).values())


def _load_lexicon(settings: Settings) -> "Lexicon":
    from .config.lexicon import load_lexicon

    return load_lexicon(settings.synonyms_file)


@contextmanager
def _open(
    settings: Settings,
    sharing: SharingPolicy,
    ranking: "_Ranking",
    *,
    must_exist: bool,
    missing_is_empty: bool = False,
) -> Iterator[Dependencies]:
    from .adapters.metrics_store import LocalRequestMetrics
    from .adapters.sqlite.database import Database

    request_metrics = LocalRequestMetrics()
    with ExitStack() as stack:
        # This file has the caches, with Typesense as well.
        is_index = settings.engine == "sqlite"
        database = Database(
            _resolve_sqlite_path(settings), must_exist=must_exist and is_index, missing_is_empty=missing_is_empty
        )
        stack.callback(database.close)
        index, admin, keys, search = _open_engine(settings, database, ranking, request_metrics, stack)
        builder = _ServiceBuilder(settings, sharing, request_metrics, stack)
        yield Dependencies(
            registry=_defer(builder.build_registry),
            changelog=_defer(builder.build_changelog),
            feed=_defer(builder.build_feed),
            index=index,
            admin=admin,
            keys=keys,
            search=search,
            renderer=_defer(partial(_build_renderer, settings, sharing, database, stack)),
            membership_cache=_defer(partial(_build_membership_cache, database)),
            download_stats=_defer(builder.build_download_stats),
            repository_hosts=builder.build_repository_hosts(),
            repository_cache=_defer(partial(_build_repository_cache, sharing, database)),
            candidates=_defer(builder.build_candidate_source),
            request_counter=builder,
            request_metrics=request_metrics,
            now=time.time,
            scoring_config=ranking.scoring_config,
            load_replacements=_load_replacements,
            policy=_build_policy(settings),
            webhooks=Webhooks(
                receivers=_name_receivers(split_list(settings.webhook_urls)),
                sender=_defer(builder.build_webhook_sender),
                store=_defer(partial(_build_webhook_store, database)),
                site_url=settings.web_url,
            ),
        )


def _open_engine(
    settings: Settings,
    database: "Database",
    ranking: "_Ranking",
    request_metrics: "LocalRequestMetrics",
    stack: ExitStack,
) -> tuple[PackageIndex, IndexAdmin, ApiKeys, SearchEngine]:
    """Return the ports of the engine that keeps the index.

    No request is sent to a server before the first call, and no search index is opened before the first search.
    """
    if settings.engine == "sqlite":
        from .adapters.sqlite.admin import SqliteAdmin
        from .adapters.sqlite.index import SqliteIndex
        from .adapters.sqlite.keys import SqliteApiKeys

        def open_sqlite_search() -> SearchEngine:
            from .adapters.sqlite.search_source import open_search

            search = open_search(database, *ranking, now=time.time)
            stack.callback(search.close)
            return search

        return SqliteIndex(database), SqliteAdmin(database), SqliteApiKeys(database), _defer(open_sqlite_search)
    key = settings.typesense_api_key.get_secret_value()
    if not key:
        raise Invalid("INDEX_BACKEND=typesense needs TYPESENSE_API_KEY")
    from .adapters import typesense
    from .adapters.fulltext.files import get_search_folder

    server = typesense.Server(
        settings.typesense_urls,
        key,
        timeout=settings.typesense_timeout,
        retry_timeout=settings.typesense_retry_timeout,
        request_metrics=request_metrics,
        proxies=_build_proxies(settings),
    )
    stack.callback(server.close)
    search = typesense.open_search(server, get_search_folder(database.path), *ranking)
    stack.callback(search.close)
    ports = typesense.build_ports(server, lexicon=ranking.lexicon)
    return ports.index, ports.admin, ports.keys, search


def _build_proxies(settings: Settings) -> "Proxies":
    from .adapters.proxies import Proxies

    return Proxies(http=settings.http_proxy, https=settings.https_proxy, exceptions=settings.no_proxy)


def get_data_folder(settings: Settings) -> Path:
    """Return the folder of this machine's index; with a server, that of its caches."""
    return _resolve_sqlite_path(settings).absolute().parent


def _resolve_sqlite_path(settings: Settings) -> Path:
    if settings.sqlite_path:
        try:
            return Path(settings.sqlite_path).expanduser()
        except RuntimeError as error:  # a user that does not exist
            raise Invalid(f"SQLITE_PATH={settings.sqlite_path!r}: {error}") from error
    from platformdirs import user_data_path

    with suppress(RuntimeError):
        folder = user_data_path("pyf.aggregator", appauthor=False)
        if folder.is_absolute():
            return folder / "pyf.sqlite3"
    # Containers often run as a user without an entry in the password database, and without HOME.
    raise Invalid("this user has no home folder: set SQLITE_PATH to the file of the index, or set HOME")


def _build_renderer(settings: Settings, sharing: SharingPolicy, database: "Database", stack: ExitStack) -> Renderer:
    from .adapters.rendering.renderer import PooledRenderer
    from .adapters.sqlite.caches import SqliteRenderCache

    cache = sharing.caches[0] if sharing.caches else SqliteRenderCache(database)
    renderer = PooledRenderer(cache, workers=settings.render_workers or None)
    stack.callback(renderer.close)
    return renderer


def _build_membership_cache(database: "Database") -> MembershipCache:
    from .adapters.sqlite.caches import SqliteMembershipCache

    return SqliteMembershipCache(database)


def _build_webhook_store(database: "Database") -> WebhookStore:
    from .adapters.sqlite.webhooks import SqliteWebhookStore

    return SqliteWebhookStore(database)


def _get_receiver_key(url: str) -> str:
    return sha256(url.encode()).hexdigest()[:32]


def _name_receivers(urls: Sequence[str]) -> dict[str, str]:
    """Return the host of each receiver by its key: the other parts of the URL may be secrets."""
    hosts = [f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}" for parts in map(urlsplit, urls)]
    numbered = [f"{host} ({hosts[:number].count(host)})" for number, host in enumerate(hosts, 1)]
    names = [name if hosts.count(host) > 1 else host for host, name in zip(hosts, numbered, strict=True)]
    return dict(zip(map(_get_receiver_key, urls), names, strict=True))


def _build_repository_cache(sharing: SharingPolicy, database: "Database") -> RepositoryCache:
    from .adapters.sqlite.caches import SqliteRepositoryCache

    return sharing.caches[1] if sharing.caches else SqliteRepositoryCache(database)


class _ServiceBuilder:
    """Builds the clients of services, which share one HTTP client, and counts its requests."""

    def __init__(
        self, settings: Settings, sharing: SharingPolicy, request_metrics: "LocalRequestMetrics", stack: ExitStack
    ) -> None:
        self._settings = settings
        self._sharing = sharing
        self._request_metrics = request_metrics
        self._stack = stack
        self._lock = RLock()
        self._http: HttpClient | None = None
        self._pypi: ServiceClient | None = None

    def count(self) -> int:
        """Return how many requests the calling thread has sent, as the port `RequestCounter`."""
        return self._http.count() if self._http else 0

    def get_http(self) -> "HttpClient":
        with self._lock:
            if self._http is None:
                from .adapters.http.client import HttpClient

                client = HttpClient(
                    contact=self._settings.pyf_contact,
                    request_metrics=self._request_metrics,
                    proxies=_build_proxies(self._settings),
                )
                self._http = self._stack.enter_context(client)
            return self._http

    def build_registry(self) -> PackageRegistry:
        from .adapters.pypi import PyPIRegistry

        settings = self._settings
        return PyPIRegistry(self._get_pypi(), settings.pypi_url, descriptions=Descriptions(settings.kept_descriptions))

    def build_changelog(self) -> Changelog:
        from .adapters.pypi import PyPIChangelog

        return PyPIChangelog(self._get_pypi(), self._settings.pypi_url)

    def build_feed(self) -> ReleaseFeed:
        from .adapters.pypi import PyPIFeed

        return PyPIFeed(self._get_pypi(), self._settings.pypi_url)

    def build_candidate_source(self) -> CandidateSource:
        from .adapters.candidates import CandidatesFile, ClickHouseCandidates, StaticCandidates
        from .adapters.http.service_client import ServiceLimits

        settings = self._settings
        if settings.candidates_source == "clickhouse":
            limits = ServiceLimits(max_concurrency=1, timeout=settings.pypi_timeout, retries=self._build_pypi_retries())
            return ClickHouseCandidates(self._build_client("clickhouse", limits), settings.clickhouse_url)
        return CandidatesFile(settings.candidates_file) if settings.candidates_file else StaticCandidates()

    def build_download_stats(self) -> DownloadStats:
        source = self._settings.downloads_source
        module = import_module(f".adapters.downloads.{source}", __package__)
        connect = partial(self._connect, source)
        stats: DownloadStats = module.build_source(connect, **self._settings.get_source_settings())
        return stats

    def _connect(self, name: str, limits: "ServiceLimits") -> "ServiceClient":
        """Return a client for a service, with the longest wait of the policy."""
        retries = replace(limits.retries, max_wait=self._sharing.max_wait)
        return self._build_client(name, replace(limits, retries=retries), is_shared=limits.delay > 0)

    def build_repository_hosts(self) -> Mapping[str, RepositoryHost]:
        """Return the clients of all hosts of repositories, by the name of the host."""
        hosts = self._settings.list_repository_hosts()
        return {host.name: _defer(partial(self._build_repository_host, host)) for host in hosts}

    def _build_repository_host(self, host: "RepositoryHostSetting") -> RepositoryHost:
        """Return the client of a host: one request at a time; the adapter waits and retries itself."""
        from .adapters.http.retry import RetryPolicy
        from .adapters.http.service_client import ServiceLimits
        from .adapters.repository_hosts.client import HostAddress

        settings, is_github = self._settings, host.kind == "github"
        limits = ServiceLimits(
            max_concurrency=1,
            delay=settings.github_request_delay,
            timeout=settings.github_timeout,
            retries=RetryPolicy(max_retries=0, max_wait=self._sharing.max_wait),
        )
        address = HostAddress(
            name=host.name,
            label="GitHub" if is_github else host.name,
            url=host.url,
            token=host.token.get_secret_value(),
            token_setting=host.token_setting,
        )
        service = self._build_client("github" if is_github else host.name, limits, is_shared=True)
        module = import_module(f".adapters.repository_hosts.{host.kind}", __package__)
        repository_host: RepositoryHost = module.build_host(service, address)
        return repository_host

    def build_webhook_sender(self) -> WebhookSender:
        """Return the client of the receivers of webhooks; the use case retries."""
        from .adapters.http.retry import RetryPolicy
        from .adapters.http.service_client import ServiceLimits
        from .adapters.webhooks import HttpWebhookSender

        limits = ServiceLimits(
            max_concurrency=1, timeout=10.0, connect_timeout=5.0, retries=RetryPolicy(max_retries=0, max_wait=0.0)
        )
        urls = {_get_receiver_key(url): url for url in split_list(self._settings.webhook_urls)}
        secret = self._settings.webhook_secret.get_secret_value()
        return HttpWebhookSender(self._build_client("webhooks", limits), urls, secret)

    def _get_pypi(self) -> "ServiceClient":
        """Return the client that all ports of PyPI share, because its limits hold for all of them together."""
        from .adapters.http.service_client import ServiceLimits

        settings = self._settings
        with self._lock:
            if self._pypi is None:
                limits = ServiceLimits(
                    max_concurrency=settings.pypi_max_workers,
                    delay=settings.pypi_rate_limit_delay,
                    timeout=settings.pypi_timeout,
                    retries=self._build_pypi_retries(),
                )
                self._pypi = self._build_client("pypi", limits, is_shared=True)
            return self._pypi

    def _build_pypi_retries(self) -> "RetryPolicy":
        from .adapters.http.retry import RetryPolicy

        return RetryPolicy(
            max_retries=self._settings.pypi_max_retries,
            backoff=self._settings.pypi_retry_backoff,
            max_wait=self._sharing.max_wait,
        )

    def _build_client(self, name: str, limits: "ServiceLimits", *, is_shared: bool = False) -> "ServiceClient":
        """Return a client; with `is_shared`, it shares its rate limit with other processes if the policy has one."""
        from .adapters.http.service_client import ServiceClient

        rate_limiter = self._sharing.build_rate_limiter(name, limits.delay) if is_shared else None
        return ServiceClient(self.get_http(), limits, rate_limiter, name=name)


def _build_policy(settings: Settings) -> Policy:
    return Policy(
        batch_size=settings.pypi_batch_size,
        descriptions=Descriptions(settings.kept_descriptions),
        discovery=Discovery(settings.pypi_discovery),
        status_max_age=settings.status_max_age,
        repository_max_age=settings.github_cache_ttl,
        own_hosts=settings.nested_hosts,
    )
