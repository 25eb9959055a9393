"""Judges whether a repository can be what so many projects say it is.

Authors who start from a template publish its address as their own. The stars of a popular template then shine on
projects that have nothing to do with it.
"""

import re
from collections.abc import Collection, Iterable

from msgspec import Struct

from .repositories import RepositoryRef

# So many unrelated projects may claim a repository before anybody wonders.
MAX_UNRELATED_PROJECTS = 5

_WORD = re.compile(r"[a-z0-9]+")
# A shorter name is part of too many others by chance.
_MIN_NAME_LENGTH = 3


class RepositoryClaim(Struct, frozen=True, kw_only=True):
    """That a project names a repository as its own; `people` are the users who may publish the project."""

    project: str
    users: tuple[str, ...] = ()


def is_verified(ref: RepositoryRef, claims: Collection[RepositoryClaim]) -> bool:
    """Tell whether to believe the claims: not those of more than a handful of unrelated projects without a likeness.

    A likeness is a project's name that resembles the repository's or its owner's; it vouches for all, because that is
    how parts of a monorepo are called. Projects are related where a user may publish both.
    """
    if len(claims) <= MAX_UNRELATED_PROJECTS:
        return True
    own_names = (ref.name, *ref.owner.split("/"))
    if any(is_similar_name(claim.project, name) for claim in claims for name in own_names):
        return True
    return _count_unrelated_groups(claims) <= MAX_UNRELATED_PROJECTS


def is_similar_name(first: str, second: str) -> bool:
    """Tell whether two names look like names of the same thing: the words of one, in order, are in the other."""
    first_words, second_words = _WORD.findall(first.lower()), _WORD.findall(second.lower())
    short, long = sorted(("".join(first_words), "".join(second_words)), key=len)
    if short == long:
        return bool(short)
    if len(short) < _MIN_NAME_LENGTH:
        return False
    return _contains_words(first_words, second_words) or _contains_words(second_words, first_words)


def _contains_words(words: list[str], sequence: list[str]) -> bool:
    """Tell whether `part` is in `words`; parted otherwise it is the same: `napari-plot` is in `napari_plot_profile`."""
    joined = "".join(sequence)
    starts = range(len(words))
    return bool(joined) and any(
        "".join(words[start:end]) == joined for start in starts for end in range(start + 1, len(words) + 1)
    )


def _count_unrelated_groups(claims: Iterable[RepositoryClaim]) -> int:
    """Return how many groups of projects there are that no user connects."""
    groups: list[set[str]] = []
    without_users = 0
    for claim in claims:
        users = set(claim.users)
        without_users += not users
        related = [group for group in groups if group & users]
        groups = [family for family in groups if not family & users]
        if users:
            groups.append(users.union(*related))
    return len(groups) + without_users
