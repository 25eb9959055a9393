"""Verify that a repository belongs to the projects that claim it.

Projects that start from a template often publish the template's repository as their own. Without this check the stars
of a popular template would count for unrelated projects.
"""

import re
from collections.abc import Collection, Iterable

from msgspec import Struct

from .repositories import RepositoryRef

# More unrelated projects than this make the claims of a repository doubtful.
MAX_UNRELATED_PROJECTS = 5

_WORD = re.compile(r"[a-z0-9]+")
# A shorter name is part of too many other names by chance.
_MIN_NAME_LENGTH = 3


class RepositoryClaim(Struct, frozen=True, kw_only=True):
    """A project that links to a repository as its own, with the users that may publish the project."""

    project: str
    users: tuple[str, ...] = ()


def is_verified(ref: RepositoryRef, claims: Collection[RepositoryClaim]) -> bool:
    """Return whether the claims are credible.

    Claims of up to `MAX_UNRELATED_PROJECTS` unrelated projects are. More are credible only if one project's name
    resembles the repository's or its owner's, as the parts of a monorepo do. Projects are related if one user may
    publish both.
    """
    if len(claims) <= MAX_UNRELATED_PROJECTS:
        return True
    own_names = (ref.name, *ref.owner.split("/"))
    if any(is_similar_name(claim.project, name) for claim in claims for name in own_names):
        return True
    return _count_unrelated_groups(claims) <= MAX_UNRELATED_PROJECTS


def is_similar_name(first: str, second: str) -> bool:
    """Return whether two names resemble each other: one contains the words of the other, in order."""
    first_words, second_words = _WORD.findall(first.lower()), _WORD.findall(second.lower())
    short, long = sorted(("".join(first_words), "".join(second_words)), key=len)
    if short == long:
        return bool(short)
    if len(short) < _MIN_NAME_LENGTH:
        return False
    return _contains_words(first_words, second_words) or _contains_words(second_words, first_words)


def _contains_words(words: list[str], sequence: list[str]) -> bool:
    """Return whether `words` contain the sequence, however it is split: `napari-plot` is in `napari_plot_profile`."""
    joined = "".join(sequence)
    starts = range(len(words))
    return bool(joined) and any(
        "".join(words[start:end]) == joined for start in starts for end in range(start + 1, len(words) + 1)
    )


def _count_unrelated_groups(claims: Iterable[RepositoryClaim]) -> int:
    """Count the groups of projects that have no user in common."""
    groups: list[set[str]] = []
    without_users = 0
    for claim in claims:
        users = set(claim.users)
        without_users += not users
        related = [group for group in groups if group & users]
        groups = [group for group in groups if not group & users]
        if users:
            groups.append(users.union(*related))
    return len(groups) + without_users
