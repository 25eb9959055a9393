"""Classify a project's links: source, documentation, changelog and issues."""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from urllib.parse import urlsplit

from msgspec import Struct

from ..documents.schema import RegistryFields
from ..readme.plain_text import is_changelog_heading
from ..repositories import list_repository_candidates

_SOURCE_LABEL = re.compile(r"\b(sources?|code(?! of conduct)|repo|repository|git|github(?! sponsors)|gitlab|vcs|scm)\b")
_DOCS_LABEL = re.compile(
    r"\b(docs?|documentation|manual|handbook|guide|tutorials?|reference|api|wiki|read ?the ?docs)\b"
)
_ISSUES_LABEL = re.compile(r"\b(issues?|bugs?|tracker|tickets?)\b|bug ?track")
_CHANGELOG_LABEL = re.compile(r"\b(changelog|changes|history|news|release notes|releases|what'?s new)\b")

# Hosts of repositories, including subdomains. On the first ones a URL has owner and name, on the second ones a name
# only. Some first path segments are not owners.
_FORGES = (".github.com", ".gitlab.com", ".bitbucket.org", ".codeberg.org", ".sr.ht")
_FORGES_WITHOUT_OWNERS = (".launchpad.net", ".sourceforge.net")
_FORGE_NAMES = ("gitlab", "gitea", "forgejo", "git", "svn", "hg")
_NON_OWNER_PATHS = ("sponsors", "orgs", "topics", "marketplace", "apps", "features", "collections", "settings")
_DOCS_HOSTS = (
    ".readthedocs.io",
    ".readthedocs.org",
    ".rtfd.io",
    ".rtfd.org",
    ".github.io",
    ".gitlab.io",
    ".codeberg.page",
)
_DOCS_NAMES = ("docs", "doc", "documentation")


class ProjectLinks(Struct, frozen=True, kw_only=True):
    """The first link of each kind, "" for none."""

    source: str = ""
    docs: str = ""
    changelog: str = ""
    tracker: str = ""


class _Link(Struct, frozen=True):
    """A link: label in lower case, URL, host and path segments."""

    label: str
    url: str
    host: str
    path: tuple[str, ...]

    @property
    def is_on_forge(self) -> bool:
        if self._is_on_host(_FORGES_WITHOUT_OWNERS):
            return bool(self.path)
        has_owner = len(self.path) > 1 and self.path[0] not in _NON_OWNER_PATHS
        return has_owner and (self._is_on_host(_FORGES) or self.host.split(".")[0] in _FORGE_NAMES)

    @property
    def is_front_page(self) -> bool:
        """Whether it points to a repository's README, which PyPI displays as well."""
        return self.is_on_forge and (len(self.path) <= 2 or self.path[-1].lower().startswith("readme"))

    @property
    def is_docs_site(self) -> bool:
        names = {self.host.split(".")[0], *self.path}
        return self._is_on_host(_DOCS_HOSTS) or not names.isdisjoint(_DOCS_NAMES)

    def _is_on_host(self, hosts: tuple[str, ...]) -> bool:
        return f".{self.host}".endswith(hosts)


def find_links(newest: RegistryFields) -> ProjectLinks:
    """Find the first link of each kind in a release; links to the registry's own pages are ignored."""
    links = [*_iter_links(newest)]

    def first(matches: Callable[[_Link], bool]) -> str:
        return next((link.url for link in links if matches(link)), "")

    repository = next(iter(list_repository_candidates([newest])), None)
    return ProjectLinks(
        source=repository.url if repository else first(_is_source),
        docs=first(_is_documentation),
        changelog=first(_is_changelog),
        tracker=first(_is_tracker),
    )


# The path of the issues of a repository, by its host.
_ISSUES_PATHS = {"github.com": "issues", "codeberg.org": "issues", "gitlab.com": "-/issues"}


def find_tracker(newest: RegistryFields) -> str:
    """Return the URL of the issue tracker: the one that a release links, or that of its repository; "" for none."""
    links = find_links(newest)
    if links.tracker:
        return links.tracker if "://" in links.tracker else f"https://{links.tracker}"
    repository = next(iter(list_repository_candidates([newest])), None)
    path = _ISSUES_PATHS.get(repository.host) if repository else None
    return f"{repository.url}/{path}" if repository and path else ""


def _iter_links(newest: RegistryFields) -> Iterator[_Link]:
    registry = _parse_link("", newest.package_url).host
    extra_links = {"documentation": newest.docs_url, "bug tracker": newest.bugtrack_url, "homepage": newest.home_page}
    for label, url in (*newest.project_urls.items(), *extra_links.items()):
        link = _parse_link(label, url)
        if link.host and link.host != registry and not _is_registry_page(link):
            yield link


@lru_cache(maxsize=4096)
def _parse_link(label: str, url: str) -> _Link:
    label, stripped_url = " ".join(re.split(r"[\s_-]+", label.lower())), url.strip()
    try:
        parts = urlsplit(stripped_url if "://" in stripped_url else f"https://{stripped_url}")
        host = (parts.hostname or "").removeprefix("www.")
    except ValueError:  # an unbalanced bracket, for example
        return _Link(label, stripped_url, "", ())
    is_web_url = parts.scheme.rpartition("+")[2] in ("http", "https", "git", "ssh") and "." in host
    return _Link(label, stripped_url, host if is_web_url else "", tuple(part for part in parts.path.split("/") if part))


def _is_registry_page(link: _Link) -> bool:
    """Return whether a link points to a package's page on PyPI or on a mirror of it."""
    return "pypi" in link.host.split(".")[:2] and link.path[:1] in ((), ("pypi",), ("project",), ("p",), ("simple",))


@lru_cache(maxsize=1024)  # most projects use the same few labels
def _has_label(label: str, words: re.Pattern[str]) -> bool:
    return words.search(label) is not None


@lru_cache(maxsize=1024)
def _is_changelog_label(label: str) -> bool:
    return _CHANGELOG_LABEL.search(label) is not None or is_changelog_heading(label)


def _is_source(link: _Link) -> bool:
    return link.is_on_forge or _has_label(link.label, _SOURCE_LABEL)


def _is_documentation(link: _Link) -> bool:
    if link.is_front_page or _has_label(link.label, _ISSUES_LABEL) or _is_changelog_label(link.label):
        return False
    return _has_label(link.label, _DOCS_LABEL) or link.is_docs_site


def _is_changelog(link: _Link) -> bool:
    return _is_changelog_label(link.label)


def _is_tracker(link: _Link) -> bool:
    return _has_label(link.label, _ISSUES_LABEL) or link.path[-1:] == ("issues",)
