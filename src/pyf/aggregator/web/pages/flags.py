"""What warns of a package, each as a few words: shown beside its name wherever it is named."""

from msgspec import Struct
from msgspec.structs import replace

from ...domain.search import Hit

QUARANTINED = "quarantined"
_STATUS_MEANINGS = {
    "archived": "Archived by its owners: no releases are to be expected",
    "deprecated": "Deprecated by its owners",
    QUARANTINED: "Quarantined by PyPI: it may be harmful",
}


class Flag(Struct, frozen=True, kw_only=True):
    """A warning in one or two words, what it means, and how grave it is: `grave` or `mild`."""

    word: str
    meaning: str
    severity: str = "mild"


def build_flags(hit: Hit, *, with_meanings: bool = True) -> tuple[Flag, ...]:
    """Return what warns of a package, the gravest first; where it is not explained, meanings are ""."""
    warnings = []
    status = hit.project_status
    if status in _STATUS_MEANINGS:
        warnings.append(Flag(word=status, meaning=_STATUS_MEANINGS[status], severity="grave"))
    if hit.vulnerabilities:
        advisories = "1 advisory" if hit.vulnerabilities == 1 else f"{hit.vulnerabilities} advisories"
        warnings.append(Flag(word=advisories, meaning="Known vulnerabilities of this release", severity="grave"))
    if hit.yanked:
        warnings.append(Flag(word="yanked", meaning="Its author withdrew this release", severity="grave"))
    if hit.repository_archived:
        warnings.append(Flag(word="repository archived", meaning="Its source repository is read-only"))
    if hit.is_prerelease:
        warnings.append(Flag(word="pre-release", meaning="There is no stable release"))
    if not hit.is_newest:
        warnings.append(Flag(word="older release", meaning="A newer release exists, which your filters leave out"))
    return tuple(warnings) if with_meanings else tuple(replace(flag, meaning="") for flag in warnings)
