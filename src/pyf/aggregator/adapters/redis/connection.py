"""Connection to Redis, and mapping of its errors."""

from collections.abc import Iterator
from contextlib import contextmanager

from redis import Redis, RedisError
from redis.backoff import ExponentialBackoff
from redis.retry import Retry

from ...domain.errors import Invalid, Unavailable

# Seconds; Redis is used between two requests, so it must not delay them for long. A command whose connection was
# closed is sent once more: all our commands are safe to repeat.
_TIMEOUT = 5.0
_MAX_RETRIES = 1


def connect(url: str) -> Redis:
    """Return a thread-safe client, which connects on first use; raises `Invalid` for an invalid URL.

    A forked child opens its own connections.
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
        raise Invalid(f"REDIS_HOST is not a Redis URL: {error}") from error


@contextmanager
def translate_errors() -> Iterator[None]:
    """Raise `Unavailable` for any failure of the server."""
    try:
        yield
    except RedisError as error:
        raise Unavailable(f"Redis does not respond: {' '.join(str(error).split())}") from error
