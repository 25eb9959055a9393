"""The index on a Typesense server or cluster; its import is slow, so import it only for this engine."""

import time
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from ...domain.health import ScoringConfig
from ...domain.relevance import Lexicon
from ..fulltext.search import FulltextSearch
from .admin import TypesenseAdmin
from .client import Server
from .collections import Collections
from .index import TypesenseIndex
from .keys import TypesenseApiKeys
from .leases import LEASE_SECONDS, Leases
from .package_states import Tombstones
from .packages import PackageStore, WriteSequence
from .search_source import TypesenseSource


class Typesense(Struct, frozen=True):
    """The ports of one server."""

    index: TypesenseIndex
    admin: TypesenseAdmin
    keys: TypesenseApiKeys


def build_ports(
    server: Server,
    *,
    lexicon: Lexicon = Lexicon(),
    now: Callable[[], float] = time.time,
    lease: float = LEASE_SECONDS,
) -> Typesense:
    """Return the ports of a server.

    Args:
        lexicon: Knows which words of a name only show where a package belongs.
        lease: Seconds for which a lock outlives its owner on another machine.
    """
    leases = Leases(server, now=now, lease=lease)
    collections = Collections(server, leases)
    tombstones = Tombstones(server)
    projects = PackageStore(server, WriteSequence(now), tombstones, lexicon)
    admin = TypesenseAdmin(server, collections, leases, projects, now=now)
    return Typesense(
        index=TypesenseIndex(server, collections, projects, tombstones),
        admin=admin,
        keys=TypesenseApiKeys(server, admin.resolve),
    )


def open_search(
    server: Server,
    folder: Path,
    lexicon: Lexicon,
    scoring_config: ScoringConfig,
    *,
    now: Callable[[], float] = time.time,
) -> FulltextSearch:
    """Return the search in a server's collections; `folder` contains the indexes of this machine."""
    collections = Collections(server, Leases(server, now=now))
    source = TypesenseSource(server, collections, Tombstones(server), folder, now=now)
    return FulltextSearch(source, lexicon, scoring_config, now=now)


__all__ = [
    "LEASE_SECONDS",
    "Server",
    "Typesense",
    "TypesenseAdmin",
    "TypesenseApiKeys",
    "TypesenseIndex",
    "build_ports",
    "open_search",
]
