"""Finds where a project may have its source: the links of its releases that lead to a repository, the best first."""

import re
from collections.abc import Iterable, Iterator, Sequence

from .repository_address import RepositoryRef, parse_repository_url
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


def list_repository_candidates(releases: Iterable[RegistryFields]) -> tuple[RepositoryRef, ...]:
    """Return the repositories that a project's links lead to, each once, in the order in which to try them.

    `releases` come newest first, and all links of one come before those of the next. Within one: links labelled as
    source or repository, all other links, the home page, and downloads and documentation last.
    """
    # Releases mostly repeat each other's links.
    links = dict.fromkeys(link for release in releases for link in _iter_links(release))
    return tuple(dict.fromkeys(ref for link in links if (ref := parse_repository_url(link)) is not None))


def _iter_links(release: RegistryFields) -> Iterator[str]:
    ranked_links = [(_rank_label(label), link) for label, link in release.project_urls.items()]
    for rank in (0, 1):
        yield from _filter_by_rank(rank, ranked_links)
    yield from (release.home_page, release.bugtrack_url)
    yield from _filter_by_rank(2, ranked_links)  # PyPI gives a release's download address as one of these links, too
    yield release.docs_url


def _filter_by_rank(rank: int, ranked_links: Sequence[tuple[int, str]]) -> Iterator[str]:
    return (link for link_rank, link in ranked_links if link_rank == rank)


def _rank_label(label: str) -> int:
    normalized = _NOT_LETTERS.sub("", label).lower()
    if normalized in _SOURCE_LABELS or not _SOURCE_WORDS.isdisjoint(_WORDS.findall(label.lower())):
        return 0
    return 2 if normalized in _LAST_LABELS else 1
