"""Build a project's documents from the registry's data; the only place that fills the registry's fields."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from ..licenses import to_spdx
from ..readme.plain_text import Readme, RenderedReadme
from ..support.degrees import ReleaseEvidence, list_supported_pythons
from ..text import is_placeholder
from .project import Metadata, Project, ProjectStatus, Release
from .schema import RegistryFields
from .version import parse_version_parts, to_sortable

# Raise it whenever documents are built differently: the next fetch then rebuilds older ones.
DOCUMENT_VERSION = 5

# Releases of a project mostly have the same metadata.
_CACHE_SIZE = 256

_VERSION = re.compile(r"\d+(\.\d+)*")
_FRAMEWORK = "Framework"
_PYTHON = ("Programming Language", "Python")


class BuildContext(Struct, frozen=True, kw_only=True):
    """The values of documents that are not in the registry's response.

    Attributes:
        last_serial: 0 for a project that could not be read completely, so that it counts as older than any response.
        status_checked: When the status was last read, in Unix seconds; 0 for never.
    """

    last_serial: int
    status: ProjectStatus = ProjectStatus.ACTIVE
    status_checked: int = 0
    membership_reason: str = ""
    document_version: int = DOCUMENT_VERSION


def extract_readme(release: Release) -> Readme | None:
    """Return the README of a release, None if it has none or its metadata was not read."""
    metadata = release.metadata
    if metadata is None or not metadata.description.strip():
        return None
    return Readme(text=metadata.description, content_type=metadata.description_content_type, summary=metadata.summary)


def build_documents(
    project: Project,
    *,
    stored: Mapping[str, RegistryFields],
    rendered_readmes: Mapping[str, RenderedReadme],
    context: BuildContext,
    keep_descriptions: bool,
) -> tuple[RegistryFields, ...]:
    """Build all documents of a project.

    A release with metadata is built from it. A release without is taken from `stored` and updated, or left out.

    Args:
        stored: Stored documents by version.
        rendered_readmes: READMEs by version.
        keep_descriptions: Whether all releases keep their README, not only the newest one.
    """
    built = []
    for release in project.releases:
        if release.metadata is not None:
            built.append(
                _build_document(
                    project, release, release.metadata, rendered_readmes.get(release.version, RenderedReadme()), context
                )
            )
        elif release.version in stored:
            fields = stored[release.version]
            if not keep_descriptions and release is not project.newest_release:
                fields = replace(fields, **_build_readme_fields(RenderedReadme()))
            built.append(
                replace(
                    fields,
                    **_build_project_fields(project, release, context),
                    **_build_yanked_fields(release, fields),
                    supported_python_versions=_list_supported(release, fields.classifiers, fields.requires_python),
                )
            )
    return tuple(built)


def _build_yanked_fields(release: Release, stored: RegistryFields) -> dict[str, Any]:
    """Return the fields about yanking; for a release without files the stored ones, as its metadata was not read."""
    if not release.files:
        return {"yanked": stored.yanked, "yanked_reason": stored.yanked_reason}
    return {"yanked": release.is_yanked, "yanked_reason": release.yanked_reason}


def _build_document(
    project: Project, release: Release, metadata: Metadata, readme: RenderedReadme, context: BuildContext
) -> RegistryFields:
    version_parts = parse_version_parts(release.version)
    return RegistryFields(
        **_build_project_fields(project, release, context),
        **_build_readme_fields(readme),
        version=release.version,
        version_raw=release.version,
        version_major=version_parts.major,
        version_minor=version_parts.minor,
        version_bugfix=version_parts.bugfix,
        version_postfix=version_parts.postfix,
        version_sortable=to_sortable(release.version),
        author=metadata.author,
        author_email=metadata.author_email,
        maintainer=metadata.maintainer,
        maintainer_email=metadata.maintainer_email,
        summary=metadata.summary,
        description_content_type=metadata.description_content_type,
        license=metadata.license,
        license_expression=to_spdx(
            expression=metadata.license_expression, classifiers=metadata.classifiers, text=metadata.license
        ),
        classifiers=metadata.classifiers,
        keywords=parse_keywords(metadata.keywords),
        framework_versions=parse_framework_versions(metadata.classifiers),
        python_versions=parse_python_versions(metadata.classifiers),
        supported_python_versions=_list_supported(release, metadata.classifiers, metadata.requires_python),
        requires_dist=metadata.requires_dist,
        requires_python=metadata.requires_python,
        home_page=metadata.home_page,
        docs_url=metadata.docs_url,
        bugtrack_url=metadata.bugtrack_url,
        package_url=metadata.package_url,
        project_url=f"{metadata.project_url.rstrip('/')}/" if metadata.project_url else "",
        release_url=metadata.release_url,
        platform=metadata.platform,
        project_urls=dict(metadata.project_urls),
        yanked=release.is_yanked,
        yanked_reason=release.yanked_reason,
        vulnerabilities=release.vulnerabilities,
    )


def _build_project_fields(project: Project, release: Release, context: BuildContext) -> dict[str, Any]:
    """Return the fields that may change after publication; the project's own JSON has all of them."""
    identifier = f"{project.name}-{release.version}"
    return {
        "id": identifier,
        "identifier": identifier,
        "name": project.name,
        "name_sortable": project.name,
        "name_normalized": project.normalized_name,
        "is_newest": release is project.newest_release,
        "urls": release.files,
        "has_files": bool(release.files),
        "upload_timestamp": release.upload_timestamp,
        "maintainers": project.maintainers,
        "project_status": context.status.value,
        "status_checked": context.status_checked,
        "membership_reason": context.membership_reason,
        "last_serial": context.last_serial,
        "composed_with": context.document_version,
    }


def _list_supported(release: Release, classifiers: tuple[str, ...], requires_python: str) -> tuple[str, ...]:
    evidence = ReleaseEvidence(
        classifiers=classifiers,
        requires_python=requires_python,
        filenames=tuple(file.filename for file in release.files),
        uploaded=release.upload_timestamp,
    )
    return list_supported_pythons(evidence)


def _build_readme_fields(readme: RenderedReadme) -> dict[str, Any]:
    return {
        "description": readme.html,
        "title": readme.title,
        "first_chapter": readme.first_chapter,
        "main_content": readme.main_content,
        "changelog": readme.changelog,
    }


# The first separator that a text contains separates its keywords; commas and semicolons count alike.
_KEYWORD_SEPARATORS = (re.compile(r"[,;\n]"), re.compile(r"\s\|\s"))
_QUOTED = re.compile(r"""(?:^|(?<=[\s,\[(]))(?:"([^"]*)"|'([^']*)')(?=$|[\s,\])])""")
_KEYWORD_WRAPPERS = " \t\r\n\"'`"
_WORD = re.compile(r'"[^"]+"|\S+')
_BULLET = re.compile(r"[-*\u2022]\s+")


def parse_keywords(text: str) -> tuple[str, ...]:
    """Split published keywords; each once, in order.

    They are separated by commas, semicolons or lines, or else by white space. Quoted keywords, as in the text of a
    Python list, are kept together.
    """
    stripped = text.strip()
    is_list = stripped[:1] + stripped[-1:] in ("[]", "()")
    words = _split_keywords(stripped[1:-1] if is_list else stripped)
    cleaned = (" ".join(_BULLET.sub("", word.strip(), count=1).strip(_KEYWORD_WRAPPERS).split()) for word in words)
    return tuple(dict.fromkeys(word for word in cleaned if word and not is_placeholder(word)))


def _split_keywords(text: str) -> list[str]:
    quoted = [double or single for double, single in _QUOTED.findall(text)]
    if quoted and not _QUOTED.sub("", text).strip(",; \t\r\n"):
        return quoted
    for separator in _KEYWORD_SEPARATORS:
        if separator.search(text):
            return separator.split(text)
    return _WORD.findall(text)


@lru_cache(maxsize=_CACHE_SIZE)
def parse_framework_versions(classifiers: tuple[str, ...]) -> tuple[str, ...]:
    """Return the framework versions of classifiers, such as `Plone 6.0` for `Framework :: Plone :: 6.0`."""
    segments = (classifier.split(" :: ") for classifier in classifiers)
    return tuple(
        dict.fromkeys(
            f"{framework} {version}"
            for kind, framework, version in (s for s in segments if len(s) == 3)
            if kind == _FRAMEWORK and _VERSION.fullmatch(version)
        )
    )


@lru_cache(maxsize=_CACHE_SIZE)
def parse_python_versions(classifiers: tuple[str, ...]) -> tuple[str, ...]:
    """Return the Python versions of classifiers, such as `Python 3.12` for `Programming Language :: Python :: 3.12`."""
    segments = (classifier.split(" :: ") for classifier in classifiers)
    return tuple(
        dict.fromkeys(
            f"Python {s[2]}" for s in segments if len(s) == 3 and tuple(s[:2]) == _PYTHON and _VERSION.fullmatch(s[2])
        )
    )
