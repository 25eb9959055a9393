"""Signs that a project was abandoned by its owners."""

import re

from msgspec import UNSET

from .signals import Signals

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
