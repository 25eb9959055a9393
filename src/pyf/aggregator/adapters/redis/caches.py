"""Remembers on a Redis, for workers on any number of machines, what costs time or requests to find out again.

A cache that does not answer remembers nothing: whoever asks finds out anew.
"""

import logging
import zlib
from base64 import b64decode, b64encode
from collections.abc import Collection, Mapping, Sequence

from msgspec import DecodeError
from msgspec.json import Decoder
from redis import Redis

from ...domain.batching import split_into_batches
from ...domain.errors import Unavailable
from ...domain.readme.plain_text import RenderedReadme
from ...domain.repositories import CachedRepository, RepositoryRef
from ..encoding import encode_json
from .connection import translate_errors

_DAY = 86_400
_README_TTL = 90 * _DAY
_REPOSITORY_TTL = 30 * _DAY
_PIPELINE_BATCH = 500

# Of one address what was learned last is kept, whoever comes last.
_SET_IF_NEWER = """
local known = redis.call('HGET', KEYS[1], 'at')
if known and tonumber(known) > tonumber(ARGV[1]) then return 0 end
redis.call('HSET', KEYS[1], 'at', ARGV[1], 'learned', ARGV[2])
return redis.call('EXPIRE', KEYS[1], ARGV[3])
"""

_decode_readme = Decoder(RenderedReadme).decode
_decode_repository = Decoder(CachedRepository).decode
_log = logging.getLogger(__name__)


class RedisRenderCache:
    """The port `RenderCache` on a Redis; what was not used for 90 days is forgotten."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    def get_many(self, fingerprints: Collection[str]) -> Mapping[str, RenderedReadme]:
        cached: dict[str, RenderedReadme] = {}
        try:
            for batch in split_into_batches(fingerprints, _PIPELINE_BATCH):
                with translate_errors(), self._redis.pipeline(transaction=False) as pipeline:
                    for fingerprint in batch:
                        pipeline.getex(f"pyf:rendered:{fingerprint}", ex=_README_TTL)
                    replies = zip(batch, pipeline.execute(), strict=True)
                cached.update((fingerprint, _unpack_readme(packed)) for fingerprint, packed in replies if packed)
        except (Unavailable, DecodeError, zlib.error, ValueError) as error:
            _log.warning("READMEs are rendered anew: %s", error)
        return cached

    def set_many(self, rendered: Mapping[str, RenderedReadme]) -> None:
        try:
            for batch in split_into_batches(rendered.items(), _PIPELINE_BATCH):
                with translate_errors(), self._redis.pipeline(transaction=False) as pipeline:
                    for fingerprint, readme in batch:
                        pipeline.set(f"pyf:rendered:{fingerprint}", _pack_readme(readme), ex=_README_TTL)
                    pipeline.execute()
        except Unavailable as error:
            _log.warning("rendered READMEs are not remembered: %s", error)


class RedisRepositoryCache:
    """The port `RepositoryCache` on a Redis; what was learned a month ago is forgotten."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._set_if_newer = redis.register_script(_SET_IF_NEWER)

    def get_many(self, refs: Collection[RepositoryRef], *, fetched_since: int) -> Mapping[str, CachedRepository]:
        cached: dict[str, CachedRepository] = {}
        try:
            for batch in split_into_batches(refs, _PIPELINE_BATCH):
                keys = [ref.key for ref in batch]
                with translate_errors(), self._redis.pipeline(transaction=False) as pipeline:
                    for key in keys:
                        pipeline.hget(_build_repository_key(key), "learned")
                    replies = zip(keys, pipeline.execute(), strict=True)
                cached.update((key, _decode_repository(json)) for key, json in replies if json)
        except (Unavailable, DecodeError) as error:
            _log.warning("repositories are asked about again: %s", error)
        return {key: repository for key, repository in cached.items() if repository.fetched_at >= fetched_since}

    def set_many(self, repositories: Sequence[CachedRepository]) -> None:
        try:
            for batch in split_into_batches(repositories, _PIPELINE_BATCH):
                with translate_errors(), self._redis.pipeline(transaction=False) as pipeline:
                    for repository in batch:
                        arguments: list[int | str] = [
                            repository.fetched_at,
                            encode_json(repository).decode(),
                            _REPOSITORY_TTL,
                        ]
                        self._set_if_newer(
                            keys=[_build_repository_key(repository.ref.key)], args=arguments, client=pipeline
                        )
                    pipeline.execute()
        except Unavailable as error:
            _log.warning("what was learned of repositories is not remembered: %s", error)


def _build_repository_key(key: str) -> str:
    return f"pyf:repository:{key}"


def _pack_readme(readme: RenderedReadme) -> str:
    """Return text, which is all that the connection takes: a third of what the README takes as JSON."""
    return b64encode(zlib.compress(encode_json(readme))).decode()


def _unpack_readme(packed: str) -> RenderedReadme:
    return _decode_readme(zlib.decompress(b64decode(packed)))
