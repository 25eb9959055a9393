"""Every field of a document, declared once: name, type, owner, use and meaning.

Each owner has a struct of its own, so that a write cannot touch another owner's fields. The reference page and the
engines' schemas are generated from these declarations. `Unset` fields are absent from the stored document.
"""

from collections.abc import Iterator
from enum import StrEnum
from types import UnionType
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace

from .facets import DECLARED_PYTHON, FRAMEWORK, HEALTH, PYTHON, Facet, list_first_parts, list_last_parts
from .project import File, ProjectStatus, Vulnerability


class Owner(StrEnum):
    """The step that writes a field; no other step may."""

    REGISTRY = "registry"
    REPOSITORY = "repository"
    DOWNLOADS = "downloads"
    HEALTH = "health"
    HISTORY = "history"


class FieldUse(Struct, frozen=True):
    """The meaning and the use of a field.

    Attributes:
        weight: How much a match counts; 0 for a field that this program does not search.
        facet: Whether clients of Typesense can count the values; a `Facet` makes it a filter of this program as well.
        stem: Whether an engine with stemming finds other forms of its words.
        infix: Whether an engine may find text in the middle of its words.
    """

    meaning: str
    weight: int = 0
    facet: bool | Facet = False
    sort: bool = False
    stored_only: bool = False
    stem: bool = False
    infix: bool = False


class Field(Struct, frozen=True, kw_only=True):
    """One declared field; `kind` is the name of its type in Typesense's schema."""

    name: str
    kind: str
    owner: Owner
    optional: bool
    use: FieldUse


def _stored_only(meaning: str) -> FieldUse:
    return FieldUse(meaning, stored_only=True)


class RegistryFields(Struct, frozen=True, kw_only=True, gc=False):
    """The registry's data about one release, and values derived from it."""

    id: Annotated[str, FieldUse("`{name}-{version}`, with the project's own spelling of its name", facet=True)]
    identifier: Annotated[str, FieldUse("the same as `id`", facet=True)]
    name: Annotated[str, FieldUse("the project's own spelling of its name", weight=10, facet=True, infix=True)]
    name_sortable: Annotated[str, FieldUse("the same as `name`, to group and sort by", facet=True, sort=True)]
    name_normalized: Annotated[str, FieldUse("the PEP 503 form of the name", facet=True)]
    version: Annotated[str, FieldUse("the version as published", facet=True)]
    version_raw: Annotated[str, FieldUse("the same as `version`, to sort by its text", facet=True, sort=True)]
    version_major: Annotated[int, FieldUse("first release number, 0 where missing", sort=True)]
    version_minor: Annotated[int, FieldUse("second release number, 0 where missing", sort=True)]
    version_bugfix: Annotated[int, FieldUse("third release number, 0 where missing", sort=True)]
    version_postfix: Annotated[
        str, FieldUse('what follows the release numbers (`a2`, `.post1`), "" for none', sort=True)
    ]
    version_sortable: Annotated[
        str,
        FieldUse(
            "a key whose text order is the order of versions, stable ones above pre-releases", facet=True, sort=True
        ),
    ]
    is_newest: Annotated[
        bool,
        FieldUse(
            "whether this is the release that pip would install: with files, not yanked, stable, the highest; "
            "one per project",
            facet=True,
        ),
    ]
    author: Annotated[str, FieldUse("author as published", facet=True)]
    author_email: Annotated[str, FieldUse("the author's e-mail address as published")]
    maintainer: Annotated[str, FieldUse("maintainer as published")]
    maintainer_email: Annotated[str, FieldUse("the maintainer's e-mail address as published")]
    summary: Annotated[str, FieldUse("the one-line summary", weight=5, stem=True)]
    description: Annotated[
        str,
        FieldUse("the README as safe HTML, headings one level lower; empty for older releases by default", weight=1),
    ]
    description_content_type: Annotated[str, FieldUse("the README's content type as published")]
    title: Annotated[str | UnsetType, FieldUse("the README's first heading, as plain text", weight=4, stem=True)] = (
        UNSET
    )
    first_chapter: Annotated[
        str | UnsetType, FieldUse("summary and README up to the second heading, as plain text", weight=3, stem=True)
    ] = UNSET
    main_content: Annotated[str | UnsetType, FieldUse("the rest of the README, as plain text", weight=2)] = UNSET
    changelog: Annotated[str | UnsetType, FieldUse("the README's changelog, as plain text", weight=1)] = UNSET
    license: Annotated[str, FieldUse("the license as published", facet=True)]
    license_expression: Annotated[
        str,
        FieldUse(
            'the license as an SPDX expression, "" if it is unknown',
            facet=Facet(
                name="license",
                label="license",
                help='Only packages under this license: "MIT".',
                metavar="SPDX",
                position=40,
                list_short_forms=list_first_parts,
            ),
        ),
    ]
    classifiers: Annotated[
        tuple[str, ...],
        FieldUse(
            "trove classifiers",
            facet=Facet(
                name="classifier",
                label="classifier",
                help="Only packages with this classifier, or with one that ends like this.",
                position=110,
                list_short_forms=list_last_parts,
            ),
        ),
    ]
    keywords: Annotated[
        tuple[str, ...],
        FieldUse(
            "keywords, split on commas, semicolons or lines if there are any, else on white space",
            weight=4,
            facet=True,
        ),
    ]
    framework_versions: Annotated[
        tuple[str, ...], FieldUse("declared framework versions, such as `Plone 6.0`", facet=FRAMEWORK)
    ]
    python_versions: Annotated[
        tuple[str, ...], FieldUse("declared Python versions, such as `Python 3.12`", facet=DECLARED_PYTHON)
    ]
    requires_dist: Annotated[tuple[str, ...], FieldUse("requirements as published")]
    requires_python: Annotated[str, _stored_only("required Python versions as published")]
    home_page: Annotated[str, _stored_only("home page as published")]
    docs_url: Annotated[str, _stored_only("documentation as published")]
    bugtrack_url: Annotated[str, FieldUse("issue tracker as published")]
    package_url: Annotated[str, _stored_only("the project's page on PyPI")]
    project_url: Annotated[str, _stored_only("the project's page on PyPI, ending in a slash")]
    release_url: Annotated[str, FieldUse("the release's page on PyPI")]
    platform: Annotated[str, FieldUse("platform as published")]
    project_urls: Annotated[dict[str, str], _stored_only("label and URL of the project's links")]
    urls: Annotated[
        tuple[File, ...],
        _stored_only("files of the release: filename, url, size, packagetype, upload_time, sha256, yanked"),
    ]
    upload_timestamp: Annotated[
        int, FieldUse("upload of the release's first file; 0 for a release without files", facet=True, sort=True)
    ]
    yanked: Annotated[bool, FieldUse("whether the release is yanked", facet=True)]
    yanked_reason: Annotated[str, FieldUse("the author's reason for yanking it")]
    project_status: Annotated[
        str,
        FieldUse(
            "`active`, `archived`, `deprecated` or `quarantined`",
            facet=Facet(
                name="status",
                label="status",
                help="Only packages with this status on PyPI.",
                position=50,
                choices=tuple(status.value for status in ProjectStatus if status is not ProjectStatus.QUARANTINED),
            ),
        ),
    ]
    maintainers: Annotated[
        tuple[str, ...],
        FieldUse(
            "the project's owners and maintainers on PyPI",
            facet=Facet(
                name="maintainer",
                label="maintainer",
                help="Only packages of this PyPI user.",
                metavar="USER",
                position=60,
            ),
        ),
    ]
    vulnerabilities: Annotated[
        tuple[Vulnerability, ...], _stored_only("advisories that affect the release: id, aliases, fixed_in")
    ]
    status_checked: Annotated[
        int, _stored_only("when project status and vulnerabilities were last checked; 0 for never")
    ]
    supported_python_versions: Annotated[
        tuple[str, ...] | UnsetType,
        FieldUse(
            "Python versions that the release declares or, by `requires_python` or a wheel, admits; without those that "
            "it excludes",
            facet=PYTHON,
        ),
    ] = UNSET
    has_files: Annotated[bool, FieldUse("whether the release has files, which can be installed", facet=True)] = True
    membership_reason: Annotated[
        str,
        FieldUse(
            "why the project is in the collection: `classifier`, `requires`, `name`, `include`, or `everything` if "
            "the collection has no filter",
            facet=True,
        ),
    ] = ""
    last_serial: Annotated[
        int, _stored_only("the registry's serial that the document was read at; 0 if a part is missing")
    ]
    composed_with: Annotated[int, _stored_only("the document version: how the document was built")]


class RepositoryFields(Struct, frozen=True, kw_only=True):
    """The repository host's data about a project's source repository.

    A repository on GitHub also has each field but the host as `github_…` (`add_github_fields`).
    """

    repository_host: Annotated[
        str | UnsetType, FieldUse("the name of the repository's host, such as `github.com`", facet=True)
    ] = UNSET
    repository_url: Annotated[str | UnsetType, _stored_only("the repository's page, after renames")] = UNSET
    repository_verified: Annotated[
        bool | UnsetType, FieldUse("false if many unrelated projects link to this repository as theirs", facet=True)
    ] = UNSET
    repository_stars: Annotated[int | UnsetType, FieldUse("stars", facet=True, sort=True)] = UNSET
    repository_watchers: Annotated[int | UnsetType, FieldUse("watchers", facet=True, sort=True)] = UNSET
    repository_forks: Annotated[int | UnsetType, FieldUse("forks", facet=True, sort=True)] = UNSET
    repository_open_issues: Annotated[
        int | UnsetType, FieldUse("open issues, without pull requests", facet=True, sort=True)
    ] = UNSET
    repository_closed_issues: Annotated[
        int | UnsetType, FieldUse("closed issues, without pull requests", sort=True)
    ] = UNSET
    repository_open_pull_requests: Annotated[int | UnsetType, FieldUse("open pull requests", facet=True, sort=True)] = (
        UNSET
    )
    repository_archived: Annotated[bool | UnsetType, FieldUse("whether the repository is read-only", facet=True)] = (
        UNSET
    )
    repository_license: Annotated[
        str | UnsetType, FieldUse("the repository's license, as SPDX identifier", facet=True)
    ] = UNSET
    repository_topics: Annotated[tuple[str, ...] | UnsetType, FieldUse("the repository's topics", facet=True)] = UNSET
    repository_latest_release: Annotated[str | UnsetType, _stored_only("the tag of the latest release")] = UNSET
    repository_created: Annotated[int | UnsetType, FieldUse("when the repository was created", sort=True)] = UNSET
    repository_updated: Annotated[int | UnsetType, FieldUse("last change of the repository", facet=True, sort=True)] = (
        UNSET
    )
    repository_pushed: Annotated[int | UnsetType, FieldUse("last push to any branch", sort=True)] = UNSET
    repository_last_commit: Annotated[
        int | UnsetType, FieldUse("last commit of the main branch", facet=True, sort=True)
    ] = UNSET
    repository_checked: Annotated[int | UnsetType, FieldUse("when the repository was last requested", sort=True)] = (
        UNSET
    )


class DownloadFields(Struct, frozen=True, kw_only=True):
    """Download counts of a project."""

    download_last_day: Annotated[int | UnsetType, FieldUse("downloads of the last day", facet=True, sort=True)] = UNSET
    download_last_week: Annotated[int | UnsetType, FieldUse("downloads of the last week", facet=True, sort=True)] = (
        UNSET
    )
    download_last_month: Annotated[int | UnsetType, FieldUse("downloads of the last month", facet=True, sort=True)] = (
        UNSET
    )
    download_total: Annotated[int | UnsetType, FieldUse("all downloads, if known", facet=True, sort=True)] = UNSET
    download_history: Annotated[
        dict[str, int] | UnsetType,
        _stored_only(
            "downloads by month (`2026-01`), at most 24; of a month that was only read before its end, the last 30 days"
        ),
    ] = UNSET
    download_until: Annotated[
        int | UnsetType,
        _stored_only("start of the newest counted day; if the source does not report it, the day before reading"),
    ] = UNSET
    download_updated: Annotated[int | UnsetType, FieldUse("when the counts were read", sort=True)] = UNSET
    download_checked: Annotated[
        int | UnsetType, FieldUse("when a source was last queried, whether it knew the project or not", sort=True)
    ] = UNSET
    download_source: Annotated[
        str | UnsetType, FieldUse("the source that was last queried, as in DOWNLOADS_SOURCE", facet=True)
    ] = UNSET


class HealthFields(Struct, frozen=True, kw_only=True):
    """The health score: how safe it is to depend on a project today."""

    health_score: Annotated[int | UnsetType, FieldUse("0 to 100", facet=HEALTH, sort=True)] = UNSET
    health_score_breakdown: Annotated[
        dict[str, Any] | UnsetType, _stored_only("the score's groups, rules and reasons")
    ] = UNSET
    health_model: Annotated[str | UnsetType, FieldUse("`basic` or `full`", facet=True)] = UNSET
    health_confidence: Annotated[float | UnsetType, FieldUse("share of the weight of rules with known signals")] = UNSET


# Each field of a repository on any host, and its name on GitHub, which clients of this schema read.
GITHUB_NAMES: dict[str, str] = {
    name: name.replace("repository_", "github_", 1)
    for name in RepositoryFields.__struct_fields__
    if name != "repository_host"
}


class HistoryFields(Struct, frozen=True, kw_only=True):
    """Score, stars, downloads and newest release of a project by month; `domain/history.py` reads and writes them."""

    history: Annotated[
        str | UnsetType,
        _stored_only(
            "the first month, then for each month `;` and score, stars, downloads, the minute of the month when they "
            "last changed, and the newest release where it has changed; at most 120 months"
        ),
    ] = UNSET
    history_repository: Annotated[
        int | UnsetType, _stored_only("when the repository of the latest stars was created; 0 if unknown")
    ] = UNSET


ProjectFields = RepositoryFields | DownloadFields | HealthFields | HistoryFields

OWNERS: dict[type[Struct], Owner] = {
    RegistryFields: Owner.REGISTRY,
    RepositoryFields: Owner.REPOSITORY,
    DownloadFields: Owner.DOWNLOADS,
    HealthFields: Owner.HEALTH,
    HistoryFields: Owner.HISTORY,
}


def iter_fields() -> Iterator[Field]:
    """Yield every declared field, owner by owner, in declared order."""
    for struct, owner in OWNERS.items():
        for name, annotation in get_type_hints(struct, include_extras=True).items():
            declared, use = get_args(annotation)
            optional = get_origin(declared) is UnionType
            kind = get_args(declared)[0] if optional else declared
            yield Field(name=name, kind=_to_kind(kind), owner=owner, optional=optional, use=use)
        if struct is RepositoryFields:
            yield from _iter_github_fields()


def _iter_github_fields() -> Iterator[Field]:
    """Yield the fields of a repository on GitHub; their values are those of the fields of all hosts."""
    hints = get_type_hints(RepositoryFields, include_extras=True)
    for name, github_name in GITHUB_NAMES.items():
        declared, use = get_args(hints[name])
        meaning = f"the same as `{name}`, of a repository on GitHub"
        kind = _to_kind(get_args(declared)[0])
        yield Field(
            name=github_name, kind=kind, owner=Owner.REPOSITORY, optional=True, use=replace(use, meaning=meaning)
        )


def _to_kind(declared: Any) -> str:
    """Return the name of a declared type in Typesense's schema."""
    if get_origin(declared) is tuple:
        return f"{_to_kind(get_args(declared)[0])}[]"
    names = {str: "string", int: "int64", float: "float", bool: "bool"}
    return names.get(declared, "object")


def _collect_facets() -> dict[str, Facet]:
    facets = [
        replace(field.use.facet, owner=field.owner.value, field=field.name)
        for field in iter_fields()
        if isinstance(field.use.facet, Facet)
    ]
    return {facet.name: facet for facet in sorted(facets, key=lambda facet: (facet.position, facet.name))}


# All facets by name, in the order of pages; and those that entry points offer.
INDEXED_FACETS = _collect_facets()
FACETS = {name: facet for name, facet in INDEXED_FACETS.items() if facet.is_public}
