"""Collects the facts about a project from what the index holds of it: the one place that knows where facts are."""

from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import UNSET, UnsetType
from packaging.version import Version

from ..document import Enrichments
from ..release import Vulnerability
from ..schema import RegistryFields, RepositoryFields
from ..version import NOT_PEP_440
from .facts import Facts, Issues
from .links import Links, links_of
from .readme_evidence import readme_evidence
from .standing import INACTIVE, QUARANTINED, farewell_in

_NOBODY = RepositoryFields()

# The year 9999: what claims to be later is no date.
_END_OF_TIME = 253_370_764_800

# A summary of fewer words than this can only repeat the name.
_FEWEST_WORDS = 3
_SAY_NOTHING = {"", "unknown", "none", "todo", "n/a"}


def facts_of(documents: Sequence[RegistryFields], enrichments: Enrichments = Enrichments()) -> Facts:
    """Return what the documents of a project's releases, one at least, and its enrichments say of it.

    Texts are the newest release's, the only one that is sure to have kept them.
    """
    newest = max(documents, key=lambda document: (document.is_newest, document.version_sortable, document.version))
    repository = _NOBODY if enrichments.repository is UNSET else enrichments.repository
    links, readme = links_of(newest), readme_evidence(newest)
    return Facts(
        has_repository=enrichments.repository is not UNSET,
        **_release_facts(documents, newest),
        status=newest.project_status,
        is_inactive=INACTIVE in newest.classifiers,
        farewell=_farewell(newest),
        prose=readme.prose,
        has_example=readme.has_example,
        docs_link=links.docs,
        changelog="in the README" if newest.changelog is not UNSET else links.changelog,
        has_install_section=readme.has_install_section,
        licence=newest.license_expression,
        named_licence=_named_licence(newest),
        source=_source(links, repository),
        summary=_useful_summary(newest),
        tracker=links.tracker,
        contact=next((text for text in (newest.author_email, newest.maintainer_email) if "@" in text), ""),
        requires_python=newest.requires_python,
        python_versions=newest.python_versions,
        framework_versions=newest.framework_versions,
        frameworks=_frameworks(newest.classifiers),
        has_wheel=any(f.packagetype == "bdist_wheel" or f.filename.endswith(".whl") for f in newest.urls),
        last_commit=_first_moment(repository.github_last_commit, repository.github_pushed),
        issues=_issues(repository),
        maintainers=len(newest.maintainers) or UNSET,
        is_repository_archived=repository.github_archived,
        advisories=tuple(v.id for v in newest.vulnerabilities if not _is_fixed(v, newest.version)),
    )


def _release_facts(documents: Sequence[RegistryFields], newest: RegistryFields) -> dict[str, Any]:
    """Count what can be installed; a release that is not PEP 440 is taken for a stable one."""
    usable = [document for document in documents if document.urls and not document.yanked]
    stable = [document for document in usable if _is_stable(document)]
    considered = stable or usable or [newest]
    last = max(considered, key=lambda document: document.upload_timestamp)
    return {
        "version": max((document.version_sortable, document.version) for document in considered)[1],
        "released": _first_moment(last.upload_timestamp),
        "releases": len(stable),
        "bugfix_releases": sum(_is_bugfix(document) for document in stable),
        "is_prerelease_only": bool(usable) and not stable,
        "is_installable": bool(usable) and newest.project_status != QUARANTINED,
    }


def _is_stable(document: RegistryFields) -> bool:
    return document.version_sortable.startswith("1") or document.version_sortable == NOT_PEP_440


def _is_bugfix(document: RegistryFields) -> bool:
    return document.version_bugfix > 0 or ".post" in document.version_postfix


def _farewell(newest: RegistryFields) -> str:
    chapter = "" if newest.first_chapter is UNSET else newest.first_chapter
    title = "" if newest.title is UNSET else newest.title
    return farewell_in(f"{newest.summary}\n{title}\n{chapter}")


def _named_licence(newest: RegistryFields) -> str:
    classifiers = (c.rpartition(" :: ")[2] for c in newest.classifiers if c.startswith("License :: "))
    return (newest.license.strip().split("\n")[0] or next(classifiers, ""))[:80]


def _source(links: Links, repository: RepositoryFields) -> str:
    return links.source or ("" if repository.github_url is UNSET else repository.github_url)


def _useful_summary(newest: RegistryFields) -> str:
    """Return the summary, "" for one that repeats the name or a template's words."""
    summary = " ".join(newest.summary.split())
    words = summary.casefold().strip(".")
    if words in _SAY_NOTHING or words == newest.name.casefold() or len(words.split()) < _FEWEST_WORDS:
        return ""
    return summary


def _frameworks(classifiers: Iterable[str]) -> tuple[str, ...]:
    named = (c.split(" :: ") for c in classifiers if c.startswith("Framework :: "))
    return tuple(dict.fromkeys(segments[1] for segments in named))


def _issues(repository: RepositoryFields) -> Issues | UnsetType:
    opened, closed = repository.github_open_issues, repository.github_closed_issues
    return UNSET if opened is UNSET or closed is UNSET else Issues(open=opened, closed=closed)


def _first_moment(*moments: int | UnsetType) -> int | UnsetType:
    """Return the first that is known, and that a calendar knows: 0 stands for unknown in documents."""
    return next((moment for moment in moments if moment is not UNSET and 0 < moment < _END_OF_TIME), UNSET)


def _is_fixed(advisory: Vulnerability, version: str) -> bool:
    """Tell whether a release has every fix that an advisory names; one that names none is not fixed.

    The registry lists an advisory with the releases that it covers; an older branch may have its own fix.
    """
    try:
        return bool(advisory.fixed_in) and max(map(Version, advisory.fixed_in)) <= Version(version)
    except ValueError:  # InvalidVersion is one; a number of more digits than Python reads is another.
        return False
