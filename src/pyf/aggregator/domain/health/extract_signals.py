"""Extract the signals of a project from its stored documents, signs that it was abandoned included.

The only place that knows where signals are stored.
"""

import re
from collections.abc import Sequence
from typing import Any

from msgspec import UNSET, Struct, UnsetType

from ..documents.document import Enrichments
from ..documents.project import Vulnerability
from ..documents.schema import RegistryFields, RepositoryFields
from ..documents.version import NOT_PEP_440, parse_version
from ..membership.profile import parse_frameworks
from ..text import is_placeholder
from .links import ProjectLinks, find_links
from .rules import IssueCounts, Signals

# READMEs are untrusted input: every pattern takes time in proportion to the text.
_BLOCK = re.compile(r"<pre\b[^>]*>(.*?)</pre>", re.DOTALL)
_TAG = re.compile(r"<[^>]*>")
_INSTALLER = r"(?:pip3?|uv pip|uv|poetry|pdm|pipx|conda|mamba|easy_install)"
_INSTALL_SECTION = re.compile(
    rf"\b(?:{_INSTALLER} (?:install|add)|easy_install)\b"
    r"|^[^\w\n]{0,9}(?:\d{1,3}[.)]? )?(?:how to |quick )?(?:install(?:ation|ing)?|set ?up)\b[^\n]{0,40}$"
    r"|\beggs ?\+?=",
    re.MULTILINE,
)
# A block is not an example if each line is an installer's command or a comment.
_INSTALL_LINE = re.compile(rf"[\s$>%]*(?:#.*|(?:sudo )?(?:\S*python\S* -m )?(?:{_INSTALLER}|apt|apt-get|brew) .*)?")
# Code in a README that could not be rendered and is stored as plain text.
_PLAIN_CODE = re.compile(r"^(?:>>> |```|\.\. code|    \S)|::[ \t]*\n(?:[ \t]*\n){1,3}[ \t]+\S", re.MULTILINE)

# Later text is ignored: the thresholds are far below.
_MAX_TEXT_LENGTH = 50_000


class ReadmeSignals(Struct, frozen=True, kw_only=True):
    """The signals of a README: characters of prose, example code, and installation instructions."""

    prose_length: int
    has_example: bool
    has_install_section: bool


def extract_readme_signals(newest: RegistryFields) -> ReadmeSignals:
    """Extract the signals of a release's README; changelog and summary do not count as prose."""
    text = "\n".join(part for part in (newest.first_chapter, newest.main_content) if part is not UNSET)[
        :_MAX_TEXT_LENGTH
    ]
    html = newest.description[:_MAX_TEXT_LENGTH]
    prose_length = len(text) - (len(newest.summary) if newest.first_chapter is not UNSET else 0)
    if html.startswith("<pre>") and newest.title is UNSET:
        # It could not be rendered, so that code is not marked up.
        has_example = _PLAIN_CODE.search(html.replace("&gt;", ">")) is not None
    else:
        blocks = [_TAG.sub("", block) for block in _BLOCK.findall(html)]
        prose_length -= sum(len(" ".join(block.split())) for block in blocks)
        has_example = any(_is_example(block) for block in blocks)
    return ReadmeSignals(
        prose_length=max(0, prose_length),
        has_example=has_example,
        has_install_section=_has_install_section(text.lower()),
    )


def _has_install_section(text: str) -> bool:
    """Return whether a lower-case text has installation instructions; the usual phrase is found without the pattern."""
    return "pip install" in text or _INSTALL_SECTION.search(text) is not None


def _is_example(block: str) -> bool:
    return any(line.strip() and not _INSTALL_LINE.fullmatch(line) for line in block.splitlines())


_NO_REPOSITORY = RepositoryFields()

# The year 9999, the last one of `datetime`.
_MAX_TIMESTAMP = 253_370_764_800

# A summary of fewer words than this can only repeat the name.
_MIN_SUMMARY_WORDS = 3


def extract_signals(documents: Sequence[RegistryFields], enrichments: Enrichments = Enrichments()) -> Signals:
    """Extract the signals of a project.

    Texts come from the newest release, because only its README is always stored.

    Args:
        documents: The documents of all releases, at least one.
    """
    newest = max(documents, key=lambda document: (document.is_newest, document.version_sortable, document.version))
    repository = _NO_REPOSITORY if enrichments.repository is UNSET else enrichments.repository
    links, readme = find_links(newest), extract_readme_signals(newest)
    return Signals(
        has_repository=enrichments.repository not in (UNSET, _NO_REPOSITORY),
        **_extract_release_signals(documents, newest),
        status=newest.project_status,
        is_inactive=INACTIVE_CLASSIFIER in newest.classifiers,
        abandonment_notice=_extract_abandonment_notice(newest),
        prose_length=readme.prose_length,
        has_example=readme.has_example,
        docs_link=links.docs,
        changelog="in the README" if newest.changelog is not UNSET else links.changelog,
        has_install_section=readme.has_install_section,
        license=newest.license_expression,
        license_name=_extract_license_name(newest),
        source=_extract_source(links, repository),
        summary=_extract_summary(newest),
        tracker=links.tracker,
        contact=next((text for text in (newest.author_email, newest.maintainer_email) if "@" in text), ""),
        requires_python=newest.requires_python,
        python_versions=newest.python_versions,
        framework_versions=newest.framework_versions,
        frameworks=parse_frameworks(newest.classifiers),
        has_wheel=any(f.packagetype == "bdist_wheel" or f.filename.endswith(".whl") for f in newest.urls),
        last_commit=_get_first_known_timestamp(repository.repository_last_commit, repository.repository_pushed),
        issues=_extract_issues(repository),
        maintainers=len(newest.maintainers) or UNSET,
        is_repository_archived=repository.repository_archived,
        advisories=tuple(v.id for v in newest.vulnerabilities if not _is_fixed(v, newest.version)),
    )


def _extract_release_signals(documents: Sequence[RegistryFields], newest: RegistryFields) -> dict[str, Any]:
    """Extract the signals of installable releases; a release with an invalid version counts as stable."""
    usable = [document for document in documents if document.urls and not document.yanked]
    stable = [document for document in usable if _is_stable(document)]
    considered = stable or usable or [newest]
    latest = max(considered, key=lambda document: document.upload_timestamp)
    return {
        "version": max((document.version_sortable, document.version) for document in considered)[1],
        "released_at": _get_first_known_timestamp(latest.upload_timestamp),
        "releases": len(stable),
        "bugfix_releases": sum(_is_bugfix(document) for document in stable),
        "is_prerelease_only": bool(usable) and not stable,
        "is_installable": bool(usable) and newest.project_status != QUARANTINED_STATUS,
    }


def _is_stable(document: RegistryFields) -> bool:
    return document.version_sortable.startswith("1") or document.version_sortable == NOT_PEP_440


def _is_bugfix(document: RegistryFields) -> bool:
    return document.version_bugfix > 0 or ".post" in document.version_postfix


def _extract_abandonment_notice(newest: RegistryFields) -> str:
    chapter = "" if newest.first_chapter is UNSET else newest.first_chapter
    title = "" if newest.title is UNSET else newest.title
    return find_abandonment_notice(f"{newest.summary}\n{title}\n{chapter}")


def _extract_license_name(newest: RegistryFields) -> str:
    classifiers = (c.rpartition(" :: ")[2] for c in newest.classifiers if c.startswith("License :: "))
    return (newest.license.strip().split("\n")[0] or next(classifiers, ""))[:80]


def _extract_source(links: ProjectLinks, repository: RepositoryFields) -> str:
    return links.source or ("" if repository.repository_url is UNSET else repository.repository_url)


def _extract_summary(newest: RegistryFields) -> str:
    """Return the summary, "" if it only repeats the name or a template's text."""
    summary = " ".join(newest.summary.split())
    words = summary.casefold().strip(".")
    if is_placeholder(words) or words == newest.name.casefold() or len(words.split()) < _MIN_SUMMARY_WORDS:
        return ""
    return summary


def _extract_issues(repository: RepositoryFields) -> IssueCounts | UnsetType:
    opened, closed = repository.repository_open_issues, repository.repository_closed_issues
    return UNSET if opened is UNSET or closed is UNSET else IssueCounts(open=opened, closed=closed)


def _get_first_known_timestamp(*timestamps: int | UnsetType) -> int | UnsetType:
    """Return the first known and valid timestamp; in documents 0 means unknown."""
    return next(
        (timestamp for timestamp in timestamps if timestamp is not UNSET and 0 < timestamp < _MAX_TIMESTAMP), UNSET
    )


def _is_fixed(advisory: Vulnerability, version: str) -> bool:
    """Return whether a release has every fix of an advisory; an advisory without fixes is not fixed.

    The registry lists an advisory with the releases that it affects; an older branch may have its own fix.
    """
    release = parse_version(version)
    fixes = [parse_version(fixed_in) for fixed_in in advisory.fixed_in]
    return bool(fixes) and release is not None and all(fix is not None and fix <= release for fix in fixes)


INACTIVE_CLASSIFIER = "Development Status :: 7 - Inactive"
RETIRED_STATUSES = ("archived", "deprecated")
QUARANTINED_STATUS = "quarantined"

# Matches "This package is no longer maintained", "The project has been superseded by …", "This is the last release",
# and "DEPRECATED: use …" at the start of a line; not "Deprecated decorator for functions" or "Python 2 is not
# supported".
_ABANDONED = r"""
    (?: deprecated | unmaintained | abandoned | discontinued | obsolete | superseded | retired | end[- ]of[- ]life
      | (?:renamed|moved)\ to\ (?:a\ )?new\ (?:package|project|name)
      | (?:replaced|succeeded)\ by | merged\ into
      | (?:no\ longer|not)\ (?:being\ )?(?:actively\ )?(?:maintained|developed) )
"""
_THING = r"""
    (?: package | project | library | module | repo(?:sitory)? | plug-?in | extension | add-?on | app(?:lication)?
      | product | tool | fork | backport )
"""
_NOTICE = re.compile(
    rf"""
    \b(?:this|the)\ (?:[\w.'-]+\ ){{0,2}}{_THING}
      \ (?:is|was|has\ been)(?:\ (?:now|currently|officially|considered))?\ {_ABANDONED}\b
    | \b(?:this|the)\ (?:[\w.'-]+\ ){{0,2}}{_THING}\ isn['’]t\ (?:actively\ )?(?:maintained|developed)\b
    | \b(?:is|will\ be)\ the\ (?:very\ )?(?:last|final)\ (?:version|release)\ of\ (?:this\ )?[\w.-]+
    | ^[^\w\n]*{_ABANDONED}(?=[^\w\n]*$|\s*[:.!,;)\]–—-]|\ (?:in\ favou?r|use|please|since|by)\b)
    """,
    re.VERBOSE | re.IGNORECASE | re.MULTILINE,
)
# Every notice contains one of these, and few other READMEs do: most texts skip the slow pattern.
_STEMS = (
    *("deprecat", "maintained", "developed", "abandon", "discontinu", "obsolete", "supersed", "retired", "of life"),
    *("of-life", "replaced", "succeeded", "merged", "new package", "new project", "new name", "last ", "final "),
)

# Notices are at the top of a README.
_TOP_LENGTH = 1500


def find_abandonment_notice(text: str) -> str:
    """Return the text at the top of a README that announces the end of the project, "" for none."""
    top = text[:_TOP_LENGTH]
    lowered = top.lower()
    match = _NOTICE.search(top) if any(stem in lowered for stem in _STEMS) else None
    return " ".join(match[0].split()) if match else ""


def is_abandoned(signals: Signals) -> bool:
    """Return whether PyPI, the metadata, the repository or the README marks the project as ended."""
    return (
        signals.status in (*RETIRED_STATUSES, QUARANTINED_STATUS)
        or signals.is_inactive is True
        or signals.is_repository_archived is True
        or signals.abandonment_notice not in (UNSET, "")
    )
