"""Judges whether a repository can be what so many projects say it is.

Authors who start from a template publish its address as their own. The stars of a popular template then shine on
projects that have nothing to do with it.
"""

import re
from collections.abc import Collection, Iterable

from msgspec import Struct

from .repository_address import RepositoryAddress

# So many unrelated projects may claim a repository before anybody wonders.
HANDFUL = 5

_WORD = re.compile(r"[a-z0-9]+")
# A shorter name is part of too many others by chance.
_SHORTEST = 3


class Claim(Struct, frozen=True, kw_only=True):
    """That a project names a repository as its own; `people` are the users who may publish the project."""

    project: str
    people: tuple[str, ...] = ()


def is_verified(repository: RepositoryAddress, claims: Collection[Claim]) -> bool:
    """Tell whether to believe the claims: not those of more than a handful of unrelated projects without a likeness.

    A likeness is a project's name that resembles the repository's or its owner's; it vouches for all, because that is
    how parts of a monorepo are called. Projects are related where a user may publish both.
    """
    if len(claims) <= HANDFUL:
        return True
    own_names = (repository.name, *repository.owner.split("/"))
    if any(resemble(claim.project, name) for claim in claims for name in own_names):
        return True
    return _families(claims) <= HANDFUL


def resemble(one: str, other: str) -> bool:
    """Tell whether two names look like names of the same thing: the words of one, in order, are in the other."""
    ours, theirs = _WORD.findall(one.lower()), _WORD.findall(other.lower())
    short, long = sorted(("".join(ours), "".join(theirs)), key=len)
    if short == long:
        return bool(short)
    if len(short) < _SHORTEST:
        return False
    return _contains(ours, theirs) or _contains(theirs, ours)


def _contains(words: list[str], part: list[str]) -> bool:
    """Tell whether `part` is in `words`; parted otherwise it is the same: `napari-plot` is in `napari_plot_profile`."""
    joined = "".join(part)
    starts = range(len(words))
    return bool(joined) and any(
        "".join(words[start:end]) == joined for start in starts for end in range(start + 1, len(words) + 1)
    )


def _families(claims: Iterable[Claim]) -> int:
    """Return how many groups of projects there are that no user connects."""
    families: list[set[str]] = []
    alone = 0
    for claim in claims:
        people = set(claim.people)
        alone += not people
        related = [family for family in families if family & people]
        families = [family for family in families if not family & people]
        if people:
            families.append(people.union(*related))
    return len(families) + alone
