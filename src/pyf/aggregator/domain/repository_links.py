"""Finds where a project may have its source: the links of its releases that lead to a repository, the best first."""

import re
from collections.abc import Iterable, Iterator, Sequence

from .repository_address import RepositoryAddress, address_of
from .schema import RegistryFields

# Labels as PEP 753 normalises them: without case, punctuation and white space. Its well-known ones for the source are
# the first four.
_SOURCE_LABELS = frozenset(
    {"source", "repository", "sourcecode", "github", "code", "repo", "git", "gitlab", "codeberg", "bitbucket", "vcs"}
)
# Words that say it in a longer label, such as "Source on GitHub".
_SOURCE_WORDS = frozenset({"source", "sources", "sourcecode", "repository", "repo"})
_LAST_LABELS = frozenset({"download", "downloads", "documentation", "docs", "doc"})

_NOT_LETTERS = re.compile(r"[\W_]+")
_WORDS = re.compile(r"[a-z]+")


def candidates(releases: Iterable[RegistryFields]) -> tuple[RepositoryAddress, ...]:
    """Return the repositories that a project's links lead to, each once, in the order in which to try them.

    `releases` come newest first, and all links of one come before those of the next. Within one: links labelled as
    source or repository, all other links, the home page, and downloads and documentation last.
    """
    # Releases mostly repeat each other's links.
    links = dict.fromkeys(link for release in releases for link in _links(release))
    return tuple(dict.fromkeys(address for link in links if (address := address_of(link)) is not None))


def _links(release: RegistryFields) -> Iterator[str]:
    labelled = [(_rank(label), link) for label, link in release.project_urls.items()]
    for rank in (0, 1):
        yield from _of_rank(rank, labelled)
    yield from (release.home_page, release.bugtrack_url)
    yield from _of_rank(2, labelled)  # PyPI gives a release's download address as one of these links, too
    yield release.docs_url


def _of_rank(rank: int, labelled: Sequence[tuple[int, str]]) -> Iterator[str]:
    return (link for its_rank, link in labelled if its_rank == rank)


def _rank(label: str) -> int:
    normalized = _NOT_LETTERS.sub("", label).lower()
    if normalized in _SOURCE_LABELS or not _SOURCE_WORDS.isdisjoint(_WORDS.findall(label.lower())):
        return 0
    return 2 if normalized in _LAST_LABELS else 1
