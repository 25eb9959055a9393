"""Write the site of collections as files, for hosts that serve files only.

The pages are those of the application, requested without a server. Links between pages become relative, so that the
site also works from a folder. The search page filters a prepared list in the browser.
"""

import asyncio
import json
import posixpath
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from html import escape, unescape
from http import HTTPStatus
from pathlib import Path
from typing import Any, cast
from urllib.parse import unquote, urlsplit

from litestar import Litestar
from litestar.types import HTTPScope
from msgspec import Struct, structs

from ..domain.errors import Invalid
from ..domain.membership.profile import Profile
from ..domain.search import Hit, SearchQuery, Sort
from ..ports import Dependencies
from ..settings import Settings
from ..usecases.collections.public import PublicCollection, list_collections
from ..usecases.read.package_views import sanitize_hit
from ..usecases.read.readiness import MAX_PACKAGES
from ..usecases.read.search import get_hidden_names
from ..usecases.read.upgrade_goal import list_offered_releases
from . import urls
from .app import STATIC_FOLDER, create_app
from .pages.readiness import to_goal_pairs

# Lists the files of a build, so that the next one removes only files of this list.
MANIFEST = ".pyf-site.json"

_PAGE_SIZE = 100
_TAG = re.compile(r"<[a-zA-Z][^<>]*>")
_LINK = re.compile(r'\b(href|src|action)="(/[^"]*)"')
# A path up to the end of an attribute or of a Markdown link, whose quotation marks may be escaped.
_URL_PATH = r"(?:(?!&#3[49];|&[gl]t;)[^\s\"'<>()])*"
_UNSAFE = re.compile(r"[^a-z0-9.]+")


class BuildReport(Struct, frozen=True, kw_only=True):
    """The number of files of a site, how many of them have changed, and links to pages that the site does not have."""

    files: int
    changed: int
    removed: int
    broken_links: tuple[str, ...]


def build_static_site(
    deps: Dependencies, profiles: Mapping[str, Profile], settings: Settings, folder: Path, keys: Sequence[str] = ()
) -> BuildReport:
    """Write the site of some collections into a folder; the same index always gives the same files.

    Args:
        settings: `web_url` is the URL at which the files will be served: feeds and canonical links need it.
        keys: The public names of the collections; none for all.

    Raises:
        Invalid: There is no such collection, or the folder has files that no earlier build has made.
    """
    collections = [summary.collection for summary in list_collections(deps, profiles)]
    if missing := set(keys) - {collection.key for collection in collections}:
        raise Invalid(f"there is no collection {', '.join(sorted(missing))}")
    collections = [collection for collection in collections if not keys or collection.key in keys]
    previous_files = _read_manifest(folder)
    site_settings = structs.replace(settings, web_rate_limit=0, web_api_keys_required=False)
    # Pages show ages as of the last update: a build of an unchanged index changes no file.
    states = [deps.index.get_state(collection.target.collection) for collection in collections]
    built_at = float(max((state.cursor_confirmed_at for state in states), default=0))
    deps = structs.replace(deps, now=lambda: built_at)
    return asyncio.run(_Builder(deps, profiles, site_settings, collections).build(folder, previous_files))


class _Builder:
    """Requests all pages from the application, and writes them."""

    def __init__(
        self,
        deps: Dependencies,
        profiles: Mapping[str, Profile],
        settings: Settings,
        collections: Sequence[PublicCollection],
    ) -> None:
        self._deps = deps
        self._base_url = urls.strip_site_root(settings.web_url).rstrip("/")
        self._collections = collections
        keys = {collection.key for collection in collections}
        profiles = {key: profile for key, profile in profiles.items() if key in keys}
        self._app = create_app(deps, profiles, settings, is_static=True)
        # URLs of badges in texts to copy, where readers replace NAME, and the files of such badges.
        self._badge_links: dict[str, str] = {}
        self._hits = {collection.key: list(_iter_hits(deps, collection)) for collection in collections}

    async def build(self, folder: Path, previous_files: frozenset[str]) -> BuildReport:
        paths = dict(self._iter_paths())
        search_files = {f"in/{key}/packages.js": _encode_packages(hits) for key, hits in self._hits.items()}
        files = frozenset({MANIFEST, *paths.values(), *search_files})
        # The manifest is written first, so that the next build can continue an interrupted one.
        _write_manifest(folder, previous_files | files)
        broken_links: set[str] = set()
        changed = int(files != previous_files)
        links = paths | self._badge_links
        for url, path in paths.items():
            content = await _fetch_page(self._app, url)
            if path.endswith((".html", ".atom", ".txt")):
                text = self._replace_urls(content.decode(), links)
                if path.endswith(".html"):
                    text = _make_links_relative(text, path, paths, broken_links)
                content = text.encode()
            changed += _write_file(folder / path, content)
        for path, content in search_files.items():
            changed += _write_file(folder / path, content)
        removed = previous_files - files
        for path in removed:
            (folder / path).unlink(missing_ok=True)
        _write_manifest(folder, files)
        return BuildReport(
            files=len(files), changed=changed, removed=len(removed), broken_links=tuple(sorted(broken_links))
        )

    def _replace_urls(self, text: str, paths: Mapping[str, str]) -> str:
        """Replace absolute URLs of pages, as in feeds and in texts to copy, by those of their files."""

        def replace_url(match: re.Match[str]) -> str:
            path = paths.get(unescape(match[1]))
            return f"{self._base_url}/{path.removesuffix('index.html')}" if path else match[0]

        return re.sub(rf"{re.escape(self._base_url)}(/{_URL_PATH})", replace_url, text)

    def _iter_paths(self) -> Iterator[tuple[str, str]]:
        """Yield the URL of each page of the application, and its file."""
        yield urls.OVERVIEW_PATH, "index.html"
        yield "/llms.txt", "llms.txt"
        for name in sorted(path.name for path in STATIC_FOLDER.iterdir()):
            yield f"/static/{name}", f"static/{name}"
        for collection in self._collections:
            key = collection.key
            yield urls.build_start_path(key), f"in/{key}/index.html"
            yield urls.build_search_path(key), f"in/{key}/search/index.html"
            for kind in ("new", "updated"):
                yield urls.build_feed_path(key, kind), f"feeds/{key}/{kind}.atom"
            yield from self._iter_readiness_paths(collection)
            for hit in self._hits[key]:
                name = hit.name_normalized
                yield urls.build_project_path(key, name), f"in/{key}/project/{name}/index.html"
                for badge in ("health", "downloads", "version", "dependents"):
                    yield f"/badge/{key}/{name}/{badge}.svg", f"badge/{key}/{name}/{badge}.svg"

    def _iter_readiness_paths(self, collection: PublicCollection) -> Iterator[tuple[str, str]]:
        key = collection.key
        yield urls.build_readiness_path(key), f"in/{key}/readiness/index.html"
        frameworks, pythons = list_offered_releases(self._deps, collection.target)
        for pairs in [to_goal_pairs(name, "") for name in frameworks] + [to_goal_pairs("", name) for name in pythons]:
            slug = _UNSAFE.sub("-", "-".join(value for _, value in pairs).lower())
            yield urls.build_readiness_path(key, pairs), f"in/{key}/readiness/{slug}/index.html"
            yield urls.build_readiness_path(key, pairs, suffix=".svg"), f"in/{key}/readiness/{slug}.svg"
            yield urls.build_readiness_feed_path(key, pairs), f"feeds/{key}/ready-{slug}.atom"
            for name in (hit.name_normalized for hit in self._hits[key][:MAX_PACKAGES]):
                yield urls.build_readiness_badge_path(key, name, pairs), f"badge/{key}/{name}/ready-{slug}.svg"
            self._badge_links[urls.build_readiness_badge_path(key, "NAME", pairs)] = (
                f"badge/{key}/NAME/ready-{slug}.svg"
            )


def _iter_hits(deps: Dependencies, collection: PublicCollection) -> Iterator[Hit]:
    """Yield all visible packages, the most downloaded first."""
    hidden_names = get_hidden_names(deps, collection.target)
    query = SearchQuery(sort=Sort.DOWNLOADS, per_page=_PAGE_SIZE)
    while hits := deps.search.search(collection.target.collection, query, hidden=hidden_names).hits:
        yield from hits
        query = structs.replace(query, page=query.page + 1)


def _encode_packages(hits: Sequence[Hit]) -> bytes:
    """Return what the search in the browser needs: a row for each package, the most downloaded first."""
    rows = [
        [
            hit.name,
            hit.version,
            hit.summary,
            hit.health_score,
            hit.downloads,
            [*hit.framework_versions, *hit.supported_python_versions],
            f"project/{hit.name_normalized}/index.html",
        ]
        for hit in map(sanitize_hit, hits)
    ]
    # A script, because browsers do not fetch data from a folder.
    return f"window.pyfPackages={json.dumps(rows, separators=(',', ':'))};".encode()


async def _fetch_page(app: Litestar, url: str) -> bytes:
    """Return the body of the application's response; raises `Invalid` for any status but 200."""
    parts = urlsplit(url)
    messages: list[Any] = []
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": unquote(parts.path),
        "raw_path": parts.path.encode(),
        "query_string": parts.query.encode(),
        "root_path": "",
        "headers": [(b"host", b"localhost")],
        "client": ("127.0.0.1", 0),
        "server": ("localhost", 80),
        "state": {},
    }

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        messages.append(message)

    await app(cast(HTTPScope, scope), receive, send)
    if (status := messages[0]["status"]) != HTTPStatus.OK:
        raise Invalid(f"{url} can't be rendered: status {status}")
    return b"".join(message.get("body", b"") for message in messages[1:])


def _make_links_relative(html: str, path: str, paths: Mapping[str, str], broken_links: set[str]) -> str:
    """Return a page whose links to pages of the site are relative; links to other pages are added to `broken_links`."""
    folder = posixpath.dirname(path)

    def replace_link(match: re.Match[str]) -> str:
        attribute, url = match[1], unescape(match[2])
        address, _, fragment = url.partition("#")
        plain, _, query = address.partition("?")
        target = paths.get(address)
        if target is None and (target := paths.get(plain)) is not None and not plain.startswith("/static/"):
            target = f"{target}?{query}" if query else target
        if target is None:
            broken_links.add(address)
            return match[0]
        relative = posixpath.relpath(target.partition("?")[0], folder or ".")
        suffix = f"?{query}" if "?" in target else ""
        return f'{attribute}="{escape(relative + suffix + (f"#{fragment}" if fragment else ""))}"'

    # Only inside tags: READMEs show code with links of its own.
    return _TAG.sub(lambda tag: _LINK.sub(replace_link, tag[0]), html)


def _read_manifest(folder: Path) -> frozenset[str]:
    """Return the files of the last build; raises `Invalid` if the folder has other files."""
    manifest = folder / MANIFEST
    try:
        if manifest.exists():
            files = frozenset(json.loads(manifest.read_text("utf-8")))
            if not all(isinstance(name, str) and _is_inside(folder, name) for name in files):
                raise Invalid(f"{manifest} names files outside of its folder. Choose another folder.")
            return files
        if folder.exists() and any(entry.name != ".git" for entry in folder.iterdir()):
            raise Invalid(f"{folder} is not empty, and no earlier build has made it. Choose another folder.")
    except (OSError, ValueError) as error:
        raise Invalid(f"{folder}: {error}") from error
    return frozenset()


def _is_inside(folder: Path, name: str) -> bool:
    return (folder / name).resolve().is_relative_to(folder.resolve())


def _write_manifest(folder: Path, files: Collection[str]) -> None:
    _write_file(folder / MANIFEST, json.dumps(sorted(files), indent=0).encode())


def _write_file(path: Path, content: bytes) -> bool:
    """Write a file if its content has changed, and return whether it has."""
    try:
        if path.exists() and path.read_bytes() == content:
            return False
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as error:
        raise Invalid(f"{path}: {error.strerror}") from error
    return True
