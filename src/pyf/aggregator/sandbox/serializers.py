"""Serialize projects to the registry's JSON and to its Simple API."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from html import escape

from packaging.utils import canonicalize_name

from .project import FILE_HOST, Json, Project, Release, get_upload_time, to_sort_key

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
