"""Choose what an enrichment run covers, and how long it may take."""

from math import inf

from msgspec import Struct

from ..report import ProgressCallback, no_progress


class EnrichOptions(Struct, frozen=True, kw_only=True):
    """What a caller chooses for a run that enriches packages.

    Attributes:
        limit: Packages to process at most, those with the oldest check first.
        fresh: Request what an earlier run has requested recently, too.
        deadline: Unix time from which on nothing is requested; the next run continues.
    """

    limit: int | None = None
    fresh: bool = False
    deadline: float = inf
    progress: ProgressCallback = no_progress
