"""Tells which repository an address leads to, in whatever form the author of a package wrote it."""

import re
from collections.abc import Mapping, Sequence
from urllib.parse import unquote

from msgspec import Struct

GITHUB = "github.com"
_CODEBERG = "codeberg.org"
_BITBUCKET = "bitbucket.org"

# No address of a repository is longer; what is, is not worth the time.
_LONGEST = 2_000

_WRAPPERS = "<>()[]{}\"'`‘’“”«»,;:!|* \t\r\n\x00"
_PUNCTUATION = ".…,;:!?*)]}>\"'`’”»"

# Scheme and user are of no account: `git+ssh://git@host/…`, `git@host:…`, `//host/…` and `host/…` mean the same.
_WRITTEN = re.compile(
    r"(?:(?:[a-z][a-z0-9+.-]*:)?/{1,3})?(?:[^/@?#\s]*@)?(?P<host>[a-z0-9.-]+)(?::[0-9]+(?=/))?[/:](?P<path>[^?#\s]*)",
    re.IGNORECASE,
)

# Where GitHub serves a repository's files and archives, and what comes there before the owner.
_GITHUB_HOSTS: Mapping[str, tuple[str, ...]] = {
    GITHUB: (),
    "ssh.github.com": (),
    "raw.githubusercontent.com": (),
    "raw.github.com": (),
    "codeload.github.com": (),
    "api.github.com": ("repos",),
}

# First parts of an address that are pages of the host, never an account: as far as its pages link to them.
_PAGES: Mapping[str, re.Pattern[str]] = {
    GITHUB: re.compile(
        "about|account|advisories|apps|blog|codespaces|collections|contact|copilot|customer-stories|dashboard|"
        "discussions|enterprise|events|explore|features|gist|gists|home|issues|join|login|logout|marketplace|mobile|"
        "new|newsroom|nonprofit|notifications|organizations|orgs|partners|premium-support|pricing|pulls|readme|repos|"
        "resources|search|security|sessions|settings|signup|site|solutions|sponsors|stars|team|topics|trending|users|"
        "watching|why-github"
    ),
    "gitlab": re.compile(
        "-|api|admin|assets|dashboard|explore|groups|help|import|invites|jwt|oauth|profile|projects|public|s|search|"
        "sitemap|snippets|u|uploads|user|users|v2"
    ),
    _CODEBERG: re.compile(
        "admin|api|assets|attachments|avatars|explore|issues|login|metrics|milestones|notifications|org|pulls|repo|user"
    ),
    _BITBUCKET: re.compile("account|blog|dashboard|product|repo|snippets|socialauth|support"),
}

# GitLab nests groups, so a repository's own pages can be told from its path by their names only.
_GITLAB_PAGES = re.compile(
    "-|activity|archive|blame|blob|branches|builds|commit|commits|compare|edit|find_file|graphs|issues|"
    "merge_requests|network|pipelines|raw|releases|repository|snippets|tags|tree|wikis"
)

# Old accounts end in a hyphen or have two in a row, and those that a company manages have an underscore.
_ACCOUNT = re.compile(r"[a-z0-9][a-z0-9_-]{0,99}", re.IGNORECASE)
_NAME = re.compile(r"[a-z0-9._-]{1,100}", re.IGNORECASE)
_ENDING = re.compile(r"(\.git|\.wiki)+$", re.IGNORECASE)


class RepositoryAddress(Struct, frozen=True, eq=False):
    """Where a repository is: `owner` may be nested on GitLab (`group/subgroup`).

    Hosts take no notice of case, so neither does a comparison; the author's spelling is kept.
    """

    host: str
    owner: str
    name: str

    @property
    def key(self) -> str:
        """What equal addresses share, to look them up by."""
        return f"{self.host}/{self.owner}/{self.name}".lower()

    @property
    def path(self) -> str:
        """Owner and name, as the host writes them: `owner/name`."""
        return f"{self.owner}/{self.name}"

    @property
    def url(self) -> str:
        """The repository's page."""
        return f"https://{self.host}/{self.path}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RepositoryAddress) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)


def address_of(text: str) -> RepositoryAddress | None:
    """Return the repository that a text leads to, None for a text that leads to none; never fails.

    The text is one address, of the repository or of anything in it (`/tree/main`, `/issues`, `#readme`), with or
    without scheme, wrapped in brackets or quotes or not; what comes after white space is left out. Known are GitHub,
    GitLab (also where a host calls itself `gitlab.…`), Codeberg and Bitbucket. Pages that a repository publishes
    (`owner.github.io`) are not taken for it: sites of whole organisations are published in the same way.
    """
    written = _WRITTEN.match(text[:_LONGEST].lstrip(_WRAPPERS))
    if written is None:
        return None
    host = written["host"].lower().rstrip(".").removeprefix("www.")
    parts = unquote(written["path"]).lstrip("/").rstrip(_PUNCTUATION + "/ ").split("/")
    if host in _GITHUB_HOSTS:
        before = _GITHUB_HOSTS[host]
        is_right = tuple(parts[: len(before)]) == before
        return _two_parts(GITHUB, parts[len(before) :]) if is_right else None
    if host in (_CODEBERG, _BITBUCKET):
        return _two_parts(host, parts)
    return _nested(host, parts) if host.startswith("gitlab.") else None


def _two_parts(host: str, parts: Sequence[str]) -> RepositoryAddress | None:
    if len(parts) < 2 or _PAGES[host].fullmatch(parts[0].lower()) or not _is_owner(host, parts[0]):
        return None
    name = _name(parts[1])
    # An organisation's own `.github` holds its rules of conduct and the like, never a package.
    return RepositoryAddress(host, parts[0], name) if name and not name.lower().startswith(".github") else None


def _nested(host: str, parts: Sequence[str]) -> RepositoryAddress | None:
    length = next(
        (place for place, part in enumerate(parts) if place > 1 and _GITLAB_PAGES.fullmatch(part.lower())), None
    )
    *groups, last = parts[:length]
    name = _name(last)
    if not groups or _PAGES["gitlab"].fullmatch(groups[0].lower()) or not name:
        return None
    return RepositoryAddress(host, "/".join(groups), name) if all(map(_is_name, groups)) else None


def _name(part: str) -> str:
    """Return a repository's name without what follows it in one part of an address, "" where it is none."""
    name = _ENDING.sub("", part.partition("@")[0].rstrip(_PUNCTUATION))
    name = name.rstrip(_PUNCTUATION)
    return name if _is_name(name) else ""


def _is_owner(host: str, text: str) -> bool:
    return _ACCOUNT.fullmatch(text) is not None if host == GITHUB else _is_name(text)


def _is_name(text: str) -> bool:
    return _NAME.fullmatch(text) is not None and bool(text.strip("."))
