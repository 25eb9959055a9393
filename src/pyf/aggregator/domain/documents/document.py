"""A document as readers see it: the fields of all owners of one release, side by side.

Put two states of one project's documents together so that neither loses a release.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import UNSET, Struct, UnsetType, to_builtins
from msgspec.structs import replace

from .schema import DownloadFields, HealthFields, RegistryFields, RepositoryFields
from .version import to_order_key


class Enrichments(Struct, frozen=True, kw_only=True):
    """What the owners other than the registry have written of a project; a part that nobody has written is Unset."""

    repository: RepositoryFields | UnsetType = UNSET
    downloads: DownloadFields | UnsetType = UNSET
    health: HealthFields | UnsetType = UNSET


class Document(Struct, frozen=True, kw_only=True):
    """One release with everything known about it; a part that no step has written yet is Unset."""

    registry: RegistryFields
    repository: RepositoryFields | UnsetType = UNSET
    downloads: DownloadFields | UnsetType = UNSET
    health: HealthFields | UnsetType = UNSET

    def to_dict(self) -> dict[str, Any]:
        """Return the document flat, by field name, as it is shown and exported."""
        fields: dict[str, Any] = {}
        for part in (self.registry, self.repository, self.downloads, self.health):
            if part is not UNSET:
                fields.update(to_builtins(part))
        return fields


def merge_documents(incoming: Sequence[RegistryFields], stored: Sequence[RegistryFields]) -> tuple[RegistryFields, ...]:
    """Return the documents of both; of a version that both have, the one that was read later, `incoming` if equal.

    Where documents of both sides remain nobody has ever seen the project like that: one of them is the newest, and all
    carry the serial 0, so that the next comparison with the registry reads the project again.
    """
    stored_by_version = {document.version: document for document in stored}
    incoming_by_version = {document.version: document for document in incoming}
    merged_by_version = {
        version: _pick_later(incoming_by_version[version], stored_by_version[version])
        if version in incoming_by_version and version in stored_by_version
        else document
        for version, document in (stored_by_version | incoming_by_version).items()
    }
    for side in (incoming_by_version, stored_by_version):
        if merged_by_version == side:
            return tuple(side.values())
    newest = max(merged_by_version.values(), key=_to_rank_key).version
    return tuple(replace(d, is_newest=d.version == newest, last_serial=0) for d in merged_by_version.values())


def to_recency_key(documents: Iterable[RegistryFields]) -> tuple[int, int]:
    """Return how late a project was read, as far as its documents tell: greater is later."""
    document_list = tuple(documents)
    return max((d.last_serial for d in document_list), default=0), max(
        (d.status_checked for d in document_list), default=0
    )


def _pick_later(incoming: RegistryFields, stored: RegistryFields) -> RegistryFields:
    return stored if to_recency_key([stored]) > to_recency_key([incoming]) else incoming


def _to_rank_key(document: RegistryFields) -> tuple[object, ...]:
    return (not document.yanked, *to_order_key(document.version))


def select_newer_enrichments(incoming: Enrichments, stored: Enrichments) -> Enrichments:
    """Return those of the other owners' fields that are to be written: what is missing, and what was asked later.

    A score is computed anew from what is there, so that one that is there stays.
    """
    repository, downloads = incoming.repository, incoming.downloads
    if repository and stored.repository and (repository.github_checked or 0) <= (stored.repository.github_checked or 0):
        repository = UNSET
    if downloads and stored.downloads and (downloads.download_checked or 0) <= (stored.downloads.download_checked or 0):
        downloads = UNSET
    return Enrichments(
        repository=repository, downloads=downloads, health=incoming.health if stored.health is UNSET else UNSET
    )
