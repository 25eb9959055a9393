"""What somebody means who narrows a search by "mit", "3.12" or "6.0": the values that packages really have."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from heapq import nsmallest

from .search import Facet

# Values that are named to whoever has asked for one that nobody has.
_MAX_SUGGESTIONS = 5
# From where on two texts look alike, of 100.
_MIN_SIMILARITY = 60


def resolve_values(facet: Facet, text: str, known_values: Collection[str], frameworks: Collection[str] = ()) -> tuple[str, ...]:
    """Return which of the known values of a facet are meant; nothing where none is, or more than one may be.

    Case does not count. What is left out may be: "Python" and the profile's framework (of `frameworks`) before a
    version, what stands above a classifier's last part, and the rest of a licence's name.
    """
    if text in known_values:
        return (text,)
    folded = text.strip().casefold()
    matches = tuple(value for value in known_values if value.casefold() == folded)
    if matches or not folded:
        return matches
    own_frameworks = frozenset(name.casefold() for name in frameworks)
    for short_matches in (_match_short_forms(facet, folded, known_values, own_frameworks), _match_short_forms(facet, folded, known_values, frozenset())):
        if len(short_matches) == 1:
            return tuple(short_matches)
    return ()


def suggest_values(text: str, counts: Mapping[str, int]) -> tuple[str, ...]:
    """Return values that may be meant, the likeliest first: those that look alike, or else the most frequent."""
    # Whoever asks for what there is does not need it.
    from rapidfuzz import fuzz, process

    folded = {value: value.casefold() for value in counts}
    matches = process.extract(text.casefold(), folded, scorer=fuzz.WRatio, score_cutoff=_MIN_SIMILARITY, limit=_MAX_SUGGESTIONS)
    if matches:
        return tuple(value for _, _, value in matches)
    return tuple(nsmallest(_MAX_SUGGESTIONS, counts, key=lambda value: (-counts[value], value)))


def _match_short_forms(facet: Facet, folded: str, known_values: Iterable[str], own_frameworks: frozenset[str]) -> list[str]:
    return [value for value in known_values if folded in _iter_short_forms(facet, value.casefold(), own_frameworks)]


def _iter_short_forms(facet: Facet, value: str, own_frameworks: frozenset[str]) -> Iterator[str]:
    """Yield what may be said for a value; versions of frameworks of one's own only, where there are any."""
    match facet:
        case Facet.PYTHON_VERSIONS:
            yield value.removeprefix("python ")
        case Facet.FRAMEWORK_VERSIONS:
            framework, _, version = value.rpartition(" ")
            if not own_frameworks or framework in own_frameworks:
                yield version
        case Facet.CLASSIFIERS:
            parts = value.split(" :: ")
            yield from (" :: ".join(parts[start:]) for start in range(1, len(parts)))
        case Facet.LICENSES:
            parts = value.split("-")
            yield from ("-".join(parts[:end]) for end in range(1, len(parts)))
