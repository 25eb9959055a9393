"""What a project's links lead to: its source, its documentation, its changelog, its issues."""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from urllib.parse import urlsplit

from msgspec import Struct

from ..changelog_heading import reads_like_changelog
from ..repository_links import candidates
from ..schema import RegistryFields

_SOURCE = re.compile(r"\b(sources?|code(?! of conduct)|repo|repository|git|github(?! sponsors)|gitlab|vcs|scm)\b")
_DOCS = re.compile(r"\b(docs?|documentation|manual|handbook|guide|tutorials?|reference|api|wiki|read ?the ?docs)\b")
_ISSUES = re.compile(r"\b(issues?|bugs?|tracker|tickets?)\b|bug ?track")
_NEWS = re.compile(r"\b(changelog|changes|history|news|release notes|releases|what'?s new)\b")

# Hosts of repositories, themselves and all below them: on some an address has an owner and a name, on others a name
# only. The first part of some addresses is no owner.
_FORGES = (".github.com", ".gitlab.com", ".bitbucket.org", ".codeberg.org", ".sr.ht")
_FORGES_WITHOUT_OWNERS = (".launchpad.net", ".sourceforge.net")
_FORGE_NAMES = ("gitlab", "gitea", "forgejo", "git", "svn", "hg")
_NO_OWNERS = ("sponsors", "orgs", "topics", "marketplace", "apps", "features", "collections", "settings")
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


class Links(Struct, frozen=True, kw_only=True):
    """The first link of each kind, "" for none."""

    source: str = ""
    docs: str = ""
    changelog: str = ""
    tracker: str = ""


class _Link(Struct, frozen=True):
    """A link's label in lower case, its address, and that address taken apart."""

    label: str
    url: str
    host: str
    path: tuple[str, ...]

    @property
    def is_on_a_forge(self) -> bool:
        if self._is_at(_FORGES_WITHOUT_OWNERS):
            return bool(self.path)
        has_owner = len(self.path) > 1 and self.path[0] not in _NO_OWNERS
        return has_owner and (self._is_at(_FORGES) or self.host.split(".")[0] in _FORGE_NAMES)

    @property
    def is_front_page(self) -> bool:
        """Whether it leads to a repository, and there to nothing but the README that PyPI shows as well."""
        return self.is_on_a_forge and (len(self.path) <= 2 or self.path[-1].lower().startswith("readme"))

    @property
    def is_at_docs(self) -> bool:
        named = {self.host.split(".")[0], *self.path}
        return self._is_at(_DOCS_HOSTS) or not named.isdisjoint(_DOCS_NAMES)

    def _is_at(self, hosts: tuple[str, ...]) -> bool:
        return f".{self.host}".endswith(hosts)


def links_of(newest: RegistryFields) -> Links:
    """Look through the links of a release; those to the registry's own pages lead nowhere new."""
    found = [*_links(newest)]

    def first(is_of_the_kind: Callable[[_Link], bool]) -> str:
        return next((link.url for link in found if is_of_the_kind(link)), "")

    repository = next(iter(candidates([newest])), None)
    return Links(
        source=repository.url if repository else first(_is_source),
        docs=first(_is_documentation),
        changelog=first(_is_changelog),
        tracker=first(_is_tracker),
    )


def _links(newest: RegistryFields) -> Iterator[_Link]:
    registry = _parsed("", newest.package_url).host
    further = {"documentation": newest.docs_url, "bug tracker": newest.bugtrack_url, "homepage": newest.home_page}
    for label, url in (*newest.project_urls.items(), *further.items()):
        link = _parsed(label, url)
        if link.host and link.host != registry and not _is_of_a_registry(link):
            yield link


@lru_cache(maxsize=4096)
def _parsed(label: str, url: str) -> _Link:
    label, address = " ".join(re.split(r"[\s_-]+", label.lower())), url.strip()
    try:
        parts = urlsplit(address if "://" in address else f"https://{address}")
        host = (parts.hostname or "").removeprefix("www.")
    except ValueError:  # half a bracket, and the like
        return _Link(label, address, "", ())
    is_address = parts.scheme.rpartition("+")[2] in ("http", "https", "git", "ssh") and "." in host
    return _Link(label, address, host if is_address else "", tuple(part for part in parts.path.split("/") if part))


def _is_of_a_registry(link: _Link) -> bool:
    """Tell a package's page on PyPI or a mirror of it, whatever the address of that is."""
    return "pypi" in link.host.split(".")[:2] and link.path[:1] in ((), ("pypi",), ("project",), ("p",), ("simple",))


@lru_cache(maxsize=1024)  # labels are few, and much the same everywhere
def _labelled(label: str, words: re.Pattern[str]) -> bool:
    return words.search(label) is not None


@lru_cache(maxsize=1024)
def _labelled_as_news(label: str) -> bool:
    return _NEWS.search(label) is not None or reads_like_changelog(label)


def _is_source(link: _Link) -> bool:
    return link.is_on_a_forge or _labelled(link.label, _SOURCE)


def _is_documentation(link: _Link) -> bool:
    if link.is_front_page or _labelled(link.label, _ISSUES) or _labelled_as_news(link.label):
        return False
    return _labelled(link.label, _DOCS) or link.is_at_docs


def _is_changelog(link: _Link) -> bool:
    return _labelled_as_news(link.label)


def _is_tracker(link: _Link) -> bool:
    return _labelled(link.label, _ISSUES) or link.path[-1:] == ("issues",)
