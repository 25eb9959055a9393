"""What the registry shows of its projects, in the shapes of its JSON and of its simple index."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from html import escape

from packaging.utils import canonicalize_name

from .project import FILE_HOST, Json, Project, Release, order, uploaded

API_VERSION = "1.4"


def project_document(project: Project) -> Json | None:
    """Return what `/pypi/<name>/json` answers; None where that is a 404."""
    newest = project.newest
    if newest is None or not project.is_shown:
        return None
    document = release_document(project, newest)
    document["releases"] = {version: list(release.files) for version, release in sorted(project.releases.items())}
    return document


def release_document(project: Project, release: Release) -> Json:
    """Return what `/pypi/<name>/<version>/json` answers."""
    roles = [{"role": role, "user": user} for role, user in project.roles]
    return {
        "info": project.info_of(release),
        "last_serial": project.last_serial,
        "ownership": {"organization": project.organization, "roles": roles},
        "urls": list(release.files),
        "vulnerabilities": project.vulnerabilities_of(release),
    }


def simple_index(projects: Iterable[Project], serial: int) -> Json:
    """Return what `/simple/` answers; quarantined projects are left out, those without releases are not."""
    return {
        "meta": {"_last-serial": serial, "api-version": API_VERSION},
        "projects": [
            {"_last-serial": project.last_serial, "name": project.name}
            for project in projects
            if project.status != "quarantined"
        ],
    }


def simple_page(project: Project) -> Json:
    """Return what `/simple/<name>/` answers: only versions that have files; nothing of a quarantined project."""
    shown = project.releases.values() if project.status != "quarantined" else ()
    releases = sorted((r for r in shown if r.files), key=lambda release: order(release.version))
    return {
        "alternate-locations": [],
        "files": [file for release in releases for file in _simple_files(project, release)],
        "meta": {"_last-serial": project.last_serial, "api-version": API_VERSION},
        "name": project.normalized_name,
        "project-status": {"status": project.status},
        "versions": [release.version for release in releases],
    }


def browse(projects: Iterable[Project], classifiers: Sequence[str]) -> list[tuple[str, str]]:
    """Return (display name, version) of every release that carries all of the classifiers, exactly.

    As in the registry's own query, classifiers are counted: naming one twice finds nothing.
    """
    wanted = set(classifiers)
    if not wanted or len(wanted) < len(classifiers):
        return []
    return sorted(
        (project.name, release.version)
        for project in projects
        for release in project.releases.values()
        if wanted.issubset(release.overrides.get("classifiers", project.info.get("classifiers")) or ())
    )


def simple_html(document: Json) -> bytes:
    """Return the index or a page as HTML (PEP 503), which is what clients get that do not ask for JSON."""
    links = [f'<a href="{escape(file["url"])}">{escape(file["filename"])}</a>' for file in document.get("files", ())]
    names = [entry["name"] for entry in document.get("projects", ())]
    links += [f'<a href="/simple/{canonicalize_name(name)}/">{escape(name)}</a>' for name in names]
    return f"<!doctype html><title>Simple index</title>{'<br>'.join(links)}".encode()


def _simple_files(project: Project, release: Release) -> Iterator[Json]:
    required = project.info_of(release).get("requires_python") or None
    yanked = (release.yanked_reason or True) if release.yanked else False
    for file in sorted(release.files, key=lambda file: str(file["filename"])):
        sha256 = (file.get("digests") or {}).get("sha256")
        core_metadata = {"sha256": sha256[::-1]} if sha256 and file.get("packagetype") == "bdist_wheel" else False
        moment = datetime.fromtimestamp(uploaded(file), UTC)
        yield {
            "core-metadata": core_metadata,
            "data-dist-info-metadata": core_metadata,
            "filename": file["filename"],
            "hashes": {"sha256": sha256} if sha256 else {},
            "provenance": None,
            "requires-python": file.get("requires_python") or required,
            "size": file.get("size"),
            "upload-time": moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "url": file.get("url") or f"{FILE_HOST}/{file['filename']}",
            "yanked": yanked,
        }
