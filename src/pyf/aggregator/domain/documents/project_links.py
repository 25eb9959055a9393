"""The public links of a project: safe web URLs, each once, with a label."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from msgspec import Struct

from ..email_masking import mask_emails
from ..repositories import parse_repository_url
from .schema import RegistryFields

_MAX_LABEL_LENGTH, _MAX_URL_LENGTH = 60, 500
# What no URL contains: white space, and remains of markup.
_MARKUP = re.compile(r"""[\s<>"`]""")


class ProjectLink(Struct, frozen=True):
    """A link with its label, from the project or by the kind of link."""

    label: str
    url: str


def list_public_links(newest: RegistryFields, repository_url: str = "") -> tuple[ProjectLink, ...]:
    """Return the links of a project, its own first; URLs that are not http(s) or contain a user name are left out.

    A repository has its web URL, however its link is written.
    """
    links: dict[str, ProjectLink] = {}
    for label, url in _iter_published_links(newest, repository_url):
        url = url.strip()
        if not _is_safe_url(url) and (ref := parse_repository_url(url)) is not None:
            url = ref.url  # `github:owner/name`, or a clone URL
        if _is_safe_url(url):
            text = " ".join(mask_emails(label).split())
            links.setdefault(url.rstrip("/").lower(), ProjectLink(text[:_MAX_LABEL_LENGTH] or "Link", url))
    return tuple(links.values())


def _iter_published_links(newest: RegistryFields, repository_url: str) -> Iterator[tuple[str, str]]:
    yield from newest.project_urls.items()
    yield "Home page", newest.home_page
    yield "Documentation", newest.docs_url
    yield "Issues", newest.bugtrack_url
    yield "Repository", repository_url
    yield "PyPI", newest.package_url


def _is_safe_url(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:  # an unbalanced bracket, for example
        return False
    is_web_url = parts.scheme in ("http", "https") and bool(host) and "@" not in parts.netloc
    is_plain = len(url) <= _MAX_URL_LENGTH and url.isprintable() and not _MARKUP.search(url)
    return is_web_url and is_plain and mask_emails(url) == url
