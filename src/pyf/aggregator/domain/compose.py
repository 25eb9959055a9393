"""Make a project's documents from what the registry said; the one place that fills the registry's fields."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from .licenses import spdx
from .project import Project, ProjectStatus
from .readme import Readme, Rendered
from .release import Metadata, Release
from .schema import RegistryFields
from .version import parts, sortable

# Raise it whenever documents come out differently: the next fetch then makes older ones anew.
COMPOSITION = 2

# The releases of a project mostly repeat each other's metadata: what is told from it is told once.
_REPEATED = 256

_VERSION = re.compile(r"\d+(\.\d+)*")
_FRAMEWORK = "Framework"
_PYTHON = ("Programming Language", "Python")


class Circumstances(Struct, frozen=True, kw_only=True):
    """What a project's documents say beside the registry's answer.

    `status_checked` is when the status was last looked at, in Unix seconds (0: never); `last_serial` is 0 for a
    project that could not be read whole, so that it counts as older than any answer; `member_because` is why the
    project belongs; `composition` is the version of this module's work.
    """

    last_serial: int
    status: ProjectStatus = ProjectStatus.ACTIVE
    status_checked: int = 0
    member_because: str = ""
    composition: int = COMPOSITION


def readme_of(release: Release) -> Readme | None:
    """Return the README of a release, None for one whose metadata was not read or that has none."""
    metadata = release.metadata
    if metadata is None or not metadata.description.strip():
        return None
    return Readme(text=metadata.description, content_type=metadata.description_content_type, summary=metadata.summary)


def documents(
    project: Project,
    *,
    held: Mapping[str, RegistryFields],
    rendered: Mapping[str, Rendered],
    circumstances: Circumstances,
    keep_descriptions: bool,
) -> tuple[RegistryFields, ...]:
    """Return all documents of a project.

    A release that was read is composed, with its README from `rendered` (by version). One that was not read is
    taken from `held` (by version) and brought up to date; in neither: it is left out. Unless `keep_descriptions`
    is set, only the newest release keeps its README.
    """
    made = []
    for release in project.releases:
        if release.metadata is not None:
            made.append(
                _composed(project, release, release.metadata, rendered.get(release.version, Rendered()), circumstances)
            )
        elif release.version in held:
            fields = held[release.version]
            if not keep_descriptions and release is not project.newest:
                fields = replace(fields, **_texts(Rendered()))
            made.append(replace(fields, **_current(project, release, circumstances), **_withdrawal(release, fields)))
    return tuple(made)


def _withdrawal(release: Release, held: RegistryFields) -> dict[str, Any]:
    """Of a release without files only its own metadata could tell, and that was not read again."""
    if not release.files:
        return {"yanked": held.yanked, "yanked_reason": held.yanked_reason}
    return {"yanked": release.is_yanked, "yanked_reason": release.yanked_reason}


def _composed(
    project: Project, release: Release, metadata: Metadata, readme: Rendered, circumstances: Circumstances
) -> RegistryFields:
    number = parts(release.version)
    return RegistryFields(
        **_current(project, release, circumstances),
        **_texts(readme),
        version=release.version,
        version_raw=release.version,
        version_major=number.major,
        version_minor=number.minor,
        version_bugfix=number.bugfix,
        version_postfix=number.postfix,
        version_sortable=sortable(release.version),
        author=metadata.author,
        author_email=metadata.author_email,
        maintainer=metadata.maintainer,
        maintainer_email=metadata.maintainer_email,
        summary=metadata.summary,
        description_content_type=metadata.description_content_type,
        license=metadata.license,
        license_expression=spdx(
            expression=metadata.license_expression, classifiers=metadata.classifiers, text=metadata.license
        ),
        classifiers=metadata.classifiers,
        keywords=keywords(metadata.keywords),
        framework_versions=framework_versions(metadata.classifiers),
        python_versions=python_versions(metadata.classifiers),
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


def _current(project: Project, release: Release, circumstances: Circumstances) -> dict[str, Any]:
    """Return the fields that may change after a release was published; the project's own answer tells them all."""
    identifier = f"{project.name}-{release.version}"
    return {
        "id": identifier,
        "identifier": identifier,
        "name": project.name,
        "name_sortable": project.name,
        "name_normalized": project.normalized_name,
        "is_newest": release is project.newest,
        "urls": release.files,
        "upload_timestamp": release.upload_timestamp,
        "maintainers": project.maintainers,
        "project_status": circumstances.status.value,
        "status_checked": circumstances.status_checked,
        "member_because": circumstances.member_because,
        "last_serial": circumstances.last_serial,
        "composed_with": circumstances.composition,
    }


def _texts(readme: Rendered) -> dict[str, Any]:
    return {
        "description": readme.html,
        "title": readme.title,
        "first_chapter": readme.first_chapter,
        "main_content": readme.main_content,
        "changelog": readme.changelog,
    }


def keywords(published: str) -> tuple[str, ...]:
    """Split published keywords on commas where there are any, else on white space; each once, in order."""
    words = published.split(",") if "," in published else published.split()
    return tuple(dict.fromkeys(stripped for word in words if (stripped := word.strip())))


@lru_cache(maxsize=_REPEATED)
def framework_versions(classifiers: tuple[str, ...]) -> tuple[str, ...]:
    """Return what `Framework :: Plone :: 6.0` and its like say, as `Plone 6.0`."""
    segments = (classifier.split(" :: ") for classifier in classifiers)
    return tuple(
        dict.fromkeys(
            f"{framework} {version}"
            for kind, framework, version in (s for s in segments if len(s) == 3)
            if kind == _FRAMEWORK and _VERSION.fullmatch(version)
        )
    )


@lru_cache(maxsize=_REPEATED)
def python_versions(classifiers: tuple[str, ...]) -> tuple[str, ...]:
    """Return what `Programming Language :: Python :: 3.12` and its like say, as `Python 3.12`."""
    segments = (classifier.split(" :: ") for classifier in classifiers)
    return tuple(
        dict.fromkeys(
            f"Python {s[2]}" for s in segments if len(s) == 3 and tuple(s[:2]) == _PYTHON and _VERSION.fullmatch(s[2])
        )
    )
