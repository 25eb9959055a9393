"""Who may require a framework: what a registry can't be asked, told by somebody who has looked at all of it."""

from collections.abc import Iterator, Sequence
from typing import Protocol


class CandidateSource(Protocol):
    """A bulk source of projects that may belong; whether one does, its own document says."""

    def find_candidates(self, frameworks: Sequence[str]) -> Iterator[str]:
        """Yield the normalised names of projects that may require one of `frameworks` (normalised), each once.

        Too many is no harm but requests, and the source may be behind the registry. Raises `Invalid` for a source
        that can't be read as one, `Unavailable` for one that does not answer; what was yielded before counts for
        nothing then.
        """
