"""A project in the sample's short form, expanded to all that PyPI would say about it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Literal

from msgspec import UNSET
from packaging.utils import canonicalize_name

from .errors import SampleDataError
from .files import build_file
from .metadata import build_empty_info
from .project import Json, parse_project
from .shortform import AdvisoryEntry, ProjectEntry, ReleaseEntry, parse_entries


def parse_yaml_projects(text: str) -> Iterator[Json]:
    """Return the documents of a text in the short form; raises `SampleError`.

    All that the text leaves open is derived from names, versions and dates: it is the same every time.
    """
    return map(_build_document, parse_entries(text))


def _build_document(project: ProjectEntry) -> Json:
    metadata = {key: value for key in _METADATA_FIELDS if (value := getattr(project, key)) is not UNSET}
    info = build_empty_info(project.name, "") | metadata
    releases: dict[str, list[Json]] = {}
    release_overrides: dict[str, Json] = {}
    upload_time = datetime.min.replace(tzinfo=UTC)
    for release in project.releases:
        if release.version in releases:
            raise SampleDataError(f"{project.name} {release.version} is there twice")
        release_overrides[release.version] = overrides = _build_overrides(release)
        upload_time = max(_parse_upload_time(project.name, release), upload_time + timedelta(minutes=1))
        releases[release.version] = _build_files(project.name, release, upload_time, {**info, **overrides})
    document = {
        "info": info,
        "last_serial": None,
        "ownership": _build_ownership(project.maintainers or []),
        "releases": releases,
        "vulnerabilities": [_build_advisory(advisory) for advisory in project.vulnerabilities or ()],
        "_status": project.status or "active",
        "_release_info": {version: overrides for version, overrides in release_overrides.items() if overrides},
    }
    newest = parse_project(document).newest
    if newest is not None:
        info |= {"version": newest.version, "release_url": f"{info['project_url']}{newest.version}/"}
    return {**document, "urls": list(newest.files) if newest else []}


_METADATA_FIELDS = tuple(
    name
    for name in ProjectEntry.__struct_fields__
    if name not in ("name", "releases", "maintainers", "status", "vulnerabilities")
)


def _build_overrides(release: ReleaseEntry) -> Json:
    fields = ("classifiers", "requires_python", "requires_dist", "license", "summary")
    overrides = {key: value for key in fields if (value := getattr(release, key)) is not UNSET}
    if release.yanked and not _get_file_kinds(release):
        overrides |= {"yanked": True, "yanked_reason": _get_yanked_reason(release)}
    return overrides


def _build_files(name: str, release: ReleaseEntry, upload_time: datetime, info: Json) -> list[Json]:
    """Return the files, uploaded three seconds one after the other."""
    files = (
        build_file(
            name,
            release.version,
            kind,
            upload_time=(upload_time + timedelta(seconds=3 * position)).timestamp(),
            requires_python=info["requires_python"],
        )
        for position, kind in enumerate(_get_file_kinds(release))
    )
    return [{**file, "yanked": bool(release.yanked), "yanked_reason": _get_yanked_reason(release)} for file in files]


def _get_file_kinds(release: ReleaseEntry) -> list[Literal["sdist", "wheel"]]:
    return ["sdist", "wheel"] if release.files is None else release.files


def _get_yanked_reason(release: ReleaseEntry) -> str | None:
    return release.yanked if isinstance(release.yanked, str) and release.yanked else None


def _parse_upload_time(name: str, release: ReleaseEntry) -> datetime:
    """Return the time of upload; where only the day is given, some time before noon."""
    try:
        upload_time = datetime.fromisoformat(release.date)
    except ValueError as error:
        raise SampleDataError(f"{name} {release.version}: {release.date!r} is no date") from error
    if len(release.date) == len("2026-01-31"):
        seed = sha256(f"{canonicalize_name(name)} {release.version}".encode()).digest()
        upload_time += timedelta(milliseconds=int.from_bytes(seed[:6]) % (12 * 3600 * 1000))
    return upload_time if upload_time.tzinfo else upload_time.replace(tzinfo=UTC)


def _build_ownership(users: list[str]) -> Json:
    roles = [{"role": "Maintainer" if position else "Owner", "user": user} for position, user in enumerate(users)]
    return {"organization": None, "roles": roles}


def _build_advisory(advisory: AdvisoryEntry) -> Json:
    return {
        "aliases": advisory.aliases,
        "details": advisory.summary or "",
        "fixed_in": advisory.fixed_in,
        "id": advisory.id,
        "link": f"https://osv.example/vulnerability/{advisory.id}",
        "source": "osv",
        "summary": advisory.summary,
        "withdrawn": None,
    }
