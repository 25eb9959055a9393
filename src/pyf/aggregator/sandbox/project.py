"""Projects of the fake registry: immutable values that a change replaces, and the defaults of their releases.

Readers need no lock, and a cached response stays valid as long as its project is current.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from hashlib import blake2b, sha256
from typing import Any

from packaging.utils import canonicalize_name, canonicalize_version
from packaging.version import InvalidVersion, Version

Json = dict[str, Any]

FILE_HOST = "https://files.pypi.example/packages"
_MAX_VERSION = Version("999999!0")
STATUSES = ("active", "archived", "quarantined", "deprecated")


@dataclass(frozen=True, slots=True)
class Release:
    """One release; `overrides` are the differences from the project's metadata, `created` is Unix seconds or 0."""

    version: str
    created: float = 0.0
    files: tuple[Json, ...] = ()
    overrides: Mapping[str, Any] = field(default_factory=dict)
    yanked: bool = False
    yanked_reason: str | None = None


@dataclass(frozen=True, eq=False)
class Project:
    """One project; `info` is the metadata that its releases share, `roles` are pairs of role and user."""

    name: str
    last_serial: int
    info: Mapping[str, Any]
    releases: Mapping[str, Release]
    created: float = 0.0
    roles: tuple[tuple[str, str], ...] = ()
    organization: str | None = None
    status: str = "active"
    vulnerabilities: tuple[Json, ...] = ()

    @cached_property
    def normalized_name(self) -> str:
        return canonicalize_name(self.name)

    @cached_property
    def newest(self) -> Release | None:
        """The release that the registry displays: not yanked, then stable before pre-release, then the highest."""
        return max(self.releases.values(), key=_to_release_sort_key, default=None)

    @cached_property
    def last_released_at(self) -> float:
        """The time of the latest release in Unix seconds, 0 if unknown."""
        return max((release.created for release in self.releases.values()), default=0.0)

    @property
    def is_visible(self) -> bool:
        """Whether the project has a JSON document."""
        return bool(self.releases) and self.status != "quarantined"

    def get_release(self, version: str) -> Release | None:
        """Return a release by any spelling of its version."""
        exact = self.releases.get(version)
        if exact is not None:
            return exact
        canonical_version = canonicalize_version(version)
        return next((r for v, r in self.releases.items() if canonicalize_version(v) == canonical_version), None)

    def build_info(self, release: Release) -> Json:
        """Return the metadata of one release."""
        info = {
            **self.info,
            **release.overrides,
            "name": self.name,
            "version": release.version,
            "yanked": release.yanked,
            "yanked_reason": release.yanked_reason,
        }
        if "release_url" in info:
            info["release_url"] = f"{info.get('project_url') or ''}{release.version}/"
        return info

    def get_vulnerabilities(self, release: Release) -> list[Json]:
        """Return the advisories of one release."""
        return [advisory for advisory in self.vulnerabilities if _is_affected(advisory, release.version)]


def to_sort_key(version: str) -> tuple[bool, Version, str]:
    """Return a sort key of versions; invalid versions are below all valid ones."""
    try:
        return True, Version(version), version
    except InvalidVersion:
        return False, Version("0"), version


def _to_release_sort_key(release: Release) -> tuple[bool, bool, tuple[bool, Version, str]]:
    key = to_sort_key(release.version)
    return not release.yanked, not key[1].is_prerelease, key


def _is_affected(advisory: Json, version: str) -> bool:
    """Return whether a version is below the fix of its own series (major.minor), or else below the last fix."""
    version_key = to_sort_key(version)
    fixes = [to_sort_key(fixed) for fixed in advisory.get("fixed_in") or ()]
    series = [fix for fix in fixes if (fix[1].major, fix[1].minor) == (version_key[1].major, version_key[1].minor)]
    return version_key < max(series or fixes, default=(True, _MAX_VERSION, ""))


def parse_project(document: Json) -> Project:
    """Read a project document in the format of PyPI's JSON; the serial is 0 if it has none.

    `_status` (see `STATUSES`) and `_release_info` (version -> metadata that differs) are read where present.
    """
    info = document["info"]
    overrides = document.get("_release_info") or {}
    releases = {
        version: _parse_release(version, files or (), overrides.get(version) or {}, info)
        for version, files in (document.get("releases") or {}).items()
    }
    ownership = document.get("ownership") or {}
    return Project(
        name=info["name"],
        last_serial=document.get("last_serial") or 0,
        info=info,
        releases=releases,
        created=min((r.created for r in releases.values() if r.created), default=0.0),
        roles=tuple((entry["role"], entry["user"]) for entry in ownership.get("roles") or ()),
        organization=ownership.get("organization"),
        status=document.get("_status") or "active",
        vulnerabilities=tuple(document.get("vulnerabilities") or ()),
    )


def _parse_release(
    version: str, files: Iterable[Json], overrides: Mapping[str, Any], info: Mapping[str, Any]
) -> Release:
    release_files = tuple(files)
    yanked_files = [file for file in release_files if file.get("yanked")]
    yank_info = overrides if "yanked" in overrides else info if info.get("version") == version else {}
    return Release(
        version=version,
        created=min((get_upload_time(file) for file in release_files), default=0.0),
        files=release_files,
        overrides={key: value for key, value in overrides.items() if key not in ("yanked", "yanked_reason")},
        yanked=bool(yanked_files or yank_info.get("yanked")),
        yanked_reason=yanked_files[0].get("yanked_reason") if yanked_files else yank_info.get("yanked_reason"),
    )


def get_upload_time(file: Json) -> float:
    """Return the upload time of a file in Unix seconds, 0 if unknown."""
    text = file.get("upload_time_iso_8601") or file.get("upload_time")
    if not text:
        return 0.0
    upload_time = datetime.fromisoformat(text)
    return (upload_time if upload_time.tzinfo else upload_time.replace(tzinfo=UTC)).timestamp()


SITE_URL = "https://pypi.example"


def build_empty_info(name: str, version: str) -> Json:
    """Return the `info` of a release without metadata: all keys that PyPI returns, with its empty values."""
    page = f"{SITE_URL}/project/{canonicalize_name(name)}/"
    return {
        "author": None,
        "author_email": None,
        "bugtrack_url": None,
        "classifiers": [],
        "description": "",
        "description_content_type": None,
        "docs_url": None,
        "download_url": None,
        "downloads": {"last_day": -1, "last_month": -1, "last_week": -1},
        "dynamic": None,
        "home_page": None,
        "keywords": None,
        "license": None,
        "license_expression": None,
        "license_files": None,
        "maintainer": None,
        "maintainer_email": None,
        "name": name,
        "package_url": page,
        "platform": None,
        "project_url": page,
        "project_urls": None,
        "provides_extra": None,
        "release_url": f"{page}{version}/",
        "requires_dist": None,
        "requires_python": None,
        "summary": None,
        "version": version,
        "yanked": False,
        "yanked_reason": None,
    }


def build_file(
    name: str,
    version: str,
    kind: str,
    *,
    upload_time: float,
    requires_python: str | None = None,
    python_version: str = "py3",
) -> Json:
    """Return a file in the format of PyPI's JSON; `kind` is "sdist" or "wheel", `upload_time` is in Unix seconds.

    `python_version` is the wheel's Python tag.
    """
    stem = f"{canonicalize_name(name).replace('-', '_')}-{_normalize_version(version)}"
    if kind == "sdist":
        filename, packagetype, tag = f"{stem}.tar.gz", "sdist", "source"
    elif kind == "wheel":
        filename, packagetype, tag = f"{stem}-{python_version}-none-any.whl", "bdist_wheel", python_version
    else:
        raise ValueError(f"a file is an sdist or a wheel, not {kind!r}")
    digest = sha256(filename.encode()).hexdigest()
    path = blake2b(filename.encode(), digest_size=32).hexdigest()
    uploaded_at = datetime.fromtimestamp(upload_time, UTC)
    return {
        "digests": {"blake2b_256": path, "sha256": digest},
        "filename": filename,
        "packagetype": packagetype,
        "python_version": tag,
        "requires_python": requires_python,
        "size": 4_000 + int(digest[:6], 16) % 250_000,
        "upload_time": uploaded_at.strftime("%Y-%m-%dT%H:%M:%S"),
        "upload_time_iso_8601": uploaded_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "url": f"{FILE_HOST}/{path[:2]}/{path[2:4]}/{path[4:]}/{filename}",
        "yanked": False,
        "yanked_reason": None,
    }


def _normalize_version(version: str) -> str:
    try:
        return str(Version(version))
    except InvalidVersion:
        return version
