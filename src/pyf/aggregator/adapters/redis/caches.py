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

from ...domain.errors import Unavailable
from ...domain.readme import Rendered
from ...domain.repository import Learned
from ...domain.repository_address import RepositoryAddress
from ..index.batches import batches
from ..index.encoding import encoded
from .connection import explained

_DAY = 86_400
_READMES_KEPT = 90 * _DAY
_REPOSITORIES_KEPT = 30 * _DAY
_AT_ONCE = 500

# Of one address what was learned last is kept, whoever comes last.
_KEEP_NEWER = """
local known = redis.call('HGET', KEYS[1], 'at')
if known and tonumber(known) > tonumber(ARGV[1]) then return 0 end
redis.call('HSET', KEYS[1], 'at', ARGV[1], 'learned', ARGV[2])
return redis.call('EXPIRE', KEYS[1], ARGV[3])
"""

_rendered = Decoder(Rendered).decode
_learned = Decoder(Learned).decode
_log = logging.getLogger(__name__)


class RedisRenderCache:
    """The port `RenderCache` on a Redis; what was not used for 90 days is forgotten."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    def recall(self, fingerprints: Collection[str]) -> Mapping[str, Rendered]:
        remembered: dict[str, Rendered] = {}
        try:
            for some in batches(fingerprints, _AT_ONCE):
                with explained(), self._redis.pipeline(transaction=False) as steps:
                    for fingerprint in some:
                        steps.getex(f"pyf:rendered:{fingerprint}", ex=_READMES_KEPT)
                    found = zip(some, steps.execute(), strict=True)
                remembered.update((fingerprint, _unpacked(kept)) for fingerprint, kept in found if kept)
        except (Unavailable, DecodeError, zlib.error, ValueError) as error:
            _log.warning("READMEs are rendered anew: %s", error)
        return remembered

    def keep(self, rendered: Mapping[str, Rendered]) -> None:
        try:
            for some in batches(rendered.items(), _AT_ONCE):
                with explained(), self._redis.pipeline(transaction=False) as steps:
                    for fingerprint, readme in some:
                        steps.set(f"pyf:rendered:{fingerprint}", _packed(readme), ex=_READMES_KEPT)
                    steps.execute()
        except Unavailable as error:
            _log.warning("rendered READMEs are not remembered: %s", error)


class RedisRepositoryCache:
    """The port `RepositoryCache` on a Redis; what was learned a month ago is forgotten."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._keep_newer = redis.register_script(_KEEP_NEWER)

    def recall(self, addresses: Collection[RepositoryAddress], *, since: int) -> Mapping[str, Learned]:
        remembered: dict[str, Learned] = {}
        try:
            for some in batches(addresses, _AT_ONCE):
                keys = [address.key for address in some]
                with explained(), self._redis.pipeline(transaction=False) as steps:
                    for key in keys:
                        steps.hget(_repository(key), "learned")
                    found = zip(keys, steps.execute(), strict=True)
                remembered.update((key, _learned(kept)) for key, kept in found if kept)
        except (Unavailable, DecodeError) as error:
            _log.warning("repositories are asked about again: %s", error)
        return {key: each for key, each in remembered.items() if each.learned_at >= since}

    def keep(self, learned: Sequence[Learned]) -> None:
        try:
            for some in batches(learned, _AT_ONCE):
                with explained(), self._redis.pipeline(transaction=False) as steps:
                    for each in some:
                        arguments: list[int | str] = [each.learned_at, encoded(each).decode(), _REPOSITORIES_KEPT]
                        self._keep_newer(keys=[_repository(each.address.key)], args=arguments, client=steps)
                    steps.execute()
        except Unavailable as error:
            _log.warning("what was learned of repositories is not remembered: %s", error)


def _repository(key: str) -> str:
    return f"pyf:repository:{key}"


def _packed(readme: Rendered) -> str:
    """Return text, which is all that the connection takes: a third of what the README takes as JSON."""
    return b64encode(zlib.compress(encoded(readme))).decode()


def _unpacked(kept: str) -> Rendered:
    return _rendered(zlib.decompress(b64decode(kept)))
