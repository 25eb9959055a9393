"""Caches on Redis, shared by workers on any number of machines. An unreachable cache behaves as an empty one."""

import logging
from base64 import b64decode, b64encode
from collections.abc import Collection, Mapping, Sequence

from redis import Redis

from ...domain.batching import split_into_batches
from ...domain.errors import Unavailable
from ...domain.readme.plain_text import RenderedReadme
from ...domain.repositories import CachedRepository, RepositoryRef
from ..encoding import decode_readme, decode_repository, encode_readme, encode_repository
from .coordination import translate_errors

_DAY = 86_400
_README_TTL = 90 * _DAY
_REPOSITORY_TTL = 30 * _DAY
_PIPELINE_BATCH = 500

# Writers may arrive out of order; the data fetched last stays.
_SET_IF_NEWER = """
local known = redis.call('HGET', KEYS[1], 'at')
local lead = tonumber(known or 0) - tonumber(ARGV[1])
if lead > 0 and lead <= 86400 then return 0 end -- a longer lead is that of a wrong clock
redis.call('HSET', KEYS[1], 'at', ARGV[1], 'learned', ARGV[2])
return redis.call('EXPIRE', KEYS[1], ARGV[3])
"""

_log = logging.getLogger(__name__)


class RedisRenderCache:
    """The port `RenderCache` on Redis; entries unused for 90 days expire."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    def get_many(self, fingerprints: Collection[str]) -> Mapping[str, RenderedReadme]:
        cached: dict[str, RenderedReadme] = {}
        try:
            for batch in split_into_batches(fingerprints, _PIPELINE_BATCH):
                with translate_errors(), self._redis.pipeline(transaction=False) as pipeline:
                    for fingerprint in batch:
                        pipeline.getex(_build_readme_key(fingerprint), ex=_README_TTL)
                    replies = pipeline.execute()
                for fingerprint, text in zip(batch, replies, strict=True):
                    if text and (readme := _decode_text(text)) is not None:
                        cached[fingerprint] = readme
        except Unavailable as error:
            _log.warning("README cache unavailable; rendering again: %s", error)
        return cached

    def set_many(self, rendered: Mapping[str, RenderedReadme]) -> None:
        try:
            for batch in split_into_batches(rendered.items(), _PIPELINE_BATCH):
                with translate_errors(), self._redis.pipeline(transaction=False) as pipeline:
                    for fingerprint, readme in batch:
                        # The connection decodes replies, so the value has to be text.
                        text = b64encode(encode_readme(readme)).decode()
                        pipeline.set(_build_readme_key(fingerprint), text, ex=_README_TTL)
                    pipeline.execute()
        except Unavailable as error:
            _log.warning("README cache unavailable; rendered READMEs are not cached: %s", error)


class RedisRepositoryCache:
    """The port `RepositoryCache` on Redis; entries expire after 30 days."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._set_if_newer = redis.register_script(_SET_IF_NEWER)

    def get_many(self, refs: Collection[RepositoryRef], *, fetched_since: int) -> Mapping[str, CachedRepository]:
        cached: dict[str, CachedRepository] = {}
        try:
            for batch in split_into_batches(refs, _PIPELINE_BATCH):
                with translate_errors(), self._redis.pipeline(transaction=False) as pipeline:
                    for ref in batch:
                        pipeline.hget(_build_repository_key(ref), "learned")
                    replies = pipeline.execute()
                for ref, json in zip(batch, replies, strict=True):
                    repository = decode_repository(json) if json else None
                    if repository is not None and repository.fetched_at >= fetched_since:
                        cached[ref.key] = repository
        except Unavailable as error:
            _log.warning("repository cache unavailable; fetching again: %s", error)
        return cached

    def set_many(self, repositories: Sequence[CachedRepository]) -> None:
        try:
            for batch in split_into_batches(repositories, _PIPELINE_BATCH):
                with translate_errors(), self._redis.pipeline(transaction=False) as pipeline:
                    for repository in batch:
                        self._set_if_newer(
                            keys=[_build_repository_key(repository.ref)],
                            args=[repository.fetched_at, encode_repository(repository), _REPOSITORY_TTL],
                            client=pipeline,
                        )
                    pipeline.execute()
        except Unavailable as error:
            _log.warning("repository cache unavailable; repository data is not cached: %s", error)


def _build_readme_key(fingerprint: str) -> str:
    return f"pyf:rendered:{fingerprint}"


def _build_repository_key(ref: RepositoryRef) -> str:
    return f"pyf:repository:{ref.key}"


def _decode_text(text: str) -> RenderedReadme | None:
    try:
        return decode_readme(b64decode(text))
    except ValueError:
        return None
