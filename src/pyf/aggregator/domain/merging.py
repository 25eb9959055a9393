"""Put two states of one project's documents together so that neither loses a release."""

from collections.abc import Iterable, Sequence

from msgspec import UNSET
from msgspec.structs import replace

from .document import Enrichments
from .schema import RegistryFields
from .version import order


def merged(incoming: Sequence[RegistryFields], held: Sequence[RegistryFields]) -> tuple[RegistryFields, ...]:
    """Return the documents of both; of a version that both have, the one that was read later, `incoming` if equal.

    Where documents of both sides remain nobody has ever seen the project like that: one of them is the newest, and all
    carry the serial 0, so that the next comparison with the registry reads the project again.
    """
    ours = {document.version: document for document in held}
    theirs = {document.version: document for document in incoming}
    chosen = {
        version: _later(theirs[version], ours[version]) if version in theirs and version in ours else document
        for version, document in (ours | theirs).items()
    }
    for side in (theirs, ours):
        if chosen == side:
            return tuple(side.values())
    newest = max(chosen.values(), key=_rank).version
    return tuple(replace(d, is_newest=d.version == newest, last_serial=0) for d in chosen.values())


def later_read(documents: Iterable[RegistryFields]) -> tuple[int, int]:
    """Return how late a project was read, as far as its documents tell: greater is later."""
    seen = tuple(documents)
    return max((d.last_serial for d in seen), default=0), max((d.status_checked for d in seen), default=0)


def _later(incoming: RegistryFields, held: RegistryFields) -> RegistryFields:
    return held if later_read([held]) > later_read([incoming]) else incoming


def _rank(document: RegistryFields) -> tuple[object, ...]:
    return (not document.yanked, *order(document.version))


def newer_parts(incoming: Enrichments, held: Enrichments) -> Enrichments:
    """Return those of the other owners' fields that are to be written: what is missing, and what was asked later.

    A score is computed anew from what is there, so that one that is there stays.
    """
    repository, downloads = incoming.repository, incoming.downloads
    if repository and held.repository and (repository.github_checked or 0) <= (held.repository.github_checked or 0):
        repository = UNSET
    if downloads and held.downloads and (downloads.download_checked or 0) <= (held.downloads.download_checked or 0):
        downloads = UNSET
    return Enrichments(
        repository=repository, downloads=downloads, health=incoming.health if held.health is UNSET else UNSET
    )
