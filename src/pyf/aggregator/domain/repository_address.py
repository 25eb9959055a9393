"""Tells which repository an address leads to, in whatever form the author of a package wrote it."""

import re
from collections.abc import Mapping, Sequence
from urllib.parse import unquote

from msgspec import Struct

GITHUB = "github.com"
_CODEBERG = "codeberg.org"
_BITBUCKET = "bitbucket.org"

# No address of a repository is longer; what is, is not worth the time.
_MAX_URL_LENGTH = 2_000

_WRAPPERS = "<>()[]{}\"'`‘’“”«»,;:!|* \t\r\n\x00"
_PUNCTUATION = ".…,;:!?*)]}>\"'`’”»"

# Scheme and user are of no account: `git+ssh://git@host/…`, `git@host:…`, `//host/…` and `host/…` mean the same.
_REPOSITORY_URL = re.compile(
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
_HOST_PAGES: Mapping[str, re.Pattern[str]] = {
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
_NAME_SUFFIX = re.compile(r"(\.git|\.wiki)+$", re.IGNORECASE)


class RepositoryRef(Struct, frozen=True, eq=False):
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
        return isinstance(other, RepositoryRef) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)


def parse_repository_url(text: str) -> RepositoryRef | None:
    """Return the repository that a text leads to, None for a text that leads to none; never fails.

    The text is one address, of the repository or of anything in it (`/tree/main`, `/issues`, `#readme`), with or
    without scheme, wrapped in brackets or quotes or not; what comes after white space is left out. Known are GitHub,
    GitLab (also where a host calls itself `gitlab.…`), Codeberg and Bitbucket. Pages that a repository publishes
    (`owner.github.io`) are not taken for it: sites of whole organisations are published in the same way.
    """
    match = _REPOSITORY_URL.match(text[:_MAX_URL_LENGTH].lstrip(_WRAPPERS))
    if match is None:
        return None
    host = match["host"].lower().rstrip(".").removeprefix("www.")
    parts = unquote(match["path"]).lstrip("/").rstrip(_PUNCTUATION + "/ ").split("/")
    if host in _GITHUB_HOSTS:
        prefix = _GITHUB_HOSTS[host]
        has_prefix = tuple(parts[: len(prefix)]) == prefix
        return _parse_owner_and_name(GITHUB, parts[len(prefix) :]) if has_prefix else None
    if host in (_CODEBERG, _BITBUCKET):
        return _parse_owner_and_name(host, parts)
    return _parse_nested(host, parts) if host.startswith("gitlab.") else None


def _parse_owner_and_name(host: str, parts: Sequence[str]) -> RepositoryRef | None:
    if len(parts) < 2 or _HOST_PAGES[host].fullmatch(parts[0].lower()) or not _is_owner(host, parts[0]):
        return None
    name = _clean_name(parts[1])
    # An organisation's own `.github` holds its rules of conduct and the like, never a package.
    return RepositoryRef(host, parts[0], name) if name and not name.lower().startswith(".github") else None


def _parse_nested(host: str, parts: Sequence[str]) -> RepositoryRef | None:
    length = next(
        (position for position, part in enumerate(parts) if position > 1 and _GITLAB_PAGES.fullmatch(part.lower())), None
    )
    *groups, last = parts[:length]
    name = _clean_name(last)
    if not groups or _HOST_PAGES["gitlab"].fullmatch(groups[0].lower()) or not name:
        return None
    return RepositoryRef(host, "/".join(groups), name) if all(map(_is_name, groups)) else None


def _clean_name(part: str) -> str:
    """Return a repository's name without what follows it in one part of an address, "" where it is none."""
    name = _NAME_SUFFIX.sub("", part.partition("@")[0].rstrip(_PUNCTUATION))
    name = name.rstrip(_PUNCTUATION)
    return name if _is_name(name) else ""


def _is_owner(host: str, text: str) -> bool:
    return _ACCOUNT.fullmatch(text) is not None if host == GITHUB else _is_name(text)


def _is_name(text: str) -> bool:
    return _NAME.fullmatch(text) is not None and bool(text.strip("."))
