"""Candidates that somebody knows already, for tests and for those who have no bulk source."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from ...domain.project import normalize_name


class StaticCandidates:
    """The port `Candidates` over names by the framework (normalised) that they may require."""

    def __init__(self, names: Mapping[str, Iterable[str]] | None = None) -> None:
        self._names = {framework: tuple(framework_names) for framework, framework_names in (names or {}).items()}

    def find_candidates(self, frameworks: Sequence[str]) -> Iterator[str]:
        """Yield the names of all frameworks asked for, each once."""
        candidates = (normalize_name(name) for framework in frameworks for name in self._names.get(framework, ()))
        return iter(dict.fromkeys(candidates))
