"""Build the adapters that the settings select.

Adapters are imported and built at their first use: a command that reads the index loads no HTTP client.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ..domain.collection import Descriptions, Discovery, Policy
from ..domain.errors import Invalid
from ..ports import (
    ApiKeys,
    Coordination,
    Dependencies,
    IndexAdmin,
    MembershipCache,
    PackageIndex,
    Renderer,
    RepositoryCache,
    SearchEngine,
    Webhooks,
    WebhookStore,
)
from ..settings import Settings
from ..settings.types import split_list
from .services import MAX_TASK_WAIT, ServiceBuilder, SharingPolicy, build_proxies, defer, name_receivers

if TYPE_CHECKING:
    from ..adapters.metrics_store import LocalRequestMetrics
    from ..adapters.sqlite.database import Database
    from ..domain.health import ScoringConfig
    from ..domain.relevance import Lexicon
    from ..domain.replacement import Replacement


class _Ranking(NamedTuple):
    """The configuration files of searches, which may be read at their first use."""

    lexicon: "Lexicon"
    scoring_config: "ScoringConfig"


@contextmanager
def open_worker_dependencies(settings: Settings) -> Iterator[tuple[Dependencies, Coordination]]:
    """Open the dependencies of a queue worker, with rate limits that all workers share.

    If the index is on a server, workers on several machines also share their caches. No request is sent to Redis before
    the first use. A forked child must open its own.
    """
    from ..adapters import redis as redis_ports

    with redis_ports.connect(settings.redis_url) as client:
        caches = (
            (redis_ports.RedisRenderCache(client), redis_ports.RedisRepositoryCache(client))
            if settings.engine != "sqlite"
            else None
        )
        sharing = SharingPolicy(
            MAX_TASK_WAIT, lambda service, delay: redis_ports.RedisRateLimiter(client, service, delay), caches
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
    ranking = _Ranking(defer(partial(_load_lexicon, settings)), defer(partial(_load_scoring_config, settings)))
    with _open(settings, SharingPolicy(), ranking, must_exist=must_exist) as deps:
        yield deps


def _load_replacements() -> "Mapping[str, Replacement]":
    from ..config.replacements import load_replacements

    return load_replacements()


def _load_scoring_config(settings: Settings) -> "ScoringConfig":
    from ..config.profiles import load_profiles
    from ..config.scoring import load_scoring_config

    return load_scoring_config(settings.health_file, load_profiles(settings.profiles_file).values())


def _load_lexicon(settings: Settings) -> "Lexicon":
    from ..config.lexicon import load_lexicon

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
    from ..adapters.metrics_store import LocalRequestMetrics
    from ..adapters.sqlite.database import Database

    request_metrics = LocalRequestMetrics()
    with ExitStack() as stack:
        # This file has the caches, with Typesense as well.
        is_index = settings.engine == "sqlite"
        database = Database(
            _resolve_sqlite_path(settings), must_exist=must_exist and is_index, missing_is_empty=missing_is_empty
        )
        stack.callback(database.close)
        index, admin, keys, search = _open_engine(settings, database, ranking, request_metrics, stack)
        builder = ServiceBuilder(settings, sharing, request_metrics, stack)
        yield Dependencies(
            registry=defer(builder.build_registry),
            changelog=defer(builder.build_changelog),
            feed=defer(builder.build_feed),
            index=index,
            admin=admin,
            keys=keys,
            search=search,
            renderer=defer(partial(_build_renderer, settings, sharing, database, stack)),
            membership_cache=defer(partial(_build_membership_cache, database)),
            download_stats=defer(builder.build_download_stats),
            repository_hosts=builder.build_repository_hosts(),
            repository_cache=defer(partial(_build_repository_cache, sharing, database)),
            candidates=defer(builder.build_candidate_source),
            request_counter=builder,
            request_metrics=request_metrics,
            now=time.time,
            scoring_config=ranking.scoring_config,
            load_replacements=_load_replacements,
            policy=_build_policy(settings),
            webhooks=Webhooks(
                receivers=name_receivers(split_list(settings.webhook_urls)),
                sender=defer(builder.build_webhook_sender),
                store=defer(partial(_build_webhook_store, database)),
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
        from ..adapters.sqlite.admin import SqliteAdmin
        from ..adapters.sqlite.index import SqliteIndex
        from ..adapters.sqlite.keys import SqliteApiKeys

        def open_sqlite_search() -> SearchEngine:
            from ..adapters.sqlite.search_source import open_search

            search = open_search(database, *ranking, now=time.time)
            stack.callback(search.close)
            return search

        return SqliteIndex(database), SqliteAdmin(database), SqliteApiKeys(database), defer(open_sqlite_search)
    key = settings.typesense_api_key.get_secret_value()
    if not key:
        raise Invalid("INDEX_BACKEND=typesense needs TYPESENSE_API_KEY")
    from ..adapters import typesense
    from ..adapters.fulltext.files import get_search_folder

    server = typesense.Server(
        settings.typesense_urls,
        key,
        timeout=settings.typesense_timeout,
        retry_timeout=settings.typesense_retry_timeout,
        request_metrics=request_metrics,
        proxies=build_proxies(settings),
    )
    stack.callback(server.close)
    search = typesense.open_search(server, get_search_folder(database.path), *ranking)
    stack.callback(search.close)
    ports = typesense.build_ports(server, lexicon=ranking.lexicon)
    return ports.index, ports.admin, ports.keys, search


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
    from ..adapters.rendering.renderer import PooledRenderer
    from ..adapters.sqlite.caches import SqliteRenderCache

    cache = sharing.caches[0] if sharing.caches else SqliteRenderCache(database)
    renderer = PooledRenderer(cache, workers=settings.render_workers or None)
    stack.callback(renderer.close)
    return renderer


def _build_membership_cache(database: "Database") -> MembershipCache:
    from ..adapters.sqlite.caches import SqliteMembershipCache

    return SqliteMembershipCache(database)


def _build_webhook_store(database: "Database") -> WebhookStore:
    from ..adapters.sqlite.webhooks import SqliteWebhookStore

    return SqliteWebhookStore(database)


def _build_repository_cache(sharing: SharingPolicy, database: "Database") -> RepositoryCache:
    from ..adapters.sqlite.caches import SqliteRepositoryCache

    return sharing.caches[1] if sharing.caches else SqliteRepositoryCache(database)


def _build_policy(settings: Settings) -> Policy:
    return Policy(
        batch_size=settings.pypi_batch_size,
        descriptions=Descriptions(settings.kept_descriptions),
        discovery=Discovery(settings.pypi_discovery),
        status_max_age=settings.status_max_age,
        repository_max_age=settings.github_cache_ttl,
        own_hosts=settings.nested_hosts,
    )
