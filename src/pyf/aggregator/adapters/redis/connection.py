"""The connection to a Redis, and what its failures mean."""

from collections.abc import Iterator
from contextlib import contextmanager

from redis import Redis, RedisError
from redis.backoff import ExponentialBackoff
from redis.retry import Retry

from ...domain.errors import Invalid, Unavailable

# Seconds: whoever is asked between two requests must not hold them up for long. A command that found its connection
# closed is sent once more; all commands of ours may be sent twice.
_TIMEOUT = 5.0
_MAX_RETRIES = 1


def connect(url: str) -> Redis:
    """Return a client of the server at an address, for any number of threads; nothing is asked before the first call.

    Raises `Invalid` for what is no address of a Redis. A forked child opens its own connections.
    """
    try:
        return Redis.from_url(
            url,
            decode_responses=True,
            socket_timeout=_TIMEOUT,
            socket_connect_timeout=_TIMEOUT,
            health_check_interval=30,
            retry=Retry(ExponentialBackoff(cap=0.5, base=0.05), _MAX_RETRIES),
        )
    except (ValueError, TypeError) as error:
        raise Invalid(f"REDIS_HOST is no address of a Redis: {error}") from error


@contextmanager
def translate_errors() -> Iterator[None]:
    """Raise `Unavailable` for whatever failure of the server."""
    try:
        yield
    except RedisError as error:
        raise Unavailable(f"Redis does not answer: {' '.join(str(error).split())}") from error
