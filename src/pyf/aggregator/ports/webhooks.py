"""Ports of webhooks: the requests to receivers, and the record of what each receiver knows."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from msgspec import Struct

from ..domain.webhooks import AnnouncedPackage, WebhookMessage


class PackageRecord(Struct, frozen=True, kw_only=True):
    """What a receiver knows of a package, and the state of the package in which that was found out.

    Attributes:
        fingerprint: Of the package's stored state; "" if there are more events of the package.
    """

    fingerprint: str
    package: AnnouncedPackage


class ReceiverStatus(Struct, frozen=True, kw_only=True):
    """How deliveries to a receiver went; times in Unix seconds, 0 for never.

    Attributes:
        delivered: Events that the receiver has accepted.
        failed: Attempts that have failed.
        waiting: Events that were found and not accepted yet, as of the last delivery.
        failures: Failed attempts since the last success.
        retry_at: When the next attempt may start.
        error: What failed at `failed_at`; "" after a success.
    """

    delivered: int = 0
    failed: int = 0
    waiting: int = 0
    failures: int = 0
    failed_at: int = 0
    retry_at: int = 0
    error: str = ""


class WebhookSender(Protocol):
    """Sends signed messages to receivers, which it knows by key."""

    def send(self, receiver: str, message: WebhookMessage) -> None:
        """Send a message once; return if the receiver has accepted it.

        Raises:
            Unavailable: The receiver has not accepted it, or it is unknown whether it has. The message names no URL.
        """


class WebhookStore(Protocol):
    """What each receiver, by key, knows of each collection. Each call is atomic, and on disk when it returns."""

    def lock(self) -> AbstractContextManager[None]:
        """Lock deliveries; raises `Locked` while another process or thread delivers."""

    def list_receivers(self) -> Sequence[str]:
        """Return the receivers that something is stored of."""

    def list_collections(self) -> Sequence[str]:
        """Return the collections that something is stored of."""

    def drop(self, *, receiver: str = "", collection: str = "") -> None:
        """Drop everything that is stored of a receiver, or of a collection."""

    def get_status(self, receiver: str) -> ReceiverStatus:
        """Return how deliveries to a receiver went."""

    def list_fingerprints(self, receiver: str, collection: str) -> Mapping[str, str] | None:
        """Return the fingerprint of each known package, None if nothing was recorded of the collection yet."""

    def get_announced(self, receiver: str, collection: str, names: Iterable[str]) -> Mapping[str, AnnouncedPackage]:
        """Return what the receiver knows of these packages, without unknown ones."""

    def get_message(self, receiver: str, collection: str) -> WebhookMessage | None:
        """Return the message that was recorded and not accepted yet."""

    def record(
        self,
        receiver: str,
        collection: str,
        packages: Mapping[str, PackageRecord | None],
        message: WebhookMessage | None = None,
    ) -> None:
        """Record what the receiver knows of packages with a message.

        None stands for a package that has left. Without a message, the receiver knows it without one.
        """

    def accept(self, receiver: str, collection: str) -> None:
        """Record that the receiver has accepted the message."""

    def fail(self, receiver: str, error: str, *, failed_at: int, retry_at: int) -> None:
        """Record a failed attempt."""

    def set_waiting(self, receiver: str, collection: str, count: int) -> None:
        """Store how many events wait, the recorded message included."""


class Webhooks(Struct, frozen=True, kw_only=True):
    """The receivers of webhooks and how to reach them.

    Attributes:
        receivers: The name for display of each receiver, by key.
        site_url: The public URL of the site, which payloads link; "" if there is none.
    """

    receivers: Mapping[str, str]
    sender: WebhookSender
    store: WebhookStore
    site_url: str = ""
