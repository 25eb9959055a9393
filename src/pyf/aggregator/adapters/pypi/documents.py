"""The JSON documents of projects and releases: which parts we decode, and what they mean.

The skeleton is typed and has to be there; the metadata is taken as it comes (see `values`).
"""

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct, structs

from ...domain.release import File, Metadata, Release, Vulnerability
from .values import flag, size, text, text_pairs, texts, unix_seconds


class FileEntry(Struct, frozen=True):
    """One file of a release."""

    filename: Any = None
    url: Any = None
    size: Any = None
    packagetype: Any = None
    upload_time_iso_8601: Any = None
    upload_time: Any = None
    digests: Any = None
    yanked: Any = None
    yanked_reason: Any = None


class Info(Struct, frozen=True, kw_only=True):
    """A release's metadata without its README, which is most of a document's text."""

    name: str
    version: str
    author: Any = None
    author_email: Any = None
    bugtrack_url: Any = None
    classifiers: Any = None
    description_content_type: Any = None
    docs_url: Any = None
    download_url: Any = None
    home_page: Any = None
    keywords: Any = None
    license: Any = None
    license_expression: Any = None
    maintainer: Any = None
    maintainer_email: Any = None
    package_url: Any = None
    platform: Any = None
    project_url: Any = None
    project_urls: Any = None
    release_url: Any = None
    requires_dist: Any = None
    requires_python: Any = None
    summary: Any = None
    yanked: Any = None
    yanked_reason: Any = None


class InfoWithReadme(Info, frozen=True, kw_only=True):
    """A release's metadata."""

    description: Any = None


class ProjectDocument(Struct, frozen=True, kw_only=True):
    """What `/pypi/<name>/json` answers; `info` and `vulnerabilities` are those of the release it calls newest.

    `releases` may be missing one day: PyPI's documentation calls it deprecated.
    """

    info: InfoWithReadme
    last_serial: int
    releases: dict[str, list[FileEntry | None] | None] | None = None
    ownership: Any = None
    vulnerabilities: Any = None


class ReleaseDocument(Struct, frozen=True, kw_only=True):
    """What `/pypi/<name>/<version>/json` answers, with the metadata as far as it is wanted."""

    info: Info
    vulnerabilities: Any = None


class ReleaseDocumentWithReadme(ReleaseDocument, frozen=True, kw_only=True):
    """The same with the README."""

    info: InfoWithReadme


_TEXTS = tuple(field.name for field in structs.fields(Metadata) if field.type is str and field.name != "description")


def metadata_of(info: Info, repeated: dict[Any, Any] | None = None) -> Metadata:
    """Return the metadata, with the README if the document was decoded with it.

    `repeated` collects the values of a project's releases, so that those which are alike are kept once: most releases
    say what the one before said.
    """
    once = (repeated if repeated is not None else {}).setdefault
    given = {field: once(value, value) for field in _TEXTS for value in (text(getattr(info, field)),)}
    classifiers, requires_dist, project_urls = (
        once(value, value)
        for value in (texts(info.classifiers), texts(info.requires_dist), text_pairs(info.project_urls))
    )
    return Metadata(
        classifiers=classifiers,
        requires_dist=requires_dist,
        project_urls=project_urls,
        yanked=flag(info.yanked),
        description=text(getattr(info, "description", None)),
        **given,
    )


def described(
    release: Release, document: ProjectDocument | ReleaseDocument, repeated: dict[Any, Any] | None = None
) -> Release:
    """Return a release with what a document about it says; `repeated` as in `metadata_of`."""
    return structs.replace(
        release,
        metadata=metadata_of(document.info, repeated),
        yanked_reason=release.yanked_reason or text(document.info.yanked_reason),
        vulnerabilities=tuple(_vulnerabilities(document.vulnerabilities)),
    )


def releases_of(listed: Mapping[str, list[FileEntry | None] | None]) -> dict[str, Release]:
    """Return the releases of a project by version, without metadata."""
    return {version: _release(version, [file for file in files or () if file]) for version, files in listed.items()}


def maintainers_of(ownership: object) -> tuple[str, ...]:
    """Return the user names of a project's owners and maintainers, sorted."""
    roles = ownership.get("roles") if isinstance(ownership, dict) else None
    if not isinstance(roles, list):
        return ()
    return tuple(sorted({text(role.get("user")) for role in roles if isinstance(role, dict)} - {""}))


def _release(version: str, entries: Iterable[FileEntry]) -> Release:
    reasons = filter(None, (text(entry.yanked_reason) for entry in entries))
    return Release(version=version, files=tuple(_files(entries)), yanked_reason=next(reasons, ""))


def _files(entries: Iterable[FileEntry]) -> Iterable[File]:
    for entry in entries:
        if filename := text(entry.filename):
            digests = entry.digests if isinstance(entry.digests, dict) else {}
            yield File(
                filename=filename,
                url=text(entry.url),
                size=size(entry.size),
                packagetype=text(entry.packagetype),
                upload_time=unix_seconds(entry.upload_time_iso_8601 or entry.upload_time),
                sha256=text(digests.get("sha256")),
                yanked=flag(entry.yanked),
            )


def _vulnerabilities(advisories: object) -> Iterable[Vulnerability]:
    for advisory in advisories if isinstance(advisories, list) else ():
        if isinstance(advisory, dict) and text(advisory.get("id")) and not advisory.get("withdrawn"):
            yield Vulnerability(
                id=text(advisory["id"]),
                aliases=texts(advisory.get("aliases")),
                fixed_in=texts(advisory.get("fixed_in")),
            )
