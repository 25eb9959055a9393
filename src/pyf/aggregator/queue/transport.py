"""Redis transport that puts malformed messages aside.

kombu and Celery end the worker for such a message, which is then delivered to the next one.
"""

import logging
from collections.abc import Callable
from typing import Any

import redis
from kombu.transport import redis as kombu_redis
from kombu.utils.json import loads

from ..adapters.redis.broker_queue import parse_envelope

# A list of the malformed messages, the newest first.
MALFORMED = "pyf:malformed"
_MAX_MALFORMED = 1000
_MALFORMED_TTL = 30 * 86_400

# Characters of a message in the log.
_MAX_LOGGED = 200

# Part of the names of the queues that carry replies of workers, to `celery inspect` for example; these name no task.
_REPLY_QUEUE = b".reply.celery.pidbox"

_log = logging.getLogger(__name__)


class _Client(redis.Redis):
    """A client whose reads of the queue return well-formed messages only."""

    def parse_response(self, connection: Any, command_name: Any, **options: Any) -> Any:
        response = super().parse_response(connection, command_name, **options)
        if command_name == "BRPOP" and response:
            is_reply = _REPLY_QUEUE in response[0]
            return response if self._is_well_formed(response[1], is_task=not is_reply) else None
        if command_name == "RPOP" and isinstance(response, bytes | str):
            return response if self._is_well_formed(response) else None
        return response

    def _is_well_formed(self, message: bytes | str, *, is_task: bool = True) -> bool:
        try:
            if is_task:
                parse_envelope(message)
            loads(message)  # it also converts values, which may fail
            return True
        except Exception as error:  # whatever the message causes, the worker goes on
            _log.error("a malformed message was put aside in %s: %s: %.*r", MALFORMED, error, _MAX_LOGGED, message)
        with self.pipeline() as pipeline:
            pipeline.lpush(MALFORMED, message)
            pipeline.ltrim(MALFORMED, 0, _MAX_MALFORMED - 1)
            pipeline.expire(MALFORMED, _MALFORMED_TTL)
            pipeline.execute()
        return False


class _QoS(kombu_redis.QoS):
    """Messages that are delivered and not acknowledged."""

    def restore_by_tag(self, tag: Any, client: Any = None, leftmost: bool = False) -> None:
        """Put a message back into the queue; drop one that is unreadable."""
        try:
            super().restore_by_tag(tag, client, leftmost)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            _log.error("an unreadable message was dropped from the unacknowledged ones: %s", error)
            self._remove_from_indices(tag).execute()


class _Channel(kombu_redis.Channel):
    QoS = _QoS

    def _get_client(self) -> Callable[..., redis.Redis]:
        return _Client

    def _receive_one(self, c: Any) -> Any:
        """Deliver a message of a remote control command; skip a malformed one."""
        try:
            return super()._receive_one(c)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            _log.error("a malformed control message was skipped: %r", error)
            return None


class RedisTransport(kombu_redis.Transport):
    """kombu's transport, with clients that check messages."""

    Channel = _Channel
