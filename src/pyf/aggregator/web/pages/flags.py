"""What warns of a package, each as a few words: shown beside its name wherever it is named."""

from msgspec import Struct
from msgspec.structs import replace

from ...domain.search import Hit

QUARANTINED = "quarantined"
_STATUSES = {
    "archived": "Archived by its owners: no releases are to be expected",
    "deprecated": "Deprecated by its owners",
    QUARANTINED: "Quarantined by PyPI: it may be harmful",
}


class Flag(Struct, frozen=True, kw_only=True):
    """A warning in one or two words, what it means, and how grave it is: `grave` or `mild`."""

    word: str
    meaning: str
    weight: str = "mild"


def flags(hit: Hit, *, is_explained: bool = True) -> tuple[Flag, ...]:
    """Return what warns of a package, the gravest first; where it is not explained, meanings are ""."""
    found = []
    status = hit.project_status
    if status in _STATUSES:
        found.append(Flag(word=status, meaning=_STATUSES[status], weight="grave"))
    if hit.vulnerabilities:
        known = "1 advisory" if hit.vulnerabilities == 1 else f"{hit.vulnerabilities} advisories"
        found.append(Flag(word=known, meaning="Known vulnerabilities of this release", weight="grave"))
    if hit.yanked:
        found.append(Flag(word="yanked", meaning="Its author withdrew this release", weight="grave"))
    if hit.repository_archived:
        found.append(Flag(word="repository archived", meaning="Its source repository is read-only"))
    if hit.is_prerelease:
        found.append(Flag(word="pre-release", meaning="There is no stable release"))
    if not hit.is_newest:
        found.append(Flag(word="older release", meaning="A newer release exists, which your filters leave out"))
    return tuple(found) if is_explained else tuple(replace(flag, meaning="") for flag in found)
