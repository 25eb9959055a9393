"""Every field of a document, declared once: name, type, owner, use and meaning.

One struct holds the fields of one owner, so that a write cannot touch another owner's. The reference page is made
from these declarations, and so are the engines' schemas. `Unset` fields are absent from the stored document.
"""

from collections.abc import Iterator
from enum import StrEnum
from types import UnionType
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from msgspec import UNSET, Struct, UnsetType

from .release import File, Vulnerability


class Owner(StrEnum):
    """The one step that may write a field."""

    REGISTRY = "registry"
    REPOSITORY = "repository"
    DOWNLOADS = "downloads"
    HEALTH = "health"


class Use(Struct, frozen=True):
    """What a field means and what it is used for.

    Attributes:
        weight: How much a match in it counts; 0 for a text that this program does not search.
        stem: Whether an engine that knows stems finds other forms of its words.
        infix: Whether an engine may find what is in the middle of its words.
    """

    meaning: str
    weight: int = 0
    facet: bool = False
    sort: bool = False
    stored_only: bool = False
    stem: bool = False
    infix: bool = False


class Field(Struct, frozen=True, kw_only=True):
    """One declared field; `kind` is the type as existing clients of this schema name it."""

    name: str
    kind: str
    owner: Owner
    optional: bool
    use: Use


def _stored(meaning: str) -> Use:
    return Use(meaning, stored_only=True)


class RegistryFields(Struct, frozen=True, kw_only=True):
    """What the registry says about one release, and what follows from it."""

    id: Annotated[str, Use("`{name}-{version}`, with the project's own spelling of its name", facet=True)]
    identifier: Annotated[str, Use("the same as `id`", facet=True)]
    name: Annotated[str, Use("the project's own spelling of its name", weight=10, facet=True, infix=True)]
    name_sortable: Annotated[str, Use("the same as `name`, to group and sort by", facet=True, sort=True)]
    name_normalized: Annotated[str, Use("the PEP 503 form of the name", facet=True)]
    version: Annotated[str, Use("the version as published", facet=True)]
    version_raw: Annotated[str, Use("the same as `version`, to sort by its text", facet=True, sort=True)]
    version_major: Annotated[int, Use("first release number, 0 where missing", sort=True)]
    version_minor: Annotated[int, Use("second release number, 0 where missing", sort=True)]
    version_bugfix: Annotated[int, Use("third release number, 0 where missing", sort=True)]
    version_postfix: Annotated[str, Use('what follows the release numbers (`a2`, `.post1`), "" for none', sort=True)]
    version_sortable: Annotated[
        str,
        Use("a key whose text order is the order of versions, stable ones above pre-releases", facet=True, sort=True),
    ]
    is_newest: Annotated[bool, Use("whether this is the release that pip would install; one a project", facet=True)]
    author: Annotated[str, Use("author as published", facet=True)]
    author_email: Annotated[str, Use("the author's address as published")]
    maintainer: Annotated[str, Use("maintainer as published")]
    maintainer_email: Annotated[str, Use("the maintainer's address as published")]
    summary: Annotated[str, Use("the one-line summary", weight=5, stem=True)]
    description: Annotated[
        str, Use("the README as safe HTML, headings one level lower; empty for older releases by default", weight=1)
    ]
    description_content_type: Annotated[str, Use("the README's content type as published")]
    title: Annotated[str | UnsetType, Use("the README's first heading, as plain text", weight=4, stem=True)] = UNSET
    first_chapter: Annotated[
        str | UnsetType, Use("summary and README up to the second heading, as plain text", weight=3, stem=True)
    ] = UNSET
    main_content: Annotated[str | UnsetType, Use("the rest of the README, as plain text", weight=2)] = UNSET
    changelog: Annotated[str | UnsetType, Use("the README's changelog, as plain text", weight=1)] = UNSET
    license: Annotated[str, Use("the license as published", facet=True)]
    license_expression: Annotated[str, Use('the licence as an SPDX expression, "" where it cannot be told', facet=True)]
    classifiers: Annotated[tuple[str, ...], Use("trove classifiers", facet=True)]
    keywords: Annotated[
        tuple[str, ...], Use("keywords, split on commas where there are any, else on white space", weight=4, facet=True)
    ]
    framework_versions: Annotated[tuple[str, ...], Use("supported framework versions, such as `Plone 6.0`", facet=True)]
    python_versions: Annotated[tuple[str, ...], Use("supported Python versions, such as `Python 3.12`", facet=True)]
    requires_dist: Annotated[tuple[str, ...], Use("requirements as published")]
    requires_python: Annotated[str, _stored("required Python versions as published")]
    home_page: Annotated[str, _stored("home page as published")]
    docs_url: Annotated[str, _stored("documentation as published")]
    bugtrack_url: Annotated[str, Use("issue tracker as published")]
    package_url: Annotated[str, _stored("the project's page on PyPI")]
    project_url: Annotated[str, _stored("the project's page on PyPI, ending in a slash")]
    release_url: Annotated[str, Use("the release's page on PyPI")]
    platform: Annotated[str, Use("platform as published")]
    project_urls: Annotated[dict[str, str], _stored("label and address of the project's links")]
    urls: Annotated[
        tuple[File, ...],
        _stored("files of the release: filename, url, size, packagetype, upload_time, sha256, yanked"),
    ]
    upload_timestamp: Annotated[
        int, Use("upload of the release's first file; 0 for a release without files", facet=True, sort=True)
    ]
    yanked: Annotated[bool, Use("whether the release was withdrawn by its author", facet=True)]
    yanked_reason: Annotated[str, Use("why it was withdrawn, where the author said so")]
    project_status: Annotated[str, Use("`active`, `archived`, `deprecated` or `quarantined`", facet=True)]
    maintainers: Annotated[tuple[str, ...], Use("the project's owners and maintainers on PyPI", facet=True)]
    vulnerabilities: Annotated[
        tuple[Vulnerability, ...], _stored("advisories that cover the release: id, aliases, fixed_in")
    ]
    status_checked: Annotated[int, _stored("when project status and vulnerabilities were last looked at; 0 for never")]
    member_because: Annotated[
        str,
        Use(
            "why the project is in the collection: `classifier`, `requires`, `name`, `include`, or `everything` where "
            "no filter is set",
            facet=True,
        ),
    ] = ""
    last_serial: Annotated[
        int, _stored("the registry's serial that the document was read at; 0 where a part is missing")
    ]
    composed_with: Annotated[int, _stored("the version of the composition that made the document")]


class RepositoryFields(Struct, frozen=True, kw_only=True):
    """What the repository host says about a project's source repository."""

    github_url: Annotated[str | UnsetType, _stored("the repository's page, after renames")] = UNSET
    github_verified: Annotated[
        bool | UnsetType, Use("false where many unrelated projects name this repository as theirs", facet=True)
    ] = UNSET
    github_stars: Annotated[int | UnsetType, Use("stars", facet=True, sort=True)] = UNSET
    github_watchers: Annotated[int | UnsetType, Use("watchers", facet=True, sort=True)] = UNSET
    github_forks: Annotated[int | UnsetType, Use("forks", facet=True, sort=True)] = UNSET
    github_open_issues: Annotated[int | UnsetType, Use("open issues, without pull requests", facet=True, sort=True)] = (
        UNSET
    )
    github_closed_issues: Annotated[int | UnsetType, Use("closed issues, without pull requests", sort=True)] = UNSET
    github_open_pull_requests: Annotated[int | UnsetType, Use("open pull requests", facet=True, sort=True)] = UNSET
    github_archived: Annotated[bool | UnsetType, Use("whether the repository is read-only", facet=True)] = UNSET
    github_license: Annotated[str | UnsetType, Use("the repository's licence, as SPDX identifier", facet=True)] = UNSET
    github_topics: Annotated[tuple[str, ...] | UnsetType, Use("the repository's topics", facet=True)] = UNSET
    github_latest_release: Annotated[str | UnsetType, _stored("the tag of the latest release on GitHub")] = UNSET
    github_created: Annotated[int | UnsetType, Use("when the repository was created", sort=True)] = UNSET
    github_updated: Annotated[int | UnsetType, Use("last change of the repository", facet=True, sort=True)] = UNSET
    github_pushed: Annotated[int | UnsetType, Use("last push to any branch", sort=True)] = UNSET
    github_last_commit: Annotated[int | UnsetType, Use("last commit of the main branch", facet=True, sort=True)] = UNSET
    github_checked: Annotated[int | UnsetType, Use("when the repository was last looked for", sort=True)] = UNSET


class DownloadFields(Struct, frozen=True, kw_only=True):
    """How often a project is downloaded."""

    download_last_day: Annotated[int | UnsetType, Use("downloads of the last day", facet=True, sort=True)] = UNSET
    download_last_week: Annotated[int | UnsetType, Use("downloads of the last week", facet=True, sort=True)] = UNSET
    download_last_month: Annotated[int | UnsetType, Use("downloads of the last month", facet=True, sort=True)] = UNSET
    download_total: Annotated[int | UnsetType, Use("all downloads, where known", facet=True, sort=True)] = UNSET
    download_history: Annotated[
        dict[str, int] | UnsetType,
        _stored("downloads by month (`2026-01`), 24 at most; 30 days of a month that was seen before its end only"),
    ] = UNSET
    download_until: Annotated[
        int | UnsetType, _stored("start of the newest day that is counted; where nobody says, the day before reading")
    ] = UNSET
    download_updated: Annotated[int | UnsetType, Use("when the counts were read", sort=True)] = UNSET
    download_checked: Annotated[
        int | UnsetType, Use("when a source was last asked, whether it knew the project or not", sort=True)
    ] = UNSET
    download_source: Annotated[
        str | UnsetType, Use("the source that was last asked: `pypistats` or `clickhouse`", facet=True)
    ] = UNSET


class HealthFields(Struct, frozen=True, kw_only=True):
    """How safe it is to depend on a project today."""

    health_score: Annotated[int | UnsetType, Use("0 to 100", facet=True, sort=True)] = UNSET
    health_score_breakdown: Annotated[dict[str, Any] | UnsetType, _stored("the score's groups, rules and reasons")] = (
        UNSET
    )
    health_model: Annotated[str | UnsetType, Use("`basic` or `full`", facet=True)] = UNSET
    health_confidence: Annotated[float | UnsetType, Use("share of the rules whose facts are known")] = UNSET


ProjectFields = RepositoryFields | DownloadFields | HealthFields

OWNERS: dict[type[Struct], Owner] = {
    RegistryFields: Owner.REGISTRY,
    RepositoryFields: Owner.REPOSITORY,
    DownloadFields: Owner.DOWNLOADS,
    HealthFields: Owner.HEALTH,
}


def fields() -> Iterator[Field]:
    """Yield every declared field, owner by owner, in declared order."""
    for struct, owner in OWNERS.items():
        for name, annotation in get_type_hints(struct, include_extras=True).items():
            declared, use = get_args(annotation)
            optional = get_origin(declared) is UnionType
            kind = get_args(declared)[0] if optional else declared
            yield Field(name=name, kind=_kind(kind), owner=owner, optional=optional, use=use)


def _kind(declared: Any) -> str:
    """Return the name that clients of this schema use for a declared type."""
    if get_origin(declared) is tuple:
        return f"{_kind(get_args(declared)[0])}[]"
    names = {str: "string", int: "int64", float: "float", bool: "bool"}
    return names.get(declared, "object")
