"""A project's page of the simple index: its status, and its releases if the JSON document lacks them."""

from typing import Any

from msgspec import Struct, field
from packaging.utils import canonicalize_version

from ...domain.documents.project import File, ProjectStatus, Release
from .documents import to_flag, to_size, to_text, to_unix_seconds

ACCEPT = "application/vnd.pypi.simple.v1+json"

_PACKAGE_TYPES = {
    "sdist": "sdist",
    "wheel": "bdist_wheel",
    "egg": "bdist_egg",
    "msi": "bdist_msi",
    "wininst": "bdist_wininst",
    "rpm": "bdist_rpm",
    "dumb": "bdist_dumb",
}


class PageStatus(Struct, frozen=True):
    """Part of the page with the project's status."""

    name: str
    versions: Any = None
    project_status: Any = field(name="project-status", default=None)

    @property
    def status(self) -> ProjectStatus:
        """The project's status, active if missing (as on mirrors) or unknown."""
        status_name = self.project_status.get("status") if isinstance(self.project_status, dict) else None
        return next((status for status in ProjectStatus if status == status_name), ProjectStatus.ACTIVE)

    @property
    def is_empty(self) -> bool:
        """Whether the page explicitly lists no version; mirrors may omit the list."""
        return isinstance(self.versions, list) and not self.versions


class PageFile(Struct, frozen=True):
    """One file of a page."""

    filename: str
    url: str
    hashes: Any = None
    size: Any = None
    upload_time: Any = field(name="upload-time", default=None)
    yanked: Any = None


class PageFiles(Struct, frozen=True):
    """Part of the page with the releases."""

    name: str
    files: list[PageFile]
    versions: list[str]


def parse_page_releases(page: PageFiles) -> dict[str, Release]:
    """Return the releases of a page by version; files whose name contains none of the versions are skipped."""
    # Imported here because it takes 20 MB, and registries whose documents list releases never need it.
    from pypi_simple import UnparsableFilenameError, parse_filename

    spellings = {canonicalize_version(version): version for version in page.versions}
    files: dict[str, list[File]] = {version: [] for version in page.versions}
    yanked_reasons: dict[str, str] = {}
    for entry in page.files:
        try:
            _, version, package_type = parse_filename(entry.filename, page.name)
        except UnparsableFilenameError:
            continue
        spelling = spellings.get(canonicalize_version(version))
        if spelling is not None:
            files[spelling].append(_build_file(entry, _PACKAGE_TYPES[package_type]))
            if reason := to_text(entry.yanked):
                yanked_reasons.setdefault(spelling, reason)
    return {
        version: Release(version=version, files=tuple(files[version]), yanked_reason=yanked_reasons.get(version, ""))
        for version in page.versions
    }


def _build_file(entry: PageFile, packagetype: str) -> File:
    hashes = entry.hashes if isinstance(entry.hashes, dict) else {}
    return File(
        filename=entry.filename,
        url=entry.url,
        size=to_size(entry.size),
        packagetype=packagetype,
        upload_time=to_unix_seconds(entry.upload_time),
        sha256=to_text(hashes.get("sha256")),
        yanked=to_flag(entry.yanked),
    )
