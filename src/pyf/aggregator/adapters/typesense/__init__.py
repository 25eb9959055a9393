"""The index on a Typesense server or cluster; importing it takes time, so only who uses it does."""

import time
from collections.abc import Callable

from msgspec import Struct

from ...domain.health import ScoringConfig
from ...domain.relevance import Lexicon
from .admin import TypesenseAdmin
from .collections import Collections
from .index import TypesenseIndex
from .keys import TypesenseApiKeys
from .leases import LEASE, Leases
from .projects import Projects
from .search import TypesenseSearch
from .server import Server
from .stamps import Stamps
from .tombstones import Tombstones


class Typesense(Struct, frozen=True):
    """The ports of one server."""

    index: TypesenseIndex
    admin: TypesenseAdmin
    keys: TypesenseApiKeys
    search: TypesenseSearch


def on(
    server: Server,
    *,
    lexicon: Lexicon = Lexicon(),
    standards: ScoringConfig | None = None,
    now: Callable[[], float] = time.time,
    lease: float = LEASE,
) -> Typesense:
    """Return the ports of a server.

    Projects are found by the words of `lexicon`; of equals those come first that support a release which `standards`
    say is supported. `lease` is how long, in seconds, a right outlives a holder on another machine.
    """
    leases = Leases(server, now=now, lease=lease)
    collections = Collections(server, leases)
    tombstones = Tombstones(server)
    projects = Projects(server, Stamps(now), tombstones, lexicon)
    admin = TypesenseAdmin(server, collections, leases, projects, tombstones, now=now)
    return Typesense(
        index=TypesenseIndex(server, collections, projects, tombstones),
        admin=admin,
        keys=TypesenseApiKeys(server, admin.resolve),
        search=TypesenseSearch(server, collections, projects, lexicon=lexicon, standards=standards, now=now),
    )


__all__ = [
    "LEASE",
    "Server",
    "Typesense",
    "TypesenseAdmin",
    "TypesenseApiKeys",
    "TypesenseIndex",
    "TypesenseSearch",
    "on",
]
