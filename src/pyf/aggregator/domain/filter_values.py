"""What somebody means who narrows a search by "mit", "3.12" or "6.0": the values that packages really have."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from heapq import nsmallest

from .search import Facet

# Values that are named to whoever has asked for one that nobody has.
_MOST_NEAR = 5
# From where on two texts look alike, of 100.
_ALIKE = 60


def meant(facet: Facet, asked: str, known: Collection[str], frameworks: Collection[str] = ()) -> tuple[str, ...]:
    """Return which of the known values of a facet are meant; nothing where none is, or more than one may be.

    Case does not count. What is left out may be: "Python" and the profile's framework (of `frameworks`) before a
    version, what stands above a classifier's last part, and the rest of a licence's name.
    """
    if asked in known:
        return (asked,)
    folded = asked.strip().casefold()
    alike = tuple(value for value in known if value.casefold() == folded)
    if alike or not folded:
        return alike
    ours = frozenset(name.casefold() for name in frameworks)
    for short in (_in_short(facet, folded, known, ours), _in_short(facet, folded, known, frozenset())):
        if len(short) == 1:
            return tuple(short)
    return ()


def near(asked: str, known: Mapping[str, int]) -> tuple[str, ...]:
    """Return values that may be meant, the likeliest first: those that look alike, or else the most frequent."""
    # Whoever asks for what there is does not need it.
    from rapidfuzz import fuzz, process

    folded = {value: value.casefold() for value in known}
    alike = process.extract(asked.casefold(), folded, scorer=fuzz.WRatio, score_cutoff=_ALIKE, limit=_MOST_NEAR)
    if alike:
        return tuple(value for _, _, value in alike)
    return tuple(nsmallest(_MOST_NEAR, known, key=lambda value: (-known[value], value)))


def _in_short(facet: Facet, folded: str, known: Iterable[str], ours: frozenset[str]) -> list[str]:
    return [value for value in known if folded in _short_forms(facet, value.casefold(), ours)]


def _short_forms(facet: Facet, value: str, ours: frozenset[str]) -> Iterator[str]:
    """Yield what may be said for a value; versions of frameworks of one's own only, where there are any."""
    match facet:
        case Facet.PYTHON_VERSIONS:
            yield value.removeprefix("python ")
        case Facet.FRAMEWORK_VERSIONS:
            thing, _, version = value.rpartition(" ")
            if not ours or thing in ours:
                yield version
        case Facet.CLASSIFIERS:
            parts = value.split(" :: ")
            yield from (" :: ".join(parts[start:]) for start in range(1, len(parts)))
        case Facet.LICENSES:
            parts = value.split("-")
            yield from ("-".join(parts[:end]) for end in range(1, len(parts)))
