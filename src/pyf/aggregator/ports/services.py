"""All ports together, as bootstrap has chosen their adapters."""

from collections.abc import Callable
from typing import Protocol

from msgspec import Struct

from ..domain.policy import Policy
from .downloads import DownloadStats
from .index import IndexAdmin, PackageIndex, VerdictStore
from .keys import ApiKeys
from .registry import ChangeJournal, PackageRegistry
from .rendering import Renderer


class RequestMeter(Protocol):
    """Counts what was asked of the services."""

    def count(self) -> int:
        """Return how many requests were sent since the program started, repeated attempts included."""


class Services(Struct, frozen=True, kw_only=True):
    """The ports that the use cases work with, as bootstrap has chosen them, and how they are to go about it.

    `now` returns the time in Unix seconds.
    """

    registry: PackageRegistry
    journal: ChangeJournal
    index: PackageIndex
    admin: IndexAdmin
    keys: ApiKeys
    renderer: Renderer
    verdicts: VerdictStore
    downloads: DownloadStats
    requests: RequestMeter
    now: Callable[[], float]
    policy: Policy = Policy()
