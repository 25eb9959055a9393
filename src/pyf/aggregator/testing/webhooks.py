"""Fakes of webhooks: receivers in this process, and a store in memory."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from msgspec.structs import replace

from ..domain.errors import Locked, Unavailable
from ..domain.webhooks import KnownPackage, WebhookMessage
from ..ports.webhooks import PackageRecord, ReceiverStatus


class FakeReceivers:
    """Receivers that accept every message; those in `broken` accept none.

    Attributes:
        retry_after: The seconds until broken receivers want the next message; None if they don't say.
    """

    def __init__(self) -> None:
        self.broken: set[str] = set()
        self.retry_after: float | None = None
        self.accepted: dict[str, list[WebhookMessage]] = {}
        self.attempts = 0

    def send(self, receiver: str, message: WebhookMessage) -> None:
        """Accept a message, or raise `Unavailable`."""
        self.attempts += 1
        if receiver in self.broken:
            raise Unavailable("503 Service Unavailable", retry_after=self.retry_after)
        self.accepted.setdefault(receiver, []).append(message)


@dataclass
class _Collection:
    packages: dict[str, PackageRecord] = field(default_factory=dict)
    message: WebhookMessage | None = None
    waiting: int = 0


class FakeWebhookStore:
    """What receivers know, until the process ends."""

    def __init__(self) -> None:
        self._statuses: dict[str, ReceiverStatus] = {}
        self._collections: dict[tuple[str, str], _Collection] = {}
        self._is_locked = False

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Lock deliveries."""
        if self._is_locked:
            raise Locked("another process is delivering webhooks: wait for it to finish")
        self._is_locked = True
        try:
            yield
        finally:
            self._is_locked = False

    def list_receivers(self) -> Sequence[str]:
        """Return the receivers with stored data."""
        return sorted(self._statuses)

    def list_collections(self) -> Sequence[str]:
        """Return the collections with stored data."""
        return sorted({collection for _, collection in self._collections})

    def drop(self, *, receiver: str = "", collection: str = "") -> None:
        """Delete all data of a receiver, or of a collection."""
        self._statuses.pop(receiver, None)
        for key in list(self._collections):
            if receiver == key[0] or (not receiver and collection == key[1]):
                del self._collections[key]

    def get_status(self, receiver: str) -> ReceiverStatus:
        """Return the status of a receiver."""
        waiting = sum(stored.waiting for key, stored in self._collections.items() if key[0] == receiver)
        return replace(self._statuses.get(receiver, ReceiverStatus()), waiting=waiting)

    def list_fingerprints(self, receiver: str, collection: str) -> Mapping[str, str] | None:
        """Return the fingerprint of each known package."""
        stored = self._collections.get((receiver, collection))
        return None if stored is None else {name: record.fingerprint for name, record in stored.packages.items()}

    def get_known_packages(self, receiver: str, collection: str, names: Iterable[str]) -> Mapping[str, KnownPackage]:
        """Return what the receiver knows of these packages."""
        packages = self._collections.get((receiver, collection), _Collection()).packages
        return {name: packages[name].package for name in names if name in packages}

    def get_message(self, receiver: str, collection: str) -> WebhookMessage | None:
        """Return the message that was recorded and not accepted yet."""
        return self._collections.get((receiver, collection), _Collection()).message

    def record(
        self,
        receiver: str,
        collection: str,
        packages: Mapping[str, PackageRecord | None],
        message: WebhookMessage | None = None,
    ) -> None:
        """Record what the receiver knows of packages, and the message that says so."""
        self._statuses.setdefault(receiver, ReceiverStatus())
        stored = self._collections.setdefault((receiver, collection), _Collection())
        for name, record in packages.items():
            if record is None:
                stored.packages.pop(name, None)
            else:
                stored.packages[name] = record
        stored.message = message or stored.message

    def accept(self, receiver: str, collection: str) -> None:
        """Record that the receiver has accepted the message."""
        self._collections[receiver, collection].message = None
        status = self._statuses[receiver]
        self._statuses[receiver] = replace(status, delivered=status.delivered + 1, failures=0, retry_at=0, error="")

    def fail(self, receiver: str, error: str, *, failed_at: int, retry_at: int) -> None:
        """Record a failed attempt."""
        status = self._statuses[receiver]
        self._statuses[receiver] = replace(
            status,
            failed=status.failed + 1,
            failures=status.failures + 1,
            failed_at=failed_at,
            retry_at=retry_at,
            error=error,
        )

    def set_waiting(self, receiver: str, collection: str, count: int) -> None:
        """Store how many events wait."""
        self._collections[receiver, collection].waiting = count
