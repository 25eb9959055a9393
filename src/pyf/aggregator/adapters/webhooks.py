"""Send webhooks over HTTP, signed as the Standard Webhooks specification says."""

import hmac
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256

from ..domain.errors import AggregatorError, Unavailable
from ..domain.webhooks import WebhookMessage
from .http.errors import format_status
from .http.retry import parse_retry_after
from .http.service_client import Request, ServiceClient


class HttpWebhookSender:
    """The port `WebhookSender` over HTTP; redirects are not followed.

    Args:
        urls: The URL of each receiver, by key.
        secrets: Each `whsec_` and a key in base64; a message gets a signature by each.
    """

    def __init__(
        self,
        client: ServiceClient,
        urls: Mapping[str, str],
        secrets: Sequence[str],
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._client = client
        self._urls = urls
        self._secrets = secrets
        self._now = now

    def send(self, receiver: str, message: WebhookMessage) -> None:
        timestamp = int(self._now())
        headers = {
            "content-type": "application/json",
            "webhook-id": message.id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": " ".join(sign_message(secret, message, timestamp) for secret in self._secrets),
        }
        request = Request(url=self._urls[receiver], method="POST", headers=headers, body=message.body)
        try:
            response = self._client.send(request)
        except AggregatorError as error:  # its message begins with the URL, which is a secret
            raise Unavailable(str(error).removeprefix(f"{request}: ")) from None
        if not 200 <= response.status < 300:
            retry_after = parse_retry_after(response.headers.get("Retry-After", ""), timestamp)
            raise Unavailable(format_status(response.status), retry_after=retry_after)


def sign_message(secret: str, message: WebhookMessage, timestamp: int) -> str:
    """Return a signature of the header `webhook-signature`, for an attempt at a Unix time."""
    key = b64decode(secret.removeprefix("whsec_"))
    signed = b".".join((message.id.encode(), str(timestamp).encode(), message.body))
    return f"v1,{b64encode(hmac.digest(key, signed, sha256)).decode()}"
