"""A project as the sample registry keeps it: values that a change replaces and never alters.

A reader may therefore hold on to one without a lock, and what is made of it stays true for as long as it is current.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from packaging.utils import canonicalize_name, canonicalize_version
from packaging.version import InvalidVersion, Version

Json = dict[str, Any]

FILE_HOST = "https://files.pypi.example/packages"
_ENDLESS = Version("999999!0")
STATUSES = ("active", "archived", "quarantined", "deprecated")


@dataclass(frozen=True, slots=True)
class Release:
    """One release; `overrides` is what its metadata has otherwise than the project's, `created` Unix seconds or 0."""

    version: str
    created: float = 0.0
    files: tuple[Json, ...] = ()
    overrides: Mapping[str, Any] = field(default_factory=dict)
    yanked: bool = False
    yanked_reason: str | None = None


@dataclass(frozen=True, eq=False)
class Project:
    """One project; `info` is the metadata that its releases share, `roles` are (role, user) pairs."""

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
        """The release that the registry shows: not yanked first, then final before pre-release, then order."""
        return max(self.releases.values(), key=_standing, default=None)

    @cached_property
    def last_release(self) -> float:
        """When the latest of its releases was published, 0 where that is not known of any."""
        return max((release.created for release in self.releases.values()), default=0.0)

    @property
    def is_shown(self) -> bool:
        """Whether there is a document of it at all."""
        return bool(self.releases) and self.status != "quarantined"

    def release(self, version: str) -> Release | None:
        """Return a release by any spelling of its version."""
        exact = self.releases.get(version)
        if exact is not None:
            return exact
        wanted = canonicalize_version(version)
        return next((r for v, r in self.releases.items() if canonicalize_version(v) == wanted), None)

    def info_of(self, release: Release) -> Json:
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

    def vulnerabilities_of(self, release: Release) -> list[Json]:
        """Return the advisories that hold for one release."""
        return [advisory for advisory in self.vulnerabilities if _affects(advisory, release.version)]


def order(version: str) -> tuple[bool, Version, str]:
    """Return a sort key for versions; what is not PEP 440 sorts below all that is."""
    try:
        return True, Version(version), version
    except InvalidVersion:
        return False, Version("0"), version


def _standing(release: Release) -> tuple[bool, bool, tuple[bool, Version, str]]:
    key = order(release.version)
    return not release.yanked, not key[1].is_prerelease, key


def _affects(advisory: Json, version: str) -> bool:
    """Whether a version is below the fix: that of its own series (major.minor) if there is one, else the last."""
    own = order(version)
    fixes = [order(fixed) for fixed in advisory.get("fixed_in") or ()]
    series = [fix for fix in fixes if (fix[1].major, fix[1].minor) == (own[1].major, own[1].minor)]
    return own < max(series or fixes, default=(True, _ENDLESS, ""))


def project_of(document: Json) -> Project:
    """Read a project document in the shape of PyPI's JSON; the serial is 0 where it has none.

    `_status` (see `STATUSES`) and `_release_info` (version -> metadata that differs) are read where present.
    """
    info = document["info"]
    overrides = document.get("_release_info") or {}
    releases = {
        version: _release_of(version, files or (), overrides.get(version) or {}, info)
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


def _release_of(version: str, files: Iterable[Json], overrides: Mapping[str, Any], info: Mapping[str, Any]) -> Release:
    kept = tuple(files)
    withdrawn = [file for file in kept if file.get("yanked")]
    described = overrides if "yanked" in overrides else info if info.get("version") == version else {}
    return Release(
        version=version,
        created=min((uploaded(file) for file in kept), default=0.0),
        files=kept,
        overrides={key: value for key, value in overrides.items() if key not in ("yanked", "yanked_reason")},
        yanked=bool(withdrawn or described.get("yanked")),
        yanked_reason=withdrawn[0].get("yanked_reason") if withdrawn else described.get("yanked_reason"),
    )


def uploaded(file: Json) -> float:
    """Return when a file was uploaded, in Unix seconds; 0 where the document does not say."""
    text = file.get("upload_time_iso_8601") or file.get("upload_time")
    if not text:
        return 0.0
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
