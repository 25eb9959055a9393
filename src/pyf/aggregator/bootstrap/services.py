"""Build the clients of the services that data comes from, and of the receivers of webhooks."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from hashlib import sha256
from importlib import import_module
from threading import RLock
from typing import TYPE_CHECKING, Any, TypeVar, cast
from urllib.parse import urlsplit

from msgspec import Struct
from msgspec.structs import replace

from ..domain.collection import Descriptions
from ..ports import (
    CandidateSource,
    Changelog,
    DownloadStats,
    PackageRegistry,
    RateLimiter,
    ReleaseFeed,
    RenderCache,
    RepositoryCache,
    RepositoryHost,
    WebhookSender,
)
from ..settings import Settings
from ..settings.types import split_list

if TYPE_CHECKING:
    from ..adapters.http.client import HttpClient
    from ..adapters.http.retry import RetryPolicy
    from ..adapters.http.service_client import ServiceClient, ServiceLimits
    from ..adapters.metrics_store import LocalRequestMetrics
    from ..adapters.proxies import Proxies
    from ..settings.repositories import RepositoryHostSetting

T = TypeVar("T")

# A queue task waits at most this many seconds when a service asks for a pause. After a request for a longer one, it is
# retried later, so that it does not occupy a thread.
MAX_TASK_WAIT = 15.0

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


def defer(build: Callable[[], T]) -> T:
    """Return a proxy of the port that `build` returns."""
    return cast(T, _Deferred(build))


class ServiceBuilder:
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
                from ..adapters.http.client import HttpClient

                client = HttpClient(
                    contact=self._settings.pyf_contact,
                    request_metrics=self._request_metrics,
                    proxies=build_proxies(self._settings),
                )
                self._http = self._stack.enter_context(client)
            return self._http

    def build_registry(self) -> PackageRegistry:
        from ..adapters.pypi import PyPIRegistry

        settings = self._settings
        return PyPIRegistry(self._get_pypi(), settings.pypi_url, descriptions=Descriptions(settings.kept_descriptions))

    def build_changelog(self) -> Changelog:
        from ..adapters.pypi import PyPIChangelog

        return PyPIChangelog(self._get_pypi(), self._settings.pypi_url)

    def build_feed(self) -> ReleaseFeed:
        from ..adapters.pypi import PyPIFeed

        return PyPIFeed(self._get_pypi(), self._settings.pypi_url)

    def build_candidate_source(self) -> CandidateSource:
        from ..adapters.candidates import CandidatesFile, ClickHouseCandidates, StaticCandidates
        from ..adapters.http.service_client import ServiceLimits

        settings = self._settings
        if settings.candidates_source == "clickhouse":
            limits = ServiceLimits(max_concurrency=1, timeout=settings.pypi_timeout, retries=self._build_pypi_retries())
            return ClickHouseCandidates(self._build_client("clickhouse", limits), settings.clickhouse_url)
        return CandidatesFile(settings.candidates_file) if settings.candidates_file else StaticCandidates()

    def build_download_stats(self) -> DownloadStats:
        source = self._settings.downloads_source
        module = import_module(f"..adapters.downloads.{source}", __package__)
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
        return {host.name: defer(partial(self._build_repository_host, host)) for host in hosts}

    def _build_repository_host(self, host: "RepositoryHostSetting") -> RepositoryHost:
        """Return the client of a host: one request at a time; the adapter waits and retries itself."""
        from ..adapters.http.retry import RetryPolicy
        from ..adapters.http.service_client import ServiceLimits
        from ..adapters.repository_hosts.client import HostAddress

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
        module = import_module(f"..adapters.repository_hosts.{host.kind}", __package__)
        repository_host: RepositoryHost = module.build_host(service, address)
        return repository_host

    def build_webhook_sender(self) -> WebhookSender:
        """Return the client of the receivers of webhooks; the use case retries."""
        from ..adapters.http.retry import RetryPolicy
        from ..adapters.http.service_client import ServiceLimits
        from ..adapters.webhooks import HttpWebhookSender

        limits = ServiceLimits(
            max_concurrency=1, timeout=10.0, connect_timeout=5.0, retries=RetryPolicy(max_retries=0, max_wait=0.0)
        )
        urls = {_get_receiver_key(url): url for url in split_list(self._settings.webhook_urls)}
        secrets = split_list(self._settings.webhook_secret.get_secret_value())
        return HttpWebhookSender(self._build_client("webhooks", limits), urls, secrets)

    def _get_pypi(self) -> "ServiceClient":
        """Return the client that all ports of PyPI share, because its limits hold for all of them together."""
        from ..adapters.http.service_client import ServiceLimits

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
        from ..adapters.http.retry import RetryPolicy

        return RetryPolicy(
            max_retries=self._settings.pypi_max_retries,
            backoff=self._settings.pypi_retry_backoff,
            max_wait=self._sharing.max_wait,
        )

    def _build_client(self, name: str, limits: "ServiceLimits", *, is_shared: bool = False) -> "ServiceClient":
        """Return a client; with `is_shared`, it shares its rate limit with other processes if the policy has one."""
        from ..adapters.http.service_client import ServiceClient

        rate_limiter = self._sharing.build_rate_limiter(name, limits.delay) if is_shared else None
        return ServiceClient(self.get_http(), limits, rate_limiter, name=name)


def build_proxies(settings: Settings) -> "Proxies":
    """Return the proxies that the settings name."""
    from ..adapters.proxies import Proxies

    return Proxies(http=settings.http_proxy, https=settings.https_proxy, exceptions=settings.no_proxy)


def _get_receiver_key(url: str) -> str:
    return sha256(url.encode()).hexdigest()[:32]


def name_receivers(urls: Sequence[str]) -> dict[str, str]:
    """Return the host of each receiver by its key: the other parts of the URL may be secrets."""
    hosts = [f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}" for parts in map(urlsplit, urls)]
    numbered = [f"{host} ({hosts[:number].count(host)})" for number, host in enumerate(hosts, 1)]
    names = [name if hosts.count(host) > 1 else host for host, name in zip(hosts, numbered, strict=True)]
    return dict(zip(map(_get_receiver_key, urls), names, strict=True))
