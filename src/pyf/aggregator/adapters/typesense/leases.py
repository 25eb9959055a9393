"""Lock collections for runs on any machine; a Typesense server has no locks of its own.

A lock is a document that only one run can create. It names its owner and its expiry, which a thread of the owner
extends. If the owner has died, the lock expires by the clocks of the machines, which should agree within a quarter of
the lease; on the machine of the owner it is free at once.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Any
from uuid import uuid4

from msgspec import Struct, convert

from ...domain.errors import AggregatorError, Locked, NotFound, Unavailable
from ...domain.timestamps import CLOCK_TOLERANCE
from .bulk import quote_for_path
from .client import Server
from .retry import AlreadyExists

_PROC = Path("/proc")


def get_process_token() -> str:
    """Return a text that names the machine since its start, the process namespace and this process; "" if unknown.

    Process ids are reused, and each container has its own.
    """
    machine, pid = _get_machine_id(), os.getpid()
    started = _get_start_time(pid)
    return f"{machine} {pid} {started}" if machine and started else ""


def is_dead(token: str) -> bool:
    """Return whether a process of this machine has ended; False for other machines."""
    machine, _, process = token.partition(" ")
    if not machine or machine != _get_machine_id():
        return False
    pid, _, started = process.partition(" ")
    return _get_start_time(int(pid)) != started


def _get_machine_id() -> str:
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text("ascii").strip()
        return f"{boot}/{os.readlink(_PROC / 'self/ns/pid')}"
    except OSError:  # not on Linux
        return ""


def _get_start_time(pid: int) -> str:
    """Return the start time of a process in clock ticks since boot; "" if it does not run."""
    try:
        fields = (_PROC / f"{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] in "ZX" else fields[19]


LEASES_COLLECTION = "_pyf_leases"
_LEASES_SCHEMA = {
    "name": LEASES_COLLECTION,
    "fields": [
        {"name": "token", "type": "string"},
        {"name": "expires", "type": "int64"},
        {"name": "holder", "type": "string", "index": False, "optional": True},
    ],
}

# Seconds for which a lock outlives the last extension by its owner.
LEASE_SECONDS = 60.0


class _Lease(Struct, frozen=True):
    """The lock of the collection that is its id; `expires` is in Unix seconds."""

    id: str
    token: str
    expires: int
    holder: str = ""


class Leases:
    """The locks that this process owns on a server."""

    def __init__(self, server: Server, *, now: Callable[[], float] = time.time, lease: float = LEASE_SECONDS) -> None:
        self._server = server
        self._now = now
        self._lease = lease
        self._lost: set[str] = set()
        self._lock = Lock()

    def check(self) -> None:
        """Raise `Unavailable` if this process has lost a lock."""
        if self._lost:
            raise Unavailable(
                f"the lock of {', '.join(sorted(self._lost))} has expired, because the server did not respond in time: "
                "another run may be writing to the collection"
            )

    @contextmanager
    def hold(self, *names: str) -> Iterator[None]:
        """Own the locks of collections; raises `Unavailable` at once if another run owns one of them."""
        with ExitStack() as locks:
            for name in names:
                locks.enter_context(self._hold(name))
            yield

    @contextmanager
    def _hold(self, name: str) -> Iterator[None]:
        token = uuid4().hex
        self._acquire(name, token)
        done = Event()
        renewal = Thread(target=self._renew, args=(name, token, done), name=f"lease of {name}", daemon=True)
        renewal.start()
        try:
            yield
        finally:
            done.set()
            renewal.join()
            with self._lock:
                self._lost.discard(name)
            # A lock that can't be released now expires.
            with suppress(Unavailable, NotFound):
                self._delete(name, token, retry_timeout=0)

    def _acquire(self, name: str, token: str) -> None:
        lease = _Lease(name, token, self._compute_expiry(), get_process_token())
        while (current := self._create(lease)) is not None:
            # No lease is longer than ours: one that expires later was made with a wrong clock.
            is_held = 0 < current.expires - self._now() <= self._lease + CLOCK_TOLERANCE
            if is_held and not is_dead(current.holder):
                raise Locked(
                    f"collection {name} on {self._server.address} is locked by another run: wait for it to finish"
                )
            # Only this lease: another run may have replaced it meanwhile.
            self._delete(name, current.token)

    def _create(self, lease: _Lease) -> _Lease | None:
        """Create a lease; return the existing one instead, if there is any."""
        document: Any = {"id": lease.id, "token": lease.token, "expires": lease.expires, "holder": lease.holder}
        while True:
            try:
                self._server.request(lambda client: client.collections[LEASES_COLLECTION].documents.create(document))
            except NotFound:
                self._create_collection()
                continue
            except AlreadyExists:
                existing = self._get(lease.id)
                if existing is None:
                    continue
                # It may be this one, from a first attempt whose response was lost.
                return existing if existing.token != lease.token else None
            return None

    def _create_collection(self) -> None:
        with suppress(AlreadyExists):  # another process was faster
            schema: Any = _LEASES_SCHEMA
            self._server.request(lambda client: client.collections.create(schema))

    def _get(self, name: str) -> _Lease | None:
        path = f"/collections/{LEASES_COLLECTION}/documents/{quote_for_path(name)}"
        try:
            return convert(self._server.request(lambda client: client.api_call.get(path, dict, as_json=True)), _Lease)
        except NotFound:
            return None

    def _delete(self, name: str, token: str, retry_timeout: float | None = None) -> None:
        query: Any = {"filter_by": _build_filter(name, token)}
        self._server.request(
            lambda client: client.collections[LEASES_COLLECTION].documents.delete(query), retry_timeout=retry_timeout
        )

    def _renew(self, name: str, token: str, done: Event) -> None:
        while not done.wait(self._lease / 4):
            try:
                is_held = self._extend(name, token)
            except Unavailable:
                continue  # an unavailable server gives the lock to no other run either
            except AggregatorError:
                is_held = False
            if not is_held:
                with self._lock:
                    self._lost.add(name)
                return

    def _extend(self, name: str, token: str) -> bool:
        """Extend a lease; return whether it still exists."""
        query: Any = {"filter_by": _build_filter(name, token)}
        expires: Any = {"expires": self._compute_expiry()}
        response = self._server.request(
            lambda client: client.collections[LEASES_COLLECTION].documents.update(expires, query), retry_timeout=0
        )
        return bool(response["num_updated"])

    def _compute_expiry(self) -> int:
        return int(self._now() + self._lease)


def _build_filter(name: str, token: str) -> str:
    return f"id:={name} && token:={token}"
