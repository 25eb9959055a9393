"""Takes values as they are in PyPI's documents, where almost anything may be null, "", absent or of another type.

Metadata is what authors uploaded in twenty years. None of it may keep a project out, so what can't be used counts as
not given.

The JSON documents of projects and releases: which parts we decode, and what they mean.

The skeleton is typed and has to be there; the metadata is taken as it comes (see `values`).
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct, structs

from ...domain.documents.project import File, Metadata, Release, Vulnerability


def to_text(value: object) -> str:
    """Return a text; of a list its texts, joined by commas; "" for anything else."""
    if isinstance(value, str):
        return value
    return ", ".join(to_texts(value))


def to_texts(value: object) -> tuple[str, ...]:
    """Return the texts of a list, without the empty ones; () for anything else."""
    if not isinstance(value, list):
        return ()
    return tuple([item for item in value if isinstance(item, str) and item])


def to_text_pairs(value: object) -> tuple[tuple[str, str], ...]:
    """Return the keys and values of an object as they are ordered there, where the values are texts."""
    if not isinstance(value, dict):
        return ()
    return tuple((key, item) for key, item in value.items() if isinstance(item, str) and item)


def to_flag(value: object) -> bool:
    """Whether a value says yes: true, or the reason why."""
    return value is True or bool(to_text(value))


def to_size(value: object) -> int:
    """Return a number of bytes; 0 for what is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def to_unix_seconds(value: object) -> int:
    """Return a moment given in ISO 8601, UTC where it does not say; 0 for what is none."""
    if not isinstance(value, str):
        return 0
    try:
        moment = datetime.fromisoformat(value)
        return max(int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()), 0)
    except (ValueError, OverflowError):
        return 0


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


_TEXT_FIELDS = tuple(
    field.name for field in structs.fields(Metadata) if field.type is str and field.name != "description"
)


def parse_metadata(info: Info, value_cache: dict[Any, Any] | None = None) -> Metadata:
    """Return the metadata, with the README if the document was decoded with it.

    `repeated` collects the values of a project's releases, so that those which are alike are kept once: most releases
    say what the one before said.
    """
    intern_value = (value_cache if value_cache is not None else {}).setdefault
    text_fields = {
        field: intern_value(value, value) for field in _TEXT_FIELDS for value in (to_text(getattr(info, field)),)
    }
    classifiers, requires_dist, project_urls = (
        intern_value(value, value)
        for value in (to_texts(info.classifiers), to_texts(info.requires_dist), to_text_pairs(info.project_urls))
    )
    return Metadata(
        classifiers=classifiers,
        requires_dist=requires_dist,
        project_urls=project_urls,
        yanked=to_flag(info.yanked),
        description=to_text(getattr(info, "description", None)),
        **text_fields,
    )


def add_description(
    release: Release, document: ProjectDocument | ReleaseDocument, value_cache: dict[Any, Any] | None = None
) -> Release:
    """Return a release with what a document about it says; `repeated` as in `metadata_of`."""
    return structs.replace(
        release,
        metadata=parse_metadata(document.info, value_cache),
        yanked_reason=release.yanked_reason or to_text(document.info.yanked_reason),
        vulnerabilities=tuple(_parse_vulnerabilities(document.vulnerabilities)),
    )


def parse_releases(files_by_version: Mapping[str, list[FileEntry | None] | None]) -> dict[str, Release]:
    """Return the releases of a project by version, without metadata."""
    return {
        version: _build_release(version, [file for file in files or () if file])
        for version, files in files_by_version.items()
    }


def parse_maintainers(ownership: object) -> tuple[str, ...]:
    """Return the user names of a project's owners and maintainers, sorted."""
    roles = ownership.get("roles") if isinstance(ownership, dict) else None
    if not isinstance(roles, list):
        return ()
    return tuple(sorted({to_text(role.get("user")) for role in roles if isinstance(role, dict)} - {""}))


def _build_release(version: str, entries: Iterable[FileEntry]) -> Release:
    reasons = filter(None, (to_text(entry.yanked_reason) for entry in entries))
    return Release(version=version, files=tuple(_parse_files(entries)), yanked_reason=next(reasons, ""))


def _parse_files(entries: Iterable[FileEntry]) -> Iterable[File]:
    for entry in entries:
        if filename := to_text(entry.filename):
            digests = entry.digests if isinstance(entry.digests, dict) else {}
            yield File(
                filename=filename,
                url=to_text(entry.url),
                size=to_size(entry.size),
                packagetype=to_text(entry.packagetype),
                upload_time=to_unix_seconds(entry.upload_time_iso_8601 or entry.upload_time),
                sha256=to_text(digests.get("sha256")),
                yanked=to_flag(entry.yanked),
            )


def _parse_vulnerabilities(advisories: object) -> Iterable[Vulnerability]:
    for advisory in advisories if isinstance(advisories, list) else ():
        if isinstance(advisory, dict) and to_text(advisory.get("id")) and not advisory.get("withdrawn"):
            yield Vulnerability(
                id=to_text(advisory["id"]),
                aliases=to_texts(advisory.get("aliases")),
                fixed_in=to_texts(advisory.get("fixed_in")),
            )
