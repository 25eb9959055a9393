"""The index on a Typesense server or cluster; importing it takes time, so only who uses it does."""

import time
from collections.abc import Callable

from msgspec import Struct

from .admin import TypesenseAdmin
from .collections import Collections
from .index import TypesenseIndex
from .keys import TypesenseApiKeys
from .leases import LEASE, Leases
from .server import Server
from .stamps import Stamps


class Typesense(Struct, frozen=True):
    """The three ports of one server."""

    index: TypesenseIndex
    admin: TypesenseAdmin
    keys: TypesenseApiKeys


def on(server: Server, *, now: Callable[[], float] = time.time, lease: float = LEASE) -> Typesense:
    """Return the ports of a server; `lease` is how long, in seconds, a right outlives a holder on another machine."""
    leases = Leases(server, now=now, lease=lease)
    collections = Collections(server, leases)
    stamps = Stamps(now)
    admin = TypesenseAdmin(server, collections, leases, stamps, now=now)
    return Typesense(
        index=TypesenseIndex(server, collections, stamps),
        admin=admin,
        keys=TypesenseApiKeys(server, admin.resolve),
    )


__all__ = ["LEASE", "Server", "Typesense", "TypesenseAdmin", "TypesenseApiKeys", "TypesenseIndex", "on"]
