"""Resolve the relative links and images of a README against the repository of its package."""

import re
from collections.abc import Iterable
from html import escape, unescape
from urllib.parse import quote, urlsplit

from msgspec import Struct

from ..documents.version import parse_version

_LINK = re.compile(r'<a\b([^<>]*?) data-href="([^"<>]*)"([^<>]*)>')
_IMAGE = re.compile(r'<img\b[^<>]*? data-src="([^"<>]*)"[^<>]*>')
_ALT = re.compile(r' alt="([^"<>]*)"')
_REL = ' rel="nofollow noopener ugc"'

# The paths of pages and of files on a host, after the repository's URL.
_GITHUB_PATHS = ("blob", "raw")
_GITLAB_PATHS = ("-/blob", "-/raw")

# Git's name of the default branch.
_DEFAULT_REF = "HEAD"
_MAX_URL_LENGTH = 1_000


class ReadmeBase(Struct, frozen=True, kw_only=True):
    """The place of a README: the page of its repository, a tag or the default branch, and its folder."""

    repository_url: str
    ref: str = _DEFAULT_REF
    folder: str = ""

    def build_url(self, relative_url: str, *, is_file: bool) -> str:
        """Return the URL of a page or a file of the repository, "" for one outside of it or on an unknown host."""
        host = (urlsplit(self.repository_url).hostname or "").removeprefix("www.")
        paths = _GITHUB_PATHS if host == "github.com" else _GITLAB_PATHS if host.startswith("gitlab.") else ()
        try:
            parts = urlsplit(relative_url)
        except ValueError:
            return ""
        segments = _resolve_path([*(self.folder.split("/") if not parts.path.startswith("/") else ()), parts.path])
        if not paths or not segments:
            return ""
        path = quote("/".join(segments), safe="/%~@:+,;=!$&'()*")
        fragment = f"#{quote(parts.fragment, safe='%/?:@!$&()*+,;=~-')}" if parts.fragment else ""
        url = f"{self.repository_url.rstrip('/')}/{paths[is_file]}/{quote(self.ref, safe='/')}/{path}{fragment}"
        return url if len(url) <= _MAX_URL_LENGTH else ""


def _resolve_path(paths: Iterable[str]) -> list[str]:
    """Return the segments of a path without `.` and `..`; none if it leads outside."""
    resolved: list[str] = []
    for segment in (segment for path in paths for segment in path.split("/")):
        if segment == "..":
            if not resolved:
                return []
            resolved.pop()
        elif segment not in ("", "."):
            resolved.append(segment)
    return resolved


def build_readme_base(
    repository_url: str, *, version: str, latest_tag: str = "", links: Iterable[str] = ()
) -> ReadmeBase:
    """Return the place of a release's README.

    Args:
        latest_tag: The tag of the repository's latest release; it counts if it names the version.
        links: Published links: one to a folder of the repository says where the package is.
    """
    ref = latest_tag if _names_version(latest_tag, version) else _DEFAULT_REF
    prefix = re.compile(rf"{re.escape(repository_url.rstrip('/'))}/(?:-/)?tree/[^/?#]+/([^?#]+)", re.IGNORECASE)
    folders = (match[1].strip("/") for link in links if (match := prefix.match(link.strip())))
    return ReadmeBase(repository_url=repository_url, ref=ref, folder=next(folders, ""))


def _names_version(tag: str, version: str) -> bool:
    """Return whether a tag such as `v1.0`, `release-1.0` or `package/1.0` is of a version."""
    name = re.split(r"[/@_=]|-(?=v?[0-9])", tag)[-1].removeprefix("v").removeprefix("V")
    parsed = parse_version(name)
    return bool(name) and (name == version or (parsed is not None and parsed == parse_version(version)))


def resolve_relative_urls(html: str, base: ReadmeBase | None) -> str:
    """Return a README whose relative links and images have URLs; without a base they are plain text."""

    def resolve_link(match: re.Match[str]) -> str:
        url = base.build_url(unescape(match[2]), is_file=False) if base else ""
        attributes = (match[1] + match[3]).replace(_REL, "")
        return f'<a{attributes} href="{escape(url)}"{_REL}>' if url else f"<a{attributes}{_REL}>"

    def resolve_image(match: re.Match[str]) -> str:
        url = base.build_url(unescape(match[1]), is_file=True) if base else ""
        alt = _ALT.search(match[0])
        text = alt[1] if alt else ""
        return f'<img src="{escape(url)}" alt="{text}">' if url else text

    if " data-" not in html:
        return html
    return _IMAGE.sub(resolve_image, _LINK.sub(resolve_link, html))
