"""The links of a project that readers may follow: web addresses, each once, with a word for where it leads."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from msgspec import Struct

from .addresses import without_addresses
from .schema import RegistryFields

# A label or an address that is longer is no help to anybody.
_LONGEST_LABEL, _LONGEST_URL = 60, 500


class ProjectLink(Struct, frozen=True):
    """A link, and the label that its project or we gave it."""

    label: str
    url: str


def links_for_readers(newest: RegistryFields, repository: str = "") -> tuple[ProjectLink, ...]:
    """Return the links of a project, its own first; what is no web address, or holds a user's name, is left out."""
    found: dict[str, ProjectLink] = {}
    for label, url in _published(newest, repository):
        url = url.strip()
        if _is_readable(url):
            words = " ".join(without_addresses(label).split())
            found.setdefault(url.rstrip("/").lower(), ProjectLink(words[:_LONGEST_LABEL] or "Link", url))
    return tuple(found.values())


def _published(newest: RegistryFields, repository: str) -> Iterator[tuple[str, str]]:
    yield from newest.project_urls.items()
    yield "Home page", newest.home_page
    yield "Documentation", newest.docs_url
    yield "Issues", newest.bugtrack_url
    yield "Repository", repository
    yield "PyPI", newest.package_url


def _is_readable(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:  # half a bracket, and the like
        return False
    is_address = parts.scheme in ("http", "https") and bool(host) and "@" not in parts.netloc
    return is_address and len(url) <= _LONGEST_URL and url.isprintable() and without_addresses(url) == url
