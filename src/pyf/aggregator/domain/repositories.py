"""Source repositories: parse their URLs, rank a project's links, and convert a host's data to document fields."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from urllib.parse import unquote

from msgspec import UNSET, Struct, UnsetType

from .documents.schema import RegistryFields, RepositoryFields

GITHUB = "github.com"
_CODEBERG = "codeberg.org"
_BITBUCKET = "bitbucket.org"

# No URL of a repository is longer; a longer text is cut to bound the time.
_MAX_URL_LENGTH = 2_000

# What stands between a URL and the markup or the words around it.
_SEPARATORS = re.compile("[\\s<>()\\[\\]{}\"'`‘’“”«»,;|*\x00]+")
_MAX_LINK_PARTS = 20
# A template without the repository's name: `owner//issues`.
_MISSING_NAME = re.compile(
    r"(?i)//(?:issues|pulls|wiki|tree|blob|releases|actions|archive|tags|commits|discussions)(?:/|$)"
)
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")
# A label or a second scheme before the scheme: `scm:git:https://`, `url=https://`, `https://https://`.
_SCHEME_PREFIX = re.compile(r"(?i)^(?:(?:[a-z]+(?:[:=+]|://))+)(?=[a-z][a-z0-9+.-]*:/)")
_SHORT_FORM = re.compile(r"(?i)(github|gh|gitlab|bitbucket|codeberg):/{0,2}([a-z0-9_.-]+/[a-z0-9_./-]+)(?:[#?@].*)?")
_SPACED_SHORT_FORM = re.compile(r"(?i)\b(github|gitlab|bitbucket|codeberg):\s+(?=[a-z0-9_.-]+/[a-z0-9_.-]+\s*$)")
_SHORT_HOSTS = {
    "github": GITHUB,
    "gh": GITHUB,
    "gitlab": "gitlab.com",
    "bitbucket": _BITBUCKET,
    "codeberg": _CODEBERG,
}
_PUNCTUATION = ".…,;:!?*)]}>\"'`’”»"

# Scheme and user don't matter: `git+ssh://git@host/…`, `git@host:…`, `//host/…` and `host/…` are equal.
_REPOSITORY_URL = re.compile(
    r"(?:(?:[a-z][a-z0-9+.-]*:|https?(?=//))?/{1,3})?(?:[^/@?#\s]*@)?(?P<host>[a-z0-9.-]+)(?::[0-9]+(?=/))?[/:](?P<path>[^?#\s]*)",
    re.IGNORECASE,
)

# Hosts on which GitHub serves a repository's files and archives, and the path before the owner.
_GITHUB_HOSTS: Mapping[str, tuple[str, ...]] = {
    GITHUB: (),
    "ssh.github.com": (),
    "raw.githubusercontent.com": (),
    "raw.github.com": (),
    "codeload.github.com": (),
    "api.github.com": ("repos",),
}

# First path segments that are pages of the host, not accounts (collected from the hosts' own pages).
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
        "-|admin|api|assets|attachments|avatars|explore|issues|login|metrics|milestones|notifications|org|pulls|repo|"
        "repo-avatars|swagger|user|v2"
    ),
    _BITBUCKET: re.compile("account|blog|dashboard|product|repo|snippets|socialauth|support"),
}

# GitLab nests groups, so only these names separate a repository's path from its own pages.
_GITLAB_PAGES = re.compile(
    "-|activity|archive|blame|blob|branches|builds|commit|commits|compare|edit|find_file|graphs|issues|"
    "merge_requests|network|pipelines|raw|releases|repository|snippets|tags|tree|wikis"
)

# Old accounts may end in a hyphen or have two in a row; accounts managed by a company have an underscore.
_ACCOUNT = re.compile(r"[a-z0-9][a-z0-9_-]{0,99}", re.IGNORECASE)
_NAME = re.compile(r"[a-z0-9._-]{1,100}", re.IGNORECASE)
_NAME_SUFFIX = re.compile(r"(\.git|\.wiki)+$", re.IGNORECASE)


class RepositoryRef(Struct, frozen=True, eq=False):
    """The location of a repository; on GitLab `owner` may be nested (`group/subgroup`).

    Comparison ignores case, as the hosts do; the author's spelling is kept.
    """

    host: str
    owner: str
    name: str

    @property
    def key(self) -> str:
        """A lookup key that equal references share."""
        return f"{self.host}/{self.owner}/{self.name}".lower()

    @property
    def path(self) -> str:
        """Owner and name: `owner/name`."""
        return f"{self.owner}/{self.name}"

    @property
    def url(self) -> str:
        """The URL of the repository's page."""
        return f"https://{self.host}/{self.path}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RepositoryRef) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)


def parse_repository_url(text: str, own_hosts: Mapping[str, bool] = {}) -> RepositoryRef | None:
    """Return the repository that a published link points to, None for any other text.

    The URL may point to anything in the repository (`/tree/main`, `/issues`, `#readme`), may have no scheme, and may be
    the short form `github:owner/name`. Markup and a label around it are ignored, as in `Source, https://…`: the first
    part of the text that is such a URL counts. Known hosts are GitHub, GitLab (also hosts named `gitlab.…`), Codeberg,
    Bitbucket and `own_hosts`. Published pages (`owner.github.io`) do not count, because sites of whole organizations
    have the same form.

    Args:
        own_hosts: Further hosts by name, and whether their paths nest as GitLab's do.
    """
    parts = (part for part in _SEPARATORS.split(_normalize_link(text[:_MAX_URL_LENGTH])) if part)
    return next(
        (ref for part in islice(parts, _MAX_LINK_PARTS) if (ref := _parse_url(part, own_hosts)) is not None), None
    )


def _normalize_link(text: str) -> str:
    """Return a link with plain slashes, and without invisible characters and white space after `github:`."""
    text = _SPACED_SHORT_FORM.sub(r"\1:", _INVISIBLE.sub("", text).replace("\\", "/"))
    return unquote(text) if "%2f" in text.lower() else text


def _parse_url(part: str, own_hosts: Mapping[str, bool]) -> RepositoryRef | None:
    part = _SCHEME_PREFIX.sub("", part.strip(_PUNCTUATION))
    if short_form := _SHORT_FORM.fullmatch(part):
        part = f"{_SHORT_HOSTS[short_form[1].lower()]}/{short_form[2]}"
    match = _REPOSITORY_URL.match(part)
    if match is None:
        return None
    host = match["host"].lower().rstrip(".").removeprefix("www.")
    path = unquote(match["path"]).strip("/").rstrip(_PUNCTUATION + "/ ")
    if _MISSING_NAME.search(path):
        return None
    parts = [segment for segment in path.split("/") if segment]
    if host in _GITHUB_HOSTS:
        prefix = _GITHUB_HOSTS[host]
        has_prefix = tuple(parts[: len(prefix)]) == prefix
        return _parse_owner_and_name(GITHUB, parts[len(prefix) :]) if has_prefix else None
    if own_hosts.get(host, host.startswith("gitlab.")):
        return _parse_nested(host, parts) if parts else None
    return _parse_owner_and_name(host, parts) if host in (_CODEBERG, _BITBUCKET) or host in own_hosts else None


def split_path(host: str, path: str) -> RepositoryRef | None:
    """Return the repository at a path that a host itself has given, None for an invalid path."""
    owner, _, name = path.rpartition("/")
    return RepositoryRef(host, owner, name) if _is_name(name) and all(map(_is_name, owner.split("/"))) else None


def _parse_owner_and_name(host: str, parts: Sequence[str]) -> RepositoryRef | None:
    pages = _HOST_PAGES.get(host, _HOST_PAGES[_CODEBERG])
    if len(parts) < 2 or pages.fullmatch(parts[0].lower()) or not _is_owner(host, parts[0]):
        return None
    name = _clean_name(parts[1])
    # The `.github` repository of an organization has its code of conduct and the like, never a package.
    return RepositoryRef(host, parts[0], name) if name and not name.lower().startswith(".github") else None


def _parse_nested(host: str, parts: Sequence[str]) -> RepositoryRef | None:
    length = next(
        (position for position, part in enumerate(parts) if position > 1 and _GITLAB_PAGES.fullmatch(part.lower())),
        None,
    )
    *groups, last = parts[:length]
    name = _clean_name(last)
    if not groups or _HOST_PAGES["gitlab"].fullmatch(groups[0].lower()) or not name:
        return None
    return RepositoryRef(host, "/".join(groups), name) if all(map(_is_name, groups)) else None


def _clean_name(part: str) -> str:
    """Return a path segment without the suffixes of a repository's name, "" if it is not a valid name."""
    name = _NAME_SUFFIX.sub("", part.partition("@")[0].rstrip(_PUNCTUATION))
    name = name.rstrip(_PUNCTUATION)
    return name if _is_name(name) else ""


def _is_owner(host: str, text: str) -> bool:
    return _ACCOUNT.fullmatch(text) is not None if host == GITHUB else _is_name(text)


def _is_name(text: str) -> bool:
    return _NAME.fullmatch(text) is not None and bool(text.strip("."))


class Repository(Struct, frozen=True, kw_only=True):
    """A host's data about a repository; a value that the host does not give is Unset, never 0.

    Issues are counted without pull requests; times are Unix seconds. A repository without commits has no last commit
    and usually no push.

    Attributes:
        ref: The present location, which differs from the requested one if the repository has moved.
    """

    ref: RepositoryRef
    stars: int | UnsetType = UNSET
    watchers: int | UnsetType = UNSET
    forks: int | UnsetType = UNSET
    open_issues: int | UnsetType = UNSET
    closed_issues: int | UnsetType = UNSET
    open_pull_requests: int | UnsetType = UNSET
    is_archived: bool | UnsetType = UNSET
    license: str | UnsetType = UNSET
    topics: tuple[str, ...] | UnsetType = UNSET
    latest_release: str | UnsetType = UNSET
    created: int | UnsetType = UNSET
    updated: int | UnsetType = UNSET
    pushed: int | UnsetType = UNSET
    last_commit: int | UnsetType = UNSET


class CachedRepository(Struct, frozen=True, kw_only=True):
    """A cached response about a repository.

    Attributes:
        repository: None if the host reports that there is no such repository.
        fetched_at: Unix seconds.
        is_partial: Whether the host gave only a part of the data.
    """

    ref: RepositoryRef
    repository: Repository | None
    fetched_at: int
    is_partial: bool = False


def to_repository_fields(repository: Repository, *, is_verified: bool | UnsetType, checked_at: int) -> RepositoryFields:
    """Build the document fields of a project with this repository."""
    return RepositoryFields(
        repository_host=repository.ref.host,
        repository_url=repository.ref.url,
        repository_verified=is_verified,
        repository_stars=repository.stars,
        repository_watchers=repository.watchers,
        repository_forks=repository.forks,
        repository_open_issues=repository.open_issues,
        repository_closed_issues=repository.closed_issues,
        repository_open_pull_requests=repository.open_pull_requests,
        repository_archived=repository.is_archived,
        repository_license=repository.license,
        repository_topics=repository.topics,
        repository_latest_release=repository.latest_release,
        repository_created=repository.created,
        repository_updated=repository.updated,
        repository_pushed=repository.pushed,
        repository_last_commit=repository.last_commit,
        repository_checked=checked_at,
    )


# Labels as PEP 753 normalizes them: without case, punctuation and white space. The first four are its well-known
# labels of the source.
_SOURCE_LABELS = frozenset(
    {"source", "repository", "sourcecode", "github", "code", "repo", "git", "gitlab", "codeberg", "bitbucket", "vcs"}
)
# Words that mark the source in a longer label, such as "Source on GitHub".
_SOURCE_WORDS = frozenset({"source", "sources", "sourcecode", "repository", "repo"})
_LAST_LABELS = frozenset({"download", "downloads", "documentation", "docs", "doc"})

_NOT_LETTERS = re.compile(r"[\W_]+")
_WORDS = re.compile(r"[a-z]+")


def list_repository_candidates(
    releases: Iterable[RegistryFields], own_hosts: Mapping[str, bool] = {}
) -> tuple[RepositoryRef, ...]:
    """Return the repositories that a project's links point to, each once, in the order in which to try them.

    The links of one release come before those of the next. Within a release: links labeled as source or repository,
    all other links, the home page, the issue tracker, then downloads and documentation.

    Args:
        releases: The newest first.
    """
    # Releases mostly have the same links.
    links = dict.fromkeys(link for release in releases for link in _iter_links(release) if link)
    return tuple(dict.fromkeys(ref for link in links if (ref := parse_repository_url(link, own_hosts)) is not None))


def _iter_links(release: RegistryFields) -> Iterator[str]:
    ranked_links = [(_rank_label(label), link) for label, link in release.project_urls.items()]
    for rank in (0, 1):
        yield from _filter_by_rank(rank, ranked_links)
    yield from (release.home_page, release.bugtrack_url)
    yield from _filter_by_rank(2, ranked_links)  # PyPI lists a release's download URL among these links
    yield release.docs_url


def _filter_by_rank(rank: int, ranked_links: Sequence[tuple[int, str]]) -> Iterator[str]:
    return (link for link_rank, link in ranked_links if link_rank == rank)


def _rank_label(label: str) -> int:
    normalized = _NOT_LETTERS.sub("", label).lower()
    if normalized in _SOURCE_LABELS or not _SOURCE_WORDS.isdisjoint(_WORDS.findall(label.lower())):
        return 0
    return 2 if normalized in _LAST_LABELS else 1
