"""What a README offers its readers, told from its HTML and its plain text without looking at more than is needed.

Collects the facts about a project from what the index holds of it: the one place that knows where facts are.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import UNSET, Struct, UnsetType
from packaging.version import Version

from ..documents.document import Enrichments
from ..documents.project import Vulnerability
from ..documents.schema import RegistryFields, RepositoryFields
from ..documents.version import NOT_PEP_440
from .abandonment import INACTIVE_CLASSIFIER, QUARANTINED_STATUS, find_abandonment_notice
from .links import ProjectLinks, find_links
from .signals import IssueCounts, Signals

# Every pattern here takes time in proportion to the text: READMEs are written by anybody.
_BLOCK = re.compile(r"<pre\b[^>]*>(.*?)</pre>", re.DOTALL)
_TAG = re.compile(r"<[^>]*>")
_INSTALLER = r"(?:pip3?|uv pip|uv|poetry|pdm|pipx|conda|mamba|easy_install)"
_INSTALL_SECTION = re.compile(
    rf"\b(?:{_INSTALLER} (?:install|add)|easy_install)\b"
    r"|^[^\w\n]{0,9}(?:\d{1,3}[.)]? )?(?:how to |quick )?(?:install(?:ation|ing)?|set ?up)\b[^\n]{0,40}$"
    r"|\beggs ?\+?=",
    re.MULTILINE,
)
# A block that only installs is no example: each of its lines is a command of an installer, or a comment.
_INSTALL_LINE = re.compile(rf"[\s$>%]*(?:#.*|(?:sudo )?(?:\S*python\S* -m )?(?:{_INSTALLER}|apt|apt-get|brew) .*)?")
# Code in what could not be rendered, and is shown as it was written.
_PLAIN_CODE = re.compile(r"^(?:>>> |```|\.\. code|    \S)|::[ \t]*\n(?:[ \t]*\n){1,3}[ \t]+\S", re.MULTILINE)

# Nothing is looked at further than this many characters: the thresholds are far below.
_MAX_TEXT_LENGTH = 50_000


class ReadmeSignals(Struct, frozen=True, kw_only=True):
    """What was found: characters of prose, and whether there is an example in code and a word on installing."""

    prose_length: int
    has_example: bool
    has_install_section: bool


def extract_readme_signals(newest: RegistryFields) -> ReadmeSignals:
    """Look through a release's README; its changelog does not count as prose, and neither does its summary."""
    text = "\n".join(part for part in (newest.first_chapter, newest.main_content) if part is not UNSET)[
        :_MAX_TEXT_LENGTH
    ]
    html = newest.description[:_MAX_TEXT_LENGTH]
    prose_length = len(text) - (len(newest.summary) if newest.first_chapter is not UNSET else 0)
    if html.startswith("<pre>") and newest.title is UNSET:
        # It could not be rendered: where it is code nobody can say.
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
    """Tell whether a text in lower case has a word on installing; what most say is found in a fraction of the time."""
    return "pip install" in text or _INSTALL_SECTION.search(text) is not None


def _is_example(block: str) -> bool:
    return any(line.strip() and not _INSTALL_LINE.fullmatch(line) for line in block.splitlines())


_NO_REPOSITORY = RepositoryFields()

# The year 9999: what claims to be later is no date.
_MAX_TIMESTAMP = 253_370_764_800

# A summary of fewer words than this can only repeat the name.
_MIN_SUMMARY_WORDS = 3
_PLACEHOLDER_SUMMARIES = {"", "unknown", "none", "todo", "n/a"}


def extract_signals(documents: Sequence[RegistryFields], enrichments: Enrichments = Enrichments()) -> Signals:
    """Return what the documents of a project's releases, one at least, and its enrichments say of it.

    Texts are the newest release's, the only one that is sure to have kept them.
    """
    newest = max(documents, key=lambda document: (document.is_newest, document.version_sortable, document.version))
    repository = _NO_REPOSITORY if enrichments.repository is UNSET else enrichments.repository
    links, readme = find_links(newest), extract_readme_signals(newest)
    return Signals(
        has_repository=enrichments.repository is not UNSET,
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
        frameworks=_extract_frameworks(newest.classifiers),
        has_wheel=any(f.packagetype == "bdist_wheel" or f.filename.endswith(".whl") for f in newest.urls),
        last_commit=_first_known_timestamp(repository.github_last_commit, repository.github_pushed),
        issues=_extract_issues(repository),
        maintainers=len(newest.maintainers) or UNSET,
        is_repository_archived=repository.github_archived,
        advisories=tuple(v.id for v in newest.vulnerabilities if not _is_fixed(v, newest.version)),
    )


def _extract_release_signals(documents: Sequence[RegistryFields], newest: RegistryFields) -> dict[str, Any]:
    """Count what can be installed; a release that is not PEP 440 is taken for a stable one."""
    usable = [document for document in documents if document.urls and not document.yanked]
    stable = [document for document in usable if _is_stable(document)]
    considered = stable or usable or [newest]
    latest = max(considered, key=lambda document: document.upload_timestamp)
    return {
        "version": max((document.version_sortable, document.version) for document in considered)[1],
        "released": _first_known_timestamp(latest.upload_timestamp),
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
    return links.source or ("" if repository.github_url is UNSET else repository.github_url)


def _extract_summary(newest: RegistryFields) -> str:
    """Return the summary, "" for one that repeats the name or a template's words."""
    summary = " ".join(newest.summary.split())
    words = summary.casefold().strip(".")
    if words in _PLACEHOLDER_SUMMARIES or words == newest.name.casefold() or len(words.split()) < _MIN_SUMMARY_WORDS:
        return ""
    return summary


def _extract_frameworks(classifiers: Iterable[str]) -> tuple[str, ...]:
    paths = (c.split(" :: ") for c in classifiers if c.startswith("Framework :: "))
    return tuple(dict.fromkeys(segments[1] for segments in paths))


def _extract_issues(repository: RepositoryFields) -> IssueCounts | UnsetType:
    opened, closed = repository.github_open_issues, repository.github_closed_issues
    return UNSET if opened is UNSET or closed is UNSET else IssueCounts(open=opened, closed=closed)


def _first_known_timestamp(*timestamps: int | UnsetType) -> int | UnsetType:
    """Return the first that is known, and that a calendar knows: 0 stands for unknown in documents."""
    return next(
        (timestamp for timestamp in timestamps if timestamp is not UNSET and 0 < timestamp < _MAX_TIMESTAMP), UNSET
    )


def _is_fixed(advisory: Vulnerability, version: str) -> bool:
    """Tell whether a release has every fix that an advisory names; one that names none is not fixed.

    The registry lists an advisory with the releases that it covers; an older branch may have its own fix.
    """
    try:
        return bool(advisory.fixed_in) and max(map(Version, advisory.fixed_in)) <= Version(version)
    except ValueError:  # InvalidVersion is one; a number of more digits than Python reads is another.
        return False
