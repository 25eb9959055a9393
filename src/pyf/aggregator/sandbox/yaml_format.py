"""The short YAML form of projects, and its expansion to PyPI's JSON and its Simple API."""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from html import escape
from typing import Literal

import msgspec
import yaml
from msgspec import UNSET, Struct, UnsetType
from packaging.utils import canonicalize_name

from .project import (
    FILE_HOST,
    Json,
    Project,
    Release,
    build_empty_info,
    build_file,
    get_upload_time,
    parse_project,
    to_sort_key,
)


class SampleDataError(Exception):
    """A document can't be read; the text is one line with its name and the problem."""


try:  # libyaml is five times as fast, but not available everywhere
    from yaml import CSafeLoader as SafeLoader
except ImportError:
    from yaml import SafeLoader  # type: ignore[assignment]


_Text = str | UnsetType | None
_Texts = list[str] | UnsetType | None


class AdvisoryEntry(Struct, forbid_unknown_fields=True):
    """A published vulnerability; it affects versions below the fix."""

    id: str
    aliases: list[str] = []
    fixed_in: list[str] = []
    summary: str | None = None


class ReleaseEntry(Struct, forbid_unknown_fields=True):
    """A release; unset metadata is that of the project. `yanked` is a reason or true."""

    version: str
    date: str
    yanked: str | bool | None = None
    files: list[Literal["sdist", "wheel"]] | None = None
    classifiers: _Texts = UNSET
    requires_python: _Text = UNSET
    requires_dist: _Texts = UNSET
    license: _Text = UNSET
    summary: _Text = UNSET


class ProjectEntry(Struct, forbid_unknown_fields=True):
    """A project with its releases, oldest first; unset values are PyPI's defaults, null stays null."""

    name: str
    releases: list[ReleaseEntry]
    summary: _Text = UNSET
    author: _Text = UNSET
    author_email: _Text = UNSET
    maintainer: _Text = UNSET
    maintainer_email: _Text = UNSET
    license: _Text = UNSET
    license_expression: _Text = UNSET
    keywords: _Text = UNSET
    home_page: _Text = UNSET
    docs_url: _Text = UNSET
    project_urls: dict[str, str] | UnsetType | None = UNSET
    requires_python: _Text = UNSET
    requires_dist: _Texts = UNSET
    classifiers: _Texts = UNSET
    description_content_type: _Text = msgspec.field(default=UNSET, name="content_type")
    description: _Text = msgspec.field(default=UNSET, name="readme")
    maintainers: list[str] | None = None
    status: Literal["active", "archived", "quarantined", "deprecated"] | None = None
    vulnerabilities: list[AdvisoryEntry] | None = None


class _SampleFile(Struct, forbid_unknown_fields=True):
    """A file of projects.

    Attributes:
        declared_since: The day from which on releases carry a classifier that their project has.
    """

    projects: list[ProjectEntry]
    declared_since: dict[str, str] = {}
    profile: str = ""
    note: str = ""


class _Loader(SafeLoader):
    """A loader that reads all scalars as text: versions, dates and words such as "no"."""

    yaml_implicit_resolvers = {}  # noqa: RUF012 - the name and the form are PyYAML's


_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^(?:~|null|)$"), ["~", "n", ""])
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), ["t", "f"])


def parse_entries(text: str) -> list[ProjectEntry]:
    """Parse the projects of a text in the short form; raises `SampleDataError`."""
    try:
        file = msgspec.convert(yaml.load(text, _Loader), _SampleFile)  # noqa: S506 - it is a SafeLoader
    except (yaml.YAMLError, msgspec.ValidationError) as error:
        raise SampleDataError(str(error)) from error
    for project in file.projects:
        _remove_later_classifiers(project, file.declared_since)
    return file.projects


def _remove_later_classifiers(project: ProjectEntry, declared_since: dict[str, str]) -> None:
    """Give each release the classifiers that its project could have had on its day."""
    classifiers = project.classifiers or []
    for release in project.releases:
        later = {name for name in classifiers if declared_since.get(name, "") > release.date}
        if later and release.classifiers is UNSET:
            release.classifiers = [name for name in classifiers if name not in later]


def parse_yaml_projects(text: str) -> Iterator[Json]:
    """Return the documents of a text in the short form; raises `SampleDataError`.

    Missing values are derived from names, versions and dates, so that they are the same every time.
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
    """Build the files, with upload times three seconds apart."""
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
    """Return the upload time; for a day without time, a time before noon."""
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


API_VERSION = "1.4"


def serialize_project(project: Project) -> Json | None:
    """Return the response of `/pypi/<name>/json`, None for status 404."""
    newest = project.newest
    if newest is None or not project.is_visible:
        return None
    document = serialize_release(project, newest)
    document["releases"] = {version: list(release.files) for version, release in sorted(project.releases.items())}
    return document


def serialize_release(project: Project, release: Release) -> Json:
    """Return the response of `/pypi/<name>/<version>/json`."""
    roles = [{"role": role, "user": user} for role, user in project.roles]
    return {
        "info": project.build_info(release),
        "last_serial": project.last_serial,
        "ownership": {"organization": project.organization, "roles": roles},
        "urls": list(release.files),
        "vulnerabilities": project.get_vulnerabilities(release),
    }


def serialize_simple_index(projects: Iterable[Project], serial: int) -> Json:
    """Return the response of `/simple/`, without quarantined projects, but with those without releases."""
    return {
        "meta": {"_last-serial": serial, "api-version": API_VERSION},
        "projects": [
            {"_last-serial": project.last_serial, "name": project.name}
            for project in projects
            if project.status != "quarantined"
        ],
    }


def serialize_simple_page(project: Project) -> Json:
    """Return the response of `/simple/<name>/`: only versions with files, and none of a quarantined project."""
    visible_releases = project.releases.values() if project.status != "quarantined" else ()
    releases = sorted((r for r in visible_releases if r.files), key=lambda release: to_sort_key(release.version))
    return {
        "alternate-locations": [],
        "files": [file for release in releases for file in _serialize_files(project, release)],
        "meta": {"_last-serial": project.last_serial, "api-version": API_VERSION},
        "name": project.normalized_name,
        "project-status": {"status": project.status},
        "versions": [release.version for release in releases],
    }


def find_releases(projects: Iterable[Project], classifiers: Sequence[str]) -> list[tuple[str, str]]:
    """Return display name and version of every release that has exactly these classifiers.

    As in the registry's own query, classifiers are counted: a repeated one finds nothing.
    """
    required_classifiers = set(classifiers)
    if not required_classifiers or len(required_classifiers) < len(classifiers):
        return []
    return sorted(
        (project.name, release.version)
        for project in projects
        for release in project.releases.values()
        if required_classifiers.issubset(release.overrides.get("classifiers", project.info.get("classifiers")) or ())
    )


def render_simple_html(document: Json) -> bytes:
    """Return the index or a page as HTML (PEP 503), for clients that do not accept JSON."""
    links = [f'<a href="{escape(file["url"])}">{escape(file["filename"])}</a>' for file in document.get("files", ())]
    names = [entry["name"] for entry in document.get("projects", ())]
    links += [f'<a href="/simple/{canonicalize_name(name)}/">{escape(name)}</a>' for name in names]
    return f"<!doctype html><title>Simple index</title>{'<br>'.join(links)}".encode()


def _serialize_files(project: Project, release: Release) -> Iterator[Json]:
    required = project.build_info(release).get("requires_python") or None
    yanked = (release.yanked_reason or True) if release.yanked else False
    for file in sorted(release.files, key=lambda file: str(file["filename"])):
        sha256 = (file.get("digests") or {}).get("sha256")
        core_metadata = {"sha256": sha256[::-1]} if sha256 and file.get("packagetype") == "bdist_wheel" else False
        upload_time = datetime.fromtimestamp(get_upload_time(file), UTC)
        yield {
            "core-metadata": core_metadata,
            "data-dist-info-metadata": core_metadata,
            "filename": file["filename"],
            "hashes": {"sha256": sha256} if sha256 else {},
            "provenance": None,
            "requires-python": file.get("requires_python") or required,
            "size": file.get("size"),
            "upload-time": upload_time.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "url": file.get("url") or f"{FILE_HOST}/{file['filename']}",
            "yanked": yanked,
        }
