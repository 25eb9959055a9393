"""Candidates that somebody knows already, for tests and for those who have no bulk source."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from ...domain.project import normalized


class MemoryCandidates:
    """The port `Candidates` over names by the framework (normalised) that they may require."""

    def __init__(self, names: Mapping[str, Iterable[str]] | None = None) -> None:
        self._names = {framework: tuple(some) for framework, some in (names or {}).items()}

    def requiring(self, frameworks: Sequence[str]) -> Iterator[str]:
        """Yield the names of all frameworks asked for, each once."""
        told = (normalized(name) for framework in frameworks for name in self._names.get(framework, ()))
        return iter(dict.fromkeys(told))
