"""Ports of webhooks: the requests to receivers, and the record of what each receiver knows."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from msgspec import Struct

from ..domain.webhooks import KnownPackage, WebhookMessage


class PackageRecord(Struct, frozen=True, kw_only=True):
    """What a receiver knows of a package, and the stored state of the package that this was compared with.

    Attributes:
        fingerprint: The fingerprint of that state; "" while more events of the package follow.
    """

    fingerprint: str
    package: KnownPackage


class ReceiverStatus(Struct, frozen=True, kw_only=True):
    """The status of the deliveries to a receiver; times in Unix seconds, 0 for never.

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
            Unavailable: The receiver has not accepted it, or it is unknown whether it has. The message names no URL;
                `retry_after` is the time that the receiver asks for.
        """


class WebhookStore(Protocol):
    """What each receiver, by key, knows of each collection. Each call is atomic, and on disk when it returns."""

    def lock(self) -> AbstractContextManager[None]:
        """Lock deliveries; raises `Locked` while another process or thread delivers."""

    def list_receivers(self) -> Sequence[str]:
        """Return the receivers with stored data."""

    def list_collections(self) -> Sequence[str]:
        """Return the collections with stored data."""

    def drop(self, *, receiver: str = "", collection: str = "") -> None:
        """Delete all data of a receiver, or of a collection."""

    def get_status(self, receiver: str) -> ReceiverStatus:
        """Return the status of a receiver, an empty one if nothing is stored."""

    def list_fingerprints(self, receiver: str, collection: str) -> Mapping[str, str] | None:
        """Return the fingerprint of each known package; None for a collection without a record."""

    def get_known_packages(self, receiver: str, collection: str, names: Iterable[str]) -> Mapping[str, KnownPackage]:
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
        """Record what the receiver knows of packages once it has accepted a message.

        Args:
            packages: Records by normalized name; None for a package that was removed.
            message: The message to send; None for changes that no event reports.
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
