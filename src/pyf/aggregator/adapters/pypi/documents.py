"""JSON documents of projects and releases.

The structure is typed and required. Metadata was uploaded by authors over twenty years and may be null, "", absent or
of another type; unusable values count as missing, so that none of them excludes a project.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import Annotated, Any

from msgspec import Meta, Struct, structs

from ...domain import timestamps
from ...domain.documents.project import File, Metadata, Release, Vulnerability
from ...domain.readme.plain_text import MAX_TEXT_LENGTH as MAX_README_SIZE
from ...domain.text import is_placeholder

# Indexes store serials as signed 64-bit integers; an empty registry reports 0.
MAX_SERIAL = 2**63 - 1
Serial = Annotated[int, Meta(ge=0, le=MAX_SERIAL)]

# Characters that are kept of a text, and of all texts of a list: no author needs more, and documents of 60 MB would
# otherwise fill the memory, because hundreds of projects are held back until their READMEs are rendered.
MAX_TEXT_SIZE, MAX_LIST_SIZE = 100_000, 1_000_000
# Pairs of an object, and characters of their keys and values.
MAX_PAIRS, MAX_PAIR_SIZE = 500, 5_000


def to_text(value: object) -> str:
    """Return a text, the texts of a list joined by commas, or "" for anything else."""
    if isinstance(value, str):
        return value[:MAX_TEXT_SIZE]
    return ", ".join(to_texts(value))


def to_texts(value: object) -> tuple[str, ...]:
    """Return the non-empty texts of a list, () for anything else."""
    if not isinstance(value, list):
        return ()
    texts = tuple([item for item in value if isinstance(item, str) and item])
    return texts if sum(map(len, texts)) <= MAX_LIST_SIZE else tuple(_limit_texts(texts))


def _limit_texts(texts: Iterable[str]) -> Iterator[str]:
    size = 0
    for text in texts:
        size += len(text)
        if size > MAX_LIST_SIZE:
            return
        yield text


def to_metadata_text(value: object) -> str:
    """Return a text of authors, "" for a placeholder such as `UNKNOWN`."""
    if isinstance(value, str):
        return "" if is_placeholder(value) else value[:MAX_TEXT_SIZE]
    return ", ".join(to_metadata_texts(value))


def to_metadata_texts(value: object) -> tuple[str, ...]:
    """Return the texts of a list of authors, without placeholders."""
    return tuple([text for text in to_texts(value) if not is_placeholder(text)])


def to_keywords(value: object) -> str:
    """Return published keywords as one text; each text of a list is one keyword."""
    texts = to_metadata_texts(value)
    return "".join(f"{text}," for text in texts) if texts else to_metadata_text(value)


def to_text_pairs(value: object) -> tuple[tuple[str, str], ...]:
    """Return the items of an object whose values are texts and no placeholders, in their order."""
    if not isinstance(value, dict):
        return ()
    pairs = islice(value.items(), MAX_PAIRS)
    return tuple((key[:MAX_PAIR_SIZE], text[:MAX_PAIR_SIZE]) for key, item in pairs if (text := to_metadata_text(item)))


def to_readme(value: object) -> str:
    """Return a README, up to one character more than is rendered of it."""
    text = value if isinstance(value, str) else ", ".join(to_texts(value))
    return "" if is_placeholder(text[:MAX_TEXT_SIZE]) else text[: MAX_README_SIZE + 1]


def to_flag(value: object) -> bool:
    """Return whether a value is true or a text (the reason)."""
    return value is True or bool(to_text(value))


def to_size(value: object) -> int:
    """Return a number of bytes, 0 for anything else."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def to_unix_seconds(value: object) -> int:
    """Return an ISO 8601 date in Unix seconds, 0 for anything else."""
    if not isinstance(value, str):
        return 0
    try:
        return max(int(timestamps.to_unix_seconds(datetime.fromisoformat(value))), 0)
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
    """Metadata of a release without its README, which is most of a document's text."""

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
    """Metadata of a release."""

    description: Any = None


class ProjectDocument(Struct, frozen=True, kw_only=True):
    """Response of `/pypi/<name>/json`; `info` and `vulnerabilities` are those of the newest release.

    PyPI's documentation calls `releases` deprecated, so it may be missing.
    """

    info: InfoWithReadme
    last_serial: Serial
    releases: dict[str, list[FileEntry | None] | None] | None = None
    ownership: Any = None
    vulnerabilities: Any = None


class ReleaseDocument(Struct, frozen=True, kw_only=True):
    """Response of `/pypi/<name>/<version>/json` without the README."""

    info: Info
    vulnerabilities: Any = None


class ReleaseDocumentWithReadme(ReleaseDocument, frozen=True, kw_only=True):
    """Response of `/pypi/<name>/<version>/json` with the README."""

    info: InfoWithReadme


_TEXT_FIELDS = tuple(
    field.name for field in structs.fields(Metadata) if field.type is str and field.name != "description"
)


def parse_metadata(info: Info, value_cache: dict[Any, Any] | None = None) -> Metadata:
    """Return the metadata, with the README if the document was decoded with it.

    Args:
        value_cache: Deduplicates values over the releases of a project, most of which are equal.
    """
    intern_value = (value_cache if value_cache is not None else {}).setdefault
    text_fields = {
        field: intern_value(value, value)
        for field in _TEXT_FIELDS
        for value in ((to_keywords if field == "keywords" else to_metadata_text)(getattr(info, field)),)
    }
    classifiers, requires_dist, project_urls = (
        intern_value(value, value)
        for value in (
            to_metadata_texts(info.classifiers),
            to_metadata_texts(info.requires_dist),
            to_text_pairs(info.project_urls),
        )
    )
    return Metadata(
        classifiers=classifiers,
        requires_dist=requires_dist,
        project_urls=project_urls,
        yanked=to_flag(info.yanked),
        description=to_readme(getattr(info, "description", None)),
        **text_fields,
    )


def add_description(
    release: Release, document: ProjectDocument | ReleaseDocument, value_cache: dict[Any, Any] | None = None
) -> Release:
    """Return a release with the metadata of its document (`value_cache` as in `parse_metadata`)."""
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
